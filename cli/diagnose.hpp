#pragma once

#include "lib/base/error.hpp"

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace nufi::cli {

/// Says in our words why `arguments` could not be parsed, with "did you mean" for an unknown
/// command or option. Never repeats the value of an option: it may be a secret in the wrong place.
Error diagnose(const CLI::App& root,
               const std::vector<std::string>& arguments,
               const CLI::ParseError& error);

/// The unknown command or option in `arguments`, if there is one, as diagnose() says it: who asks
/// for help gets it only for what there is.
std::optional<Error> find_unknown(const CLI::App& root, const std::vector<std::string>& arguments);

}  // namespace nufi::cli
