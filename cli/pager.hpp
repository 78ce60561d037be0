#pragma once

#include "cli/config.hpp"

#include <iosfwd>
#include <string>

namespace nufi::cli {

/// The command that shows what is longer than the screen, for a shell; "" = none. $PAGER counts
/// (empty or "cat" is none); without it less, where that is found.
std::string choose_pager(const Config& config);

/// Shows `text` in `pager`, a command for a shell, and waits for its end; whoever leaves it early
/// has seen enough. False: it could not be started. Ctrl-C is the pager's meanwhile.
bool show_in_pager(const std::string& pager, const std::string& text);

}  // namespace nufi::cli
