#pragma once

#include "cli/context.hpp"
#include "cli/nufid_flags.hpp"
#include "cli/unit.hpp"

#include <optional>

/// Starting nufid, and why it did not start.
namespace nufi::cli {

/// The daemon's status; std::nullopt if nobody answers.
std::optional<domain::StatusView> ask_daemon(const Context& context);

/// The path of nufid: beside nufi, else in PATH. Throws Error{internal} if there is none.
std::string find_nufid(const Context& context);

/// Throws what `nufid --check-config` says of `flags` and its config file, if it refuses them.
void check_nufid_config(const Context& context, const Words& flags);

/// Starts it in the background with `flags`, or has systemd do it, and waits until it answers.
/// Throws Error with what it said when it can't start; where it said nothing the end of its log
/// goes to stderr.
domain::StatusView start_detached(const Context& context, const Words& flags);
domain::StatusView wait_for_unit(const Context& context, const Unit& unit);

}  // namespace nufi::cli
