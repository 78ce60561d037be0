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
  request,
  token
};

/// What the value of `option` (or a positional one) of the command `path` ("keys show") names.
Named named_by(const std::string& path, const CLI::Option& option);

/// All of that kind, asked of nufid; none when it does not answer in time. `path` is the command
/// they are for: it leaves out those that it could do nothing with.
std::vector<Candidate> names_of(Context& context, Named kind, const std::string& path);

}  // namespace nufi::cli
