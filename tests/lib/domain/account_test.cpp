#include "lib/domain/account.hpp"

#include <doctest/doctest.h>

namespace nufi::domain {

TEST_CASE("account: a multiplier is above 0, at most 1000, and exact to a millionth") {
  CHECK(parse_multiplier("1.5") == 1'500'000);
  CHECK(parse_multiplier("1") == kMultiplierOne);
  CHECK(parse_multiplier("0.000001") == 1);
  CHECK(parse_multiplier("1000") == kMostMultiplier);
  for (const char* wrong : {"0", "1000.000001", "0.0000001", "-1", "x1.5", "", "nan", "1,5"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_multiplier(wrong));
  }
}

TEST_CASE("account: a multiplier reads back as it was written") {
  for (const char* text : {"1", "1.5", "0.000001", "1000", "0.25"}) {
    CAPTURE(text);
    CHECK(format_multiplier(*parse_multiplier(text)) == text);
  }
}

}  // namespace nufi::domain
