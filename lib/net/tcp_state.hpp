#pragma once

#include <cstdint>

namespace nufi::net {

/// How many bytes the other side's kernel has acknowledged on `socket` since it was connected
/// (Linux TCP_INFO, tcpi_bytes_acked). Also works after a reset. -1 if the system does not say.
std::int64_t bytes_acknowledged(int socket);

/// True if what has arrived on `socket` and was not read yet begins an interim (1xx) reply.
bool is_interim_reply(int socket);

/// True if an idle connection can be used again: open, and nothing arrived on it unasked.
bool is_quiet(int socket);

}  // namespace nufi::net
