#include "daemon/users.hpp"

#include <algorithm>
#include <cerrno>
#include <grp.h>
#include <optional>
#include <pwd.h>
#include <utility>
#include <vector>

namespace nufi::daemon {

namespace {

constexpr std::chrono::seconds kKnownFor{3};
constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kLargestBuffer = 1 << 20;  // a group with very many members
constexpr int kFirstGroups = 64;

struct User {
  std::string name;
  gid_t primary_group = 0;
};

/// Calls `look_up(buffer)` with a larger buffer until its result fits.
template <class LookUp>
void with_buffer(LookUp look_up) {
  for (std::size_t size = kFirstBuffer; size <= kLargestBuffer; size *= 4) {
    std::vector<char> buffer(size);
    if (look_up(buffer) != ERANGE) return;
  }
}

std::optional<User> find_user(std::int64_t uid) {
  std::optional<User> user;
  with_buffer([&](std::vector<char>& buffer) {
    passwd entry{};
    passwd* found = nullptr;
    const int result =
        ::getpwuid_r(static_cast<uid_t>(uid), &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) user = User{.name = found->pw_name, .primary_group = found->pw_gid};
    return result;
  });
  return user;
}

std::optional<gid_t> find_group(const std::string& name) {
  std::optional<gid_t> group;
  with_buffer([&](std::vector<char>& buffer) {
    ::group entry{};
    ::group* found = nullptr;
    const int result = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) group = found->gr_gid;
    return result;
  });
  return group;
}

bool is_in_group(const User& user, gid_t group) {
  std::vector<gid_t> groups(kFirstGroups);
  int count = kFirstGroups;
  while (::getgrouplist(user.name.c_str(), user.primary_group, groups.data(), &count) < 0) {
    if (count <= static_cast<int>(groups.size())) return false;
    groups.resize(static_cast<std::size_t>(count));
  }
  groups.resize(static_cast<std::size_t>(count));
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

}  // namespace

Users::Users(const Clock& clock, std::string admin_group)
    : clock_(clock), admin_group_(std::move(admin_group)) {}

std::string Users::name_of(std::int64_t uid) {
  const auto user = find_user(uid);
  return user ? user->name : "";
}

bool Users::is_admin(std::int64_t uid) const {
  const SteadyTime now = clock_.steady();
  {
    auto known = known_.lock();
    const auto found = known->find(uid);
    if (found != known->end() && now < found->second.until) return found->second.is_admin;
  }
  const auto user = find_user(uid);
  const auto group = find_group(admin_group_);
  const bool is_admin = user && group && is_in_group(*user, *group);
  known_.lock()->insert_or_assign(uid, Known{.is_admin = is_admin, .until = now + kKnownFor});
  return is_admin;
}

}  // namespace nufi::daemon
