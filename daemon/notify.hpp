#pragma once

#include <string>
#include <string_view>

namespace nufi::daemon {

/// Tells systemd a state ("READY=1", "STOPPING=1") over its socket, which is a path or, with a
/// leading
/// '@', an abstract name. Nothing if `socket` is "". Failing to tell is no failure of ours.
void notify_systemd(const std::string& socket, std::string_view state);

}  // namespace nufi::daemon
