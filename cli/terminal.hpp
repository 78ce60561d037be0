#pragma once

#include "cli/config.hpp"
#include "cli/table.hpp"
#include "lib/base/secret.hpp"

#include <string>

/// The terminal nufi runs on, as far as main asks it.
namespace nufi::cli {

/// Whether what goes to a terminal, or not to one, is coloured: NO_COLOR, CLICOLOR_FORCE and TERM.
bool may_colour(const Config& config, bool is_terminal);

/// How to print on standard output.
Screen find_screen(const Config& config);

/// Prints `prompt` on the terminal and reads a line without echo; echo is back afterwards, also
/// when the read is interrupted. Throws Error{usage} if there is no terminal. Blocks.
Secret ask_secret(const std::string& prompt);

}  // namespace nufi::cli
