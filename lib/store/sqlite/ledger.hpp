#pragma once

#include "lib/store/ledger_store.hpp"
#include "lib/store/sqlite/readers.hpp"

namespace nufi::store::sqlite {

class SqliteLedger final : public LedgerStore {
 public:
  /// `writer` is the ledger's own: only its writer thread comes through here.
  SqliteLedger(Connection& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  void apply(const LedgerBatch& batch) override;
  LedgerState load(Timestamp now) override;
  Corrected correct(const std::vector<Correction>& corrections, const AuditEntry* audit) override;
  std::int64_t spent_between(domain::Scope scope,
                             const std::string& subject,
                             domain::Metric metric,
                             Timestamp from,
                             Timestamp to) override;
  VerifyReport verify() override;

 private:
  void write(const LedgerBatch& batch);

  Connection& writer_;
  Readers& readers_;
};

}  // namespace nufi::store::sqlite
