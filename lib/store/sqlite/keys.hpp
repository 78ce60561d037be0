#pragma once

#include "lib/store/keys.hpp"
#include "lib/store/sqlite/readers.hpp"

namespace nufi::store::sqlite {

class SqliteKeys final : public Keys {
 public:
  SqliteKeys(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  void insert(const domain::Key& key, const AuditEntry& audit) override;
  void update(const domain::Key& key, const AuditEntry& audit) override;
  void update_all(const std::vector<domain::Key>& keys,
                  const std::vector<AuditEntry>& audits) override;
  void remove(const domain::KeyId& id, const AuditEntry& audit) override;
  std::optional<domain::Key> by_id(const domain::KeyId& id) override;
  std::vector<domain::Key> matching(const std::optional<domain::AccountId>& account,
                                    std::string_view word) override;
  std::map<domain::KeyId, std::string> names(const std::vector<domain::KeyId>& ids) override;
  std::optional<RemovedKey> removed(const std::optional<domain::AccountId>& account,
                                    std::string_view word) override;
  std::vector<domain::Key> list(const KeyFilter& filter) override;
  std::vector<domain::Key> children(const domain::KeyId& parent) override;
  std::vector<domain::Key> leased() override;
  void renew_leases(const std::vector<domain::Key>& keys) override;
  std::int64_t count_live(const std::optional<domain::AccountId>& account, Timestamp now) override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace nufi::store::sqlite
