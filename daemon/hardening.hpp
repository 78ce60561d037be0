#pragma once

namespace nufi::daemon {

/// Makes the process keep its secrets: no core file, no ptrace or /proc access by the same user,
/// new files private (umask 077). Lets it have as many connections as the system allows, and
/// ignores SIGPIPE. Call first in main.
void harden_process();

}  // namespace nufi::daemon
