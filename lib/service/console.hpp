#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/secret.hpp"
#include "lib/base/sync.hpp"
#include "lib/domain/console.hpp"
#include "lib/service/actor.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace nufi::service {

struct Context;

/// Who is let into the web console: `nufi console` gets a code over the Unix socket, the page turns
/// it into a session over TCP. Both are random, kept as hashes, in memory only: they die with the
/// daemon. Thread-safe.
class ConsoleSessions {
 public:
  static constexpr std::chrono::seconds kCodeLife{60};
  static constexpr std::chrono::hours kIdleLife{12};  ///< of a session that nobody uses
  /// At once, of one account; the oldest goes when there is another.
  static constexpr std::size_t kMostCodes = 8;
  static constexpr std::size_t kMostSessions = 32;

  explicit ConsoleSessions(const Clock& clock) : clock_(clock) {}

  /// A code for the operating-system user `uid`: good once, for kCodeLife.
  Secret make_code(std::int64_t uid);
  /// The session that `code` buys; std::nullopt if it buys none (any more).
  std::optional<Secret> begin(std::string_view code);
  /// Whose `session` it is, which counts as a use of it; std::nullopt if it is none (any more).
  std::optional<std::int64_t> find(std::string_view session);
  /// Nothing happens if it is none.
  void end(std::string_view session);

 private:
  struct Pass {
    std::int64_t uid = -1;
    Timestamp until;
  };
  using Passes = std::map<Sha256, Pass>;
  static void drop_stale(Passes& passes, Timestamp now);
  static Secret add(Passes& passes, Pass pass, std::size_t most);

  struct Everybody {
    Passes codes;
    Passes sessions;
  };
  const Clock& clock_;
  Sync<Everybody> everybody_;
};

/// What opens the console as `actor`, once, within ConsoleSessions::kCodeLife. Only over the Unix
/// socket: Error{not_permitted}. Throws Error{conflict} if there is no console.
domain::ConsoleLink make_console_link(const Context& context, const Actor& actor);

/// Who comes with `session`. Throws Error{unauthorized} if it is none (any more).
Actor admit_session(const Context& context, std::string_view session);

}  // namespace nufi::service
