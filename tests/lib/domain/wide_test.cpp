#include "lib/domain/wide.hpp"

#include <doctest/doctest.h>

using namespace nufi::domain;

TEST_CASE("wide: arithmetic stops at the maximum") {
  CHECK((add(kWidest, 1) == kWidest));
  CHECK((add(kWidest - 1, 1) == kWidest));
  CHECK((add(2, 3) == 5));
  CHECK((multiply(kWidest, 2) == kWidest));
  CHECK((multiply(Wide{1} << 64U, Wide{1} << 64U) == kWidest));
  CHECK((multiply(Wide{1} << 64U, Wide{1} << 63U) == Wide{1} << 127U));
  CHECK((multiply(kWidest, 0) == 0));
}

TEST_CASE("wide: division rounds up") {
  CHECK((divide_up(0, 10) == 0));
  CHECK((divide_up(1, 10) == 1));
  CHECK((divide_up(10, 10) == 1));
  CHECK((divide_up(11, 10) == 2));
  CHECK((divide_up(kWidest, 1) == kWidest));
}

TEST_CASE("wide: the way back to 64 bits is cut, never wrapped") {
  CHECK(narrow(kWidest) == INT64_MAX);
  CHECK(narrow(widen(INT64_MAX)) == INT64_MAX);
  CHECK(narrow(widen(INT64_MAX) + 1) == INT64_MAX);
  CHECK(narrow(widen(-5)) == 0);
}
