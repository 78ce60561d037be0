#pragma once

#include <chrono>
#include <map>
#include <string>

namespace nufi::service {

/// What `command` writes to stdout (at most 64 KiB), run by /bin/sh with only `environment`, no
/// stdin, and stderr thrown away. Blocks; after `patience` it and its children are killed. Throws
/// Error{unavailable} if it can't be started, takes too long, writes too much or fails; the message
/// does not hold its output.
std::string run_command(const std::string& command,
                        const std::map<std::string, std::string>& environment,
                        std::chrono::milliseconds patience);

}  // namespace nufi::service
