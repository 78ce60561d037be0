#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace nufi {

/// Why something failed, as every part of the house names it. The one table in error.cpp gives each
/// its HTTP status, its word on the wire and the exit code of `nufi`.
enum class Errc {
  invalid,        ///< the caller sent something we can't accept (wrong type, bad value)
  usage,          ///< the command line can't be understood, or refuses to go on
  unauthorized,   ///< nobody we know
  not_permitted,  ///< known, but not allowed
  not_found,      ///< no such thing
  ambiguous,      ///< several things fit the name
  conflict,       ///< clashes with what is there (name taken, illegal move)
  limit_reached,  ///< a budget or a limit says no
  unreachable,    ///< the daemon can't be reached
  unavailable,    ///< can't be done now: storage not writable, draining
  upstream,       ///< a provider failed
  internal,       ///< our own mistake, or the machine's
};

/// Breakage, or a command that must be refused. `message` says what failed, `hint` (may be empty)
/// what to do about it: both lower case, without a full stop, never with a key or a secret in it.
class Error : public std::runtime_error {
 public:
  Error(Errc code, std::string message, std::string hint = {})
      : std::runtime_error(std::move(message)), code_(code), hint_(std::move(hint)) {}

  [[nodiscard]] Errc code() const noexcept { return code_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

 private:
  Errc code_;
  std::string hint_;
};

/// The HTTP status that stands for `code` (e.g. not_found → 404).
int http_status(Errc code) noexcept;

/// The exit code of `nufi` that stands for `code` (PRODUCT §3: 0 to 6).
int exit_code(Errc code) noexcept;

/// The word that stands for `code` in JSON, e.g. "not_found".
std::string_view errc_name(Errc code) noexcept;

/// The code behind a word of errc_name(); `internal` for a word we don't know.
Errc errc_from_name(std::string_view name) noexcept;

}  // namespace nufi
