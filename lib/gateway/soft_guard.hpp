#pragma once

#include "lib/domain/verdict.hpp"
#include "lib/gateway/charge.hpp"
#include "lib/gateway/gateway.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace nufi::gateway {

/// Watches a stream of a key with `--enforce soft`, or with such a parent. Such a key holds nothing
/// in its own windows, so its streams may run past their limit; they are cut when a window is truly
/// empty: what was settled in it and what this stream has used so far reach the limit (PRODUCT §5).
/// Not thread-safe; lives as long as its call.
class SoftGuard {
 public:
  /// The state of a window, as the ledger knows it.
  using Look = std::function<domain::WindowState(const domain::WindowId&)>;

  /// Watches nothing for strict keys, or those without limits.
  SoftGuard(Look look, const Caller& caller);

  [[nodiscard]] bool watches() const { return !watched_.empty(); }

  /// The window that is empty now, after `so_far` of the stream at `pricing`. Looks only once per
  /// kStep tokens.
  std::optional<domain::WindowRefusal> empty_window(const domain::Usage& so_far,
                                                    const Pricing& pricing);

  static constexpr std::int64_t kStep = 32;

 private:
  struct Watched {
    domain::WindowId window;
    std::int64_t limit = 0;
  };

  void watch(const domain::Key& key);

  const Look look_;
  std::vector<Watched> watched_;
  std::int64_t look_at_ = 0;  ///< tokens
};

}  // namespace nufi::gateway
