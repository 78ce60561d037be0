#pragma once

#include "lib/store/audit.hpp"
#include "lib/store/sqlite/readers.hpp"

namespace nufi::store::sqlite {

/// Writes `entry` in the transaction that is open.
void record(Connection& connection, const AuditEntry& entry);

class SqliteAuditLog final : public AuditLog {
 public:
  explicit SqliteAuditLog(Readers& readers) : readers_(readers) {}
  std::vector<AuditEntry> newest(std::int64_t limit, std::int64_t before) override;

 private:
  Readers& readers_;
};

}  // namespace nufi::store::sqlite
