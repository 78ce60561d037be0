#include "lib/domain/lease.hpp"

#include <utility>

namespace nufi::domain {

Key lease_on_wall(Key key, const Moment& now) {
  if (key.lease_expires_at) *key.lease_expires_at += now.wall - now.even;
  return key;
}

Key lease_on_even(Key key, const Moment& now) {
  return lease_on_wall(std::move(key), {.wall = now.even, .even = now.wall});
}

bool is_dead(const Key& key, const Moment& now) {
  return is_dead(lease_on_wall(key, now), now.wall);
}

}  // namespace nufi::domain
