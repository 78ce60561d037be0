#include "lib/gateway/caller_rates.hpp"

#include "tests/support/fake_clock.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace nufi;
using namespace nufi::gateway;

namespace {

/// Two children of one key.
struct Family {
  Caller child(const std::string& id) {
    domain::Key key;
    key.id = domain::KeyId(id);
    key.parent = parent.id;
    key.rpm = own_rpm;
    Caller caller;
    caller.key = std::make_shared<const domain::Key>(key);
    caller.parent = std::make_shared<const domain::Key>(parent);
    caller.group = &group;
    return caller;
  }
  std::variant<RatePass, domain::RateRefusal> enter(const std::string& id) {
    return enter_rates(limiter, child(id), call, 10, {});
  }

  test::FakeClock clock{Timestamp{}};
  Limiter limiter{clock};
  domain::Key parent = [] {
    domain::Key key;
    key.id = domain::KeyId("key_parent");
    return key;
  }();
  std::optional<std::int64_t> own_rpm;
  domain::Group group;
  domain::Call call;
};

}  // namespace

TEST_CASE("caller rates: children share their parent's, and each has its own") {
  Family family;
  family.parent.rpm = 3;
  family.own_rpm = 2;
  CHECK(family.enter("key_a").index() == 0);
  CHECK(family.enter("key_a").index() == 0);
  const auto own = family.enter("key_a");
  REQUIRE(own.index() == 1);
  CHECK_FALSE(std::get<1>(own).limit.of_parent);
  CHECK(family.enter("key_b").index() == 0);
  const auto shared = family.enter("key_b");
  REQUIRE(shared.index() == 1);
  CHECK(std::get<1>(shared).limit.of_parent);
  CHECK(std::get<1>(shared).used == 3);
}

TEST_CASE("caller rates: whom the parent's refuse counts nowhere") {
  Family family;
  family.parent.max_parallel = 1;
  family.own_rpm = 2;
  {
    const auto running = family.enter("key_a");
    CHECK(running.index() == 0);
    for (int i = 0; i < 5; ++i) CHECK(family.enter("key_b").index() == 1);
    CHECK(preview_rates(family.limiter, family.child("key_b"), family.call, 10, {}));
  }
  CHECK(family.enter("key_b").index() == 0);
}
