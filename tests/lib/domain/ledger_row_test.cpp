#include "lib/domain/ledger_row.hpp"

#include <doctest/doctest.h>

using namespace nufi::domain;

TEST_CASE("ledger row: every status and basis survives the way through its name") {
  for (int i = 0; i <= static_cast<int>(RowStatus::interrupted); ++i) {
    const auto status = static_cast<RowStatus>(i);
    CHECK_FALSE(row_status_name(status).empty());
    CHECK(row_status_from_name(row_status_name(status)) == status);
  }
  for (int i = 0; i <= static_cast<int>(CostBasis::none); ++i) {
    const auto basis = static_cast<CostBasis>(i);
    CHECK_FALSE(cost_basis_name(basis).empty());
    CHECK(cost_basis_from_name(cost_basis_name(basis)) == basis);
  }
  CHECK_FALSE(row_status_from_name("").has_value());
  CHECK_FALSE(cost_basis_from_name("guessed").has_value());
}
