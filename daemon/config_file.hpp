#pragma once

#include "lib/base/error.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class ParseError;
}

/// Mistakes in flags and in nufid.toml, the latter told with the file and the line they are in.
namespace nufi::daemon {

/// What the parser says, in our words. `options`: all there are, without dashes.
Error in_our_words(const CLI::ParseError& error, const std::vector<std::string>& options);

/// Throws Error{usage} if `file` is not read to its end soon: a pipe, a device, or more than a
/// config file can hold. Opens nothing that is no file.
void check_is_file(const std::string& file);

/// Throws Error{usage} if the config file `file` is there and can't be read, or if a line of it
/// sets an option to nothing.
void check_config_file(const std::string& file);

/// The line of `text` that sets `option` ("listen"), counted from 1; the first one.
std::optional<std::size_t> line_of_option(std::string_view text, std::string_view option);

/// `error` as it is if it speaks of what was typed; of an option that only the config file `file`
/// sets, with file and line before it. `typed`: flags and variables as flags ("--listen=…");
/// `options`: all there are, without dashes, for a name that is none.
Error blame(const Error& error,
            const std::string& file,
            const std::vector<std::string>& typed,
            const std::vector<std::string>& options);

}  // namespace nufi::daemon
