#pragma once

#include "lib/base/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nufi::net {
class Signal;
}

namespace nufi::gateway {

/// How an upstream fares, and who may ask it now. Outlives changes of its settings. Thread-safe.
///
/// One failure is forgiven. From the second in a row the upstream rests, 1 s at first, twice as
/// long each time, at most 60 s; also when it asks for a rest itself. After a rest one call probes
/// it; the others go elsewhere until that one knows. Failures of calls that were sent before a rest
/// began say nothing new and make it no longer.
///
/// Too many requests (429) are no failure: it is busy, for a model at a time, and only whoever has
/// another upstream keeps away. With just this one, the provider's own word is worth more to the
/// client than a refusal of ours: limits of tokens, say, still let a small call pass.
class UpstreamHealth : public std::enable_shared_from_this<UpstreamHealth> {
 public:
  static constexpr std::chrono::milliseconds kFirstRest{1'000};
  static constexpr std::chrono::milliseconds kLongestRest{60'000};
  static constexpr std::chrono::milliseconds kBusyUnsaid{1'000};  ///< without a Retry-After
  static constexpr std::chrono::milliseconds kLongestBusy{600'000};

  enum class State {
    ready,
    busy,     ///< for this model
    probing,  ///< after a rest; another call is about to know
    resting,
  };
  struct Standing {
    State state = State::ready;
    std::chrono::milliseconds left{0};  ///< of the rest, or of being busy
    std::string why{};                  ///< it rests: what failed last
  };
  /// `model` is the name that the upstream knows it by.
  [[nodiscard]] Standing standing(const std::string& model, SteadyTime now) const;

  /// Leave to send one call. One of the words below is said once its outcome is known; an end
  /// without a word lets the next call probe.
  class Turn {
   public:
    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&& other) noexcept;
    ~Turn();

    /// It answered.
    void succeeded();
    /// It answered, but does not let us in. It does not rest: that may hold for one model only.
    void refused(std::string why);
    /// It failed for a reason of its own. `rest` is what it asked for itself.
    void failed(std::string why, std::optional<std::chrono::milliseconds> rest, SteadyTime now);
    /// It has too much to do with `model`; `rest` as above.
    void busy(const std::string& model,
              std::optional<std::chrono::milliseconds> rest,
              SteadyTime now);

   private:
    friend class UpstreamHealth;
    Turn(std::shared_ptr<UpstreamHealth> health, std::uint64_t rests, std::uint64_t probe)
        : health_(std::move(health)), rests_(rests), probe_(probe) {}
    std::shared_ptr<UpstreamHealth> health_;
    std::uint64_t rests_;  ///< how many it had had
    std::uint64_t probe_;  ///< its number, 0 = this is none
  };

  /// std::nullopt while it rests or is being probed. Whether it is busy is not looked at.
  std::optional<Turn> enter(SteadyTime now);
  /// The same, beside a call that probes.
  std::optional<Turn> enter_beside_probe(SteadyTime now);
  /// Announces it once the probe has ended; at once if there is none.
  void tell_after_probe(const std::shared_ptr<net::Signal>& signal);

  /// It answers, as somebody saw: no failure counts any more, and a rest is over.
  void succeed();
  /// What it answered was no answer. Said by text() until it does better; it does not rest.
  void complain(std::string why);

  /// "ok", "unknown", "busy: <why>", "failing: <why>".
  [[nodiscard]] std::string text(SteadyTime now) const;

 private:
  void end_probe();  ///< under the lock

  mutable std::mutex mutex_;
  std::string why_;
  std::string complaint_;  ///< "" = none
  int failures_ = 0;
  SteadyTime until_{};
  bool has_rested_ = false;  ///< no answer since the latest rest began
  std::uint64_t probe_ = 0;  ///< the one that runs, 0 = none
  std::uint64_t probes_ = 0;
  std::unordered_map<std::string, SteadyTime> busy_;  ///< by model
  std::vector<std::weak_ptr<net::Signal>> waiting_;
  // These spare the healthy the lock.
  std::atomic<bool> known_{false};
  std::atomic<bool> troubled_{false};  ///< failures_ > 0 or has_rested_
  std::atomic<bool> has_complaint_{false};
  std::atomic<bool> has_busy_{false};
  std::atomic<std::uint64_t> rests_{0};
};

}  // namespace nufi::gateway
