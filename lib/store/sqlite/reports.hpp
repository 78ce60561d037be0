#pragma once

#include "lib/store/reports.hpp"
#include "lib/store/sqlite/readers.hpp"

namespace nufi::store::sqlite {

class SqliteReports final : public Reports {
 public:
  explicit SqliteReports(Readers& readers) : readers_(readers) {}
  UsageSums usage(const UsageQuestion& question) override;
  std::vector<domain::LedgerRow> requests(const RequestFilter& filter) override;

 private:
  Readers& readers_;
};

}  // namespace nufi::store::sqlite
