#pragma once

#include "lib/base/even_clock.hpp"
#include "lib/domain/key.hpp"

/// A lease is measured by time that passes: a clock that is set, or a machine that slept, ends none
/// and prolongs none. So `Key::lease_expires_at`, as it is stored and published, is by EvenClock,
/// and everything else of a key by the wall clock.
namespace nufi::domain {

/// `key` with the end of its lease where the wall clock will be then: to be compared with wall time
/// or shown.
Key lease_on_wall(Key key, const Moment& now);
/// The way back, to be stored and published.
Key lease_on_even(Key key, const Moment& now);
/// As the one for a single clock.
bool is_dead(const Key& key, const Moment& now);

}  // namespace nufi::domain
