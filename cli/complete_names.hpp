#pragma once

#include "cli/complete.hpp"

namespace CLI {
class Option;
}

namespace nufi::cli {

/// What a value names.
enum class Named {
  nothing,
  file,
  variable,
  command,
  key,
  model,
  upstream,
  group,
  project,
  account,
  setting,
  setting_value,
  trace,
  token
};

/// What the value of `option` (or a positional one) of the command `path` ("keys show") names.
Named named_by(const std::string& path, const CLI::Option& option);

/// What a value is for: names with which the command could do nothing are left out.
struct ValueOf {
  std::string path;                    ///< of the command: "keys show"
  std::vector<std::string> arguments;  ///< those before it, without options
};

/// All of that kind, asked of nufid; none when it does not answer in time.
std::vector<Candidate> names_of(Context& context, Named kind, const ValueOf& value);

}  // namespace nufi::cli
