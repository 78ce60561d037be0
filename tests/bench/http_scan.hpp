#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// The little of HTTP/1.1 that the bench tools read: they only ever talk to each other and to the
/// proxies under measurement, so they trust what they get.
namespace nufi::bench {

/// Nanoseconds of CLOCK_MONOTONIC: the same clock in every process of the machine.
std::int64_t monotonic_ns();

/// Bytes of the head with its blank line, or 0 while it is not complete.
std::size_t head_size(std::string_view bytes);

/// The value of Content-Length in `head`, or -1.
std::int64_t content_length(std::string_view head);

/// The digits after `name` in `text`, e.g. number_after(body, "\"chunks\":"); `missing` without.
std::int64_t number_after(std::string_view text, std::string_view name, std::int64_t missing);

/// A listening socket on 127.0.0.1:`port` (0 = any), not blocking. Ends the program on failure.
int listen_on(int port);
/// The port `socket` is bound to.
int port_of(int socket);
/// A connection to 127.0.0.1:`port`, not blocking. Ends the program on failure.
int connect_to(int port);

/// Prints the reason of a failed system call and ends the program.
[[noreturn]] void die(const char* what);

}  // namespace nufi::bench
