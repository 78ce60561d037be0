#pragma once

#include "lib/domain/call.hpp"
#include "lib/gateway/choose.hpp"
#include "lib/gateway/gateway.hpp"
#include "lib/gateway/limiter.hpp"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

/// The rates that a call must keep: those of its key (and group), and those of the parent key,
/// which counts the calls of all its children with its own.
namespace nufi::gateway {

/// A call that was let in by all of them.
class RatePass {
 public:
  RatePass() = default;
  RatePass(Limiter::Pass own, Limiter::Pass parent)
      : own_(std::move(own)), parent_(std::move(parent)) {}

  /// See Limiter::Pass.
  void settle(std::int64_t tokens);
  void cancel();

 private:
  Limiter::Pass own_;
  Limiter::Pass parent_;
};

/// Lets `call` of `caller` in, or says which rate it would break; then it counts nowhere.
std::variant<RatePass, domain::RateRefusal> enter_rates(Limiter& limiter,
                                                        const Caller& caller,
                                                        const domain::Call& call,
                                                        std::int64_t prompt_estimate,
                                                        const std::vector<Priced>& candidates);

/// What enter_rates() would refuse now.
std::optional<domain::RateRefusal> preview_rates(const Limiter& limiter,
                                                 const Caller& caller,
                                                 const domain::Call& call,
                                                 std::int64_t prompt_estimate,
                                                 const std::vector<Priced>& candidates);

}  // namespace nufi::gateway
