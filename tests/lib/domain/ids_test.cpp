#include "lib/domain/ids.hpp"

#include "tests/lib/domain/random_values.hpp"

#include <doctest/doctest.h>

using namespace nufi::domain;

TEST_CASE("ids: ids of different things are different types with their own prefix") {
  static_assert(!std::is_convertible_v<KeyId, ProjectId>);
  CHECK(KeyId::random().text().starts_with("key_"));
  CHECK(AccountId::random().text().starts_with("acct_"));
}

TEST_CASE("ids: a request id survives the way through text and sorts like its value") {
  RandomValues random(4);
  for (int i = 0; i < 5'000; ++i) {
    const RequestId a{random.of_any_size()};
    const RequestId b{random.of_any_size()};
    REQUIRE(a.text().size() == 15);
    REQUIRE(RequestId::parse(a.text()) == a);
    REQUIRE((a.text() < b.text()) == (a < b));
  }
  CHECK(RequestId{0}.text() == "req_00000000000");
  CHECK(RequestId::parse(RequestId{INT64_MAX}.text()).value == INT64_MAX);
}

TEST_CASE("ids: what is no request id is 0") {
  for (const char* text : {"",
                           "req_",
                           "req_0000000000",
                           "req_000000000001",
                           "key_00000000001",
                           "req_0000000000-",
                           "req_zzzzzzzzzzz",
                           "req_AzL8n0Y58m8"}) {
    CAPTURE(text);
    CHECK(RequestId::parse(text).value == 0);
  }
}
