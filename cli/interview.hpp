#pragma once

#include "cli/context.hpp"

#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nufi::cli {

/// Questions to a person at the terminal, asked on stderr. While it lives Ctrl-C does not end us
/// but the question: whoever leaves so, or by Ctrl-D, is not asked again.
class Interview {
 public:
  explicit Interview(Context& context);
  ~Interview();
  Interview(const Interview&) = delete;
  Interview& operator=(const Interview&) = delete;

  /// The answer; `fallback` for an empty one. std::nullopt: the person has left.
  std::optional<std::string> ask(const std::string& question, const std::string& fallback);
  /// Asks again, saying why, until `check` throws no Error.
  std::optional<std::string> ask_until(const std::string& question,
                                       const std::string& fallback,
                                       const std::function<void(const std::string&)>& check);
  /// Without echo. Empty is an answer, too.
  std::optional<Secret> ask_secret(const std::string& question);

  [[nodiscard]] bool was_left() const { return was_left_; }

 private:
  Context& context_;
  struct sigaction before_ {};
  bool was_left_ = false;
};

/// `wish`, or "wish-2", … if that is among `taken`.
std::string free_name(const std::string& wish, const std::vector<std::string>& taken);
/// Throws Error{conflict} if `name` is among `taken`, which `what` ("an upstream") are called.
void check_is_free(const std::string& name,
                   const std::vector<std::string>& taken,
                   const std::string& what);

}  // namespace nufi::cli
