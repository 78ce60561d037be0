#pragma once

#include "daemon/config.hpp"

namespace nufi::daemon {

/// The sockets that systemd handed over say where the doors are, whatever the flags say: sets
/// listen, console and socket of `config` to their addresses. Throws Error{usage} with a hint for
/// one that is not a listening socket of its door's kind, or that other machines can reach without
/// an --allow-remote for it.
void adopt_sockets(Config& config);

}  // namespace nufi::daemon
