#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/key.hpp"
#include "lib/service/context.hpp"
#include "lib/service/names.hpp"
#include "lib/store/keys.hpp"

#include <chrono>
#include <vector>

/// How keys end: by a revoke, which takes their children along, or with their lease, which nufid
/// itself carries out. That a lease has ended counts for the next call without any of this.
namespace nufi::service {

/// Revokes `keys` and the children of each for good, in one transaction with an audit entry for
/// each that was not revoked before, and cuts their streams. Returns `keys` as they are then,
/// followed by the children. Call with the lock of changes held. Throws Error{unavailable}.
std::vector<domain::Key> revoke_with_children(const Context& context,
                                              const Actor& actor,
                                              const Names& names,
                                              std::vector<domain::Key> keys);

/// Whoever renews a lease could not while nufid was down: each that was running has at least this
/// long left from a start on.
inline constexpr std::chrono::seconds kLeaseGrace{20};
/// Brings the leases of the process before over to this one, whose EvenClock says `now`: none ends
/// before kLeaseGrace, and none is longer than a lease can be, wherever the clock before had got.
/// For the start, before keys are published. Throws Error{unavailable}.
void carry_leases_over(store::Keys& keys, Timestamp now);

/// No lease is shorter than kShortestLease, so whoever looks this often sees each before it ends.
inline constexpr std::chrono::milliseconds kLeasesEvery{4000};
/// Revokes, as nufid, whose lease has ended. Returns when to look again: when the next one ends, at
/// most kLeasesEvery. Throws Error{unavailable}.
std::chrono::milliseconds end_leases(const Context& context);

}  // namespace nufi::service
