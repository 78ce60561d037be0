#pragma once

#include "lib/store/reports.hpp"
#include "lib/store/sqlite/readers.hpp"

namespace nufi::store::sqlite {

class SqliteReports final : public Reports {
 public:
  explicit SqliteReports(Readers& readers) : readers_(readers) {}
  std::vector<NamedSums> usage_by(const UsageFilter& filter, GroupBy by) override;
  std::vector<TimedSums> usage_over_time(const UsageFilter& filter) override;
  std::vector<domain::LedgerRow> requests(const RequestFilter& filter) override;

 private:
  Readers& readers_;
};

}  // namespace nufi::store::sqlite
