#pragma once

#include "lib/domain/account.hpp"
#include "lib/domain/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace nufi::service {

/// Who asks: an argument of every use case.
struct Actor {
  std::int64_t uid = -1;  ///< operating-system user
  domain::AccountId account;
  std::string username;
  domain::Role role = domain::Role::member;
  /// The door they came through: "" = the Unix socket, the id of an access token, "console".
  std::string via = {};

  [[nodiscard]] bool is_admin() const { return role == domain::Role::admin; }
};

/// Throws Error{not_permitted} unless `actor` is an admin. `what` completes "only an admin may …".
void require_admin(const Actor& actor, std::string_view what);

/// Throws Error{not_permitted} unless `actor` came over the Unix socket, where the kernel says who
/// it is. `what` completes "only nufi on this machine may …".
void require_socket(const Actor& actor, std::string_view what);

}  // namespace nufi::service
