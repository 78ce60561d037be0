#pragma once

#include "cli/context.hpp"

#include <csignal>
#include <optional>
#include <string>

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
  /// Without echo. Empty is an answer, too.
  std::optional<Secret> ask_secret(const std::string& question);

  [[nodiscard]] bool was_left() const { return was_left_; }

 private:
  Context& context_;
  struct sigaction before_ {};
  bool was_left_ = false;
};

}  // namespace nufi::cli
