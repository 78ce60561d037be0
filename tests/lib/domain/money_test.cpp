#include "lib/domain/money.hpp"

#include "lib/base/error.hpp"
#include "tests/lib/domain/random_values.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::domain;

TEST_CASE("money: sums and differences are checked") {
  CHECK(Money::nanos(2) + Money::nanos(3) == Money::nanos(5));
  CHECK(Money::nanos(2) - Money::nanos(3) == Money::nanos(-1));
  CHECK(Money::max() + Money::zero() == Money::max());
  CHECK_THROWS_AS(Money::max() + Money::nanos(1), Error);
  CHECK_THROWS_AS(Money::nanos(INT64_MIN) - Money::nanos(1), Error);
  CHECK_THROWS_AS(Money::zero() - Money::nanos(INT64_MIN), Error);
  Money sum = Money::nanos(1);
  sum += Money::nanos(4);
  sum -= Money::nanos(2);
  CHECK(sum == Money::nanos(3));
}

TEST_CASE("money: amounts in usd are read exactly") {
  CHECK(parse_usd("5") == Money::nanos(5'000'000'000));
  CHECK(parse_usd("0.25") == Money::nanos(250'000'000));
  CHECK(parse_usd(".5") == Money::nanos(500'000'000));
  CHECK(parse_usd("1e-7") == Money::nanos(100));
  CHECK(parse_usd("1E-9") == Money::nanos(1));
  CHECK(parse_usd("1.25e-06") == Money::nanos(1250));
  CHECK(parse_usd("2.5e+3") == Money::nanos(2'500'000'000'000));
  CHECK(parse_usd("10e-10") == Money::nanos(1));
  CHECK(parse_usd("0.000000001") == Money::nanos(1));
  CHECK(parse_usd("0") == Money::zero());
  CHECK(parse_usd("0.0") == Money::zero());
  CHECK(parse_usd("0e99") == Money::zero());
  CHECK(parse_usd("007") == Money::nanos(7'000'000'000));
  CHECK(parse_usd("8999999999.999999999") == Money::nanos(8'999'999'999'999'999'999));
}

TEST_CASE("money: what is no amount is refused") {
  for (const char* text : {"",
                           ".",
                           "5.",
                           "-1",
                           "-0",
                           "+5",
                           " 5",
                           "5 ",
                           "$5",
                           "5USD",
                           "nan",
                           "inf",
                           "1,000",
                           "0x10",
                           "1e",
                           "1e-",
                           "e5",
                           "1e100",
                           "1e-10",
                           "1.5e-9",
                           "0.0000000001",
                           "1.0000000000",
                           "1.2.3",
                           "9000000000",
                           "9e9",
                           "1e99",
                           "99999999999999999999999999999999999999999999",
                           "5\n",
                           "1e999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_usd(text).has_value());
  }
}

TEST_CASE("money: amounts are written without padding") {
  CHECK(format_usd(Money::zero()) == "0");
  CHECK(format_usd(Money::nanos(5'000'000'000)) == "5");
  CHECK(format_usd(Money::nanos(250'000'000)) == "0.25");
  CHECK(format_usd(Money::nanos(1)) == "0.000000001");
  CHECK(format_usd(Money::nanos(-1'500'000'000)) == "-1.5");
  CHECK(format_usd(Money::nanos(100'000'000'000)) == "100");
  CHECK(format_usd(Money::max()) == "9223372036.854775807");
  CHECK(format_usd(Money::nanos(INT64_MIN)) == "-9223372036.854775808");
}

TEST_CASE("money: any amount survives the way through text") {
  RandomValues random(3);
  for (int i = 0; i < 20'000; ++i) {
    const Money amount = Money::nanos(random.of_any_size() % 9'000'000'000'000'000'000);
    REQUIRE(parse_usd(format_usd(amount)) == amount);
  }
}
