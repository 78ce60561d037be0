#include "daemon/users.hpp"

#include "tests/support/fake_clock.hpp"

#include <doctest/doctest.h>

#include <grp.h>
#include <pwd.h>
#include <string>

using namespace nufi;
using namespace nufi::daemon;

namespace {

/// The primary group of `uid`.
std::string group_of(uid_t uid) {
  const passwd* user = ::getpwuid(uid);
  REQUIRE(user != nullptr);
  const group* found = ::getgrgid(user->pw_gid);
  REQUIRE(found != nullptr);
  return found->gr_name;
}

constexpr std::int64_t kNobodyAtAll = 3'999'999'999;

}  // namespace

TEST_CASE("users: root has its name, a number without an entry has none") {
  CHECK(Users::name_of(0) == "root");
  CHECK(Users::name_of(kNobodyAtAll).empty());
}

TEST_CASE("users: who has the admin group, as primary group too, is an admin") {
  const test::FakeClock clock(Timestamp{});
  const Users users(clock, group_of(0));
  CHECK(users.is_admin(0));
  CHECK(users.is_admin(0));
  CHECK_FALSE(users.is_admin(kNobodyAtAll));
}

TEST_CASE("users: without the group nobody is an admin") {
  const test::FakeClock clock(Timestamp{});
  const Users users(clock, "there-is-no-such-group");
  CHECK_FALSE(users.is_admin(0));
}
