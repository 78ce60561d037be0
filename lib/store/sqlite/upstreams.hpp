#pragma once

#include "lib/store/sqlite/readers.hpp"
#include "lib/store/upstreams.hpp"

namespace nufi::store::sqlite {

class SqliteUpstreams final : public Upstreams {
 public:
  SqliteUpstreams(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  void insert(const domain::Upstream& upstream, const AuditEntry& audit) override;
  void update(const domain::Upstream& upstream, const AuditEntry& audit) override;
  void remove(const domain::UpstreamId& id, const AuditEntry& audit) override;
  std::vector<domain::Upstream> list() override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace nufi::store::sqlite
