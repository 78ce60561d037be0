#pragma once

#include "lib/store/ledger_store.hpp"
#include "lib/store/sqlite/readers.hpp"

#include <string_view>
#include <vector>

namespace nufi::store::sqlite {

/// Deletes them, by window and start of the cycle.
void drop_windows(Connection& connection, const std::vector<WindowAmount>& windows);

/// "scope, subject, metric, period, cycle_start, cycle_end, spent" of table `windows`.
inline constexpr std::string_view kWindowColumns =
    "scope, subject, metric, period, cycle_start, cycle_end, spent";
WindowAmount read_window(Query& row);

class SqliteLedger final : public LedgerStore {
 public:
  /// `writer` is the ledger's own: only its writer thread comes through here. Retention is the
  /// control plane's and uses `control`.
  SqliteLedger(Connection& writer, Writer& control, Readers& readers)
      : writer_(writer), control_(control), readers_(readers) {}
  void apply(const LedgerBatch& batch) override;
  LedgerState load(Timestamp now) override;
  Corrected correct(const std::vector<Correction>& corrections, const AuditEntry* audit) override;
  std::int64_t spent_between(domain::Scope scope,
                             const std::string& subject,
                             domain::Metric metric,
                             Timestamp from,
                             Timestamp to) override;
  std::int64_t forgiven_between(domain::Scope scope,
                                const std::string& subject,
                                domain::Metric metric,
                                Timestamp from,
                                Timestamp to) override;
  VerifyReport verify() override;
  std::vector<domain::RequestId> open_rows() override;
  Retired retire(Timestamp before, std::chrono::milliseconds patience) override;
  std::optional<StoredResponse> find_response(const std::string& id) override;
  void forget_response(const std::string& id) override;
  std::int64_t retire_responses(Timestamp before) override;
  Timestamp clock_trusted_at() override;
  void trust_clock(Timestamp now) override;

 private:
  void write(const LedgerBatch& batch);

  Connection& writer_;
  Writer& control_;
  Readers& readers_;
};

}  // namespace nufi::store::sqlite
