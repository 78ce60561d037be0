#pragma once

#include "lib/domain/call.hpp"
#include "lib/domain/route.hpp"
#include "lib/gateway/charge.hpp"
#include "lib/gateway/gateway.hpp"
#include "lib/ledger/ledger.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// Who could serve a call and what it asks of the ledger: the decisions that stand before a hold.
/// Calls pass them, and `nufi check` asks them.
namespace nufi::gateway {

/// A candidate with what it costs.
struct Priced {
  domain::Candidate candidate;
  const ReadyUpstream* ready = nullptr;  ///< in the caller's world
  Pricing pricing;
};

/// Who can take `call` of `caller` now, in the order to try (never empty), or why nobody can: the
/// model is not allowed or served by none, its price is unknown, or knows nothing of what the
/// endpoint bills, under a budget, its upstreams rest or can't be used. `random` draws among
/// upstreams of one priority. Those that are busy, or probed by another call after a rest, are left
/// out, unless there is no other. With `only`, nobody but that upstream can: it has the
/// conversation that goes on.
std::variant<std::vector<Priced>, No> choose_upstreams(const Caller& caller,
                                                       const domain::Call& call,
                                                       std::uint64_t random,
                                                       SteadyTime now,
                                                       const domain::UpstreamId* only = nullptr);

/// A transcript, which has no cap of its own, is never longer than the most that one of
/// `candidates` makes at once, if all say what that is.
void bound_transcript(domain::Call& call, const std::vector<Priced>& candidates);

/// What the ledger is asked for `call`, at the dearest of `candidates`, in every window above
/// `caller`. The client's address and user agent are left to be filled in.
ledger::HoldRequest hold_request(const Caller& caller,
                                 const domain::Call& call,
                                 const std::vector<Priced>& candidates);

/// The refusal of a window, in words that name its key, project or account.
No refuse_hold(const Caller& caller,
               const domain::WindowRefusal& refusal,
               Timestamp now,
               int budget_status);

/// The ledger can't be written.
No refuse_unwritable(const std::string& problem);

/// An upstream that is not asked now.
struct Resting {
  std::string name;
  std::string why;  ///< what failed last
  std::chrono::milliseconds left{0};
};
/// All who could take the call rest.
No refuse_resting(const std::vector<Resting>& all);

/// nufid drains.
No refuse_draining();

}  // namespace nufi::gateway
