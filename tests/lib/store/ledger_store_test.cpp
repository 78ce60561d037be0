#include "lib/store/ledger_store.hpp"

#include <doctest/doctest.h>

namespace nufi::store {

TEST_CASE("rollup: sums add up member by member") {
  RollupSums sums{1, 2, 3, domain::Money::nanos(4), domain::Money::nanos(5), {}};
  sums.usage[domain::Bucket::image_output] = 6;

  sums += sums;

  RollupSums doubled{2, 4, 6, domain::Money::nanos(8), domain::Money::nanos(10), {}};
  doubled.usage[domain::Bucket::image_output] = 12;
  CHECK(sums == doubled);
}

}  // namespace nufi::store
