#pragma once

#include <cstdint>

namespace nufi::net {

/// How many bytes the other side's kernel has acknowledged on `socket` since it was connected
/// (Linux TCP_INFO, tcpi_bytes_acked). Also works after a reset. -1 if the system does not say.
std::int64_t bytes_acknowledged(int socket);

/// True if an idle connection can be used again: open, and nothing arrived on it unasked.
bool is_quiet(int socket);

}  // namespace nufi::net
