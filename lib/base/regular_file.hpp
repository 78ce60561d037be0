#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

/// Files that somebody names. What stands there may be something else: a pipe lets whoever opens it
/// wait for ever, a device may have no end, and to open one may already do something.
namespace nufi {

/// "a pipe", "a device", "a directory", …: what `mode` (as stat says it) is. "" = a regular file.
std::string_view kind_of_no_file(unsigned mode);

/// Opens the regular file `path` (a link to one is one, unless `flags` has O_NOFOLLOW) with the
/// `flags` of open(2), close-on-exec; one that O_CREAT makes gets the mode 0600. Never waits.
/// Returns the descriptor, which is the caller's, or -1 with errno set if it can't be opened.
/// Throws Error{invalid} if something else is there.
int open_regular(const std::filesystem::path& path, int flags);

/// Whether `path` is a regular file that we may read.
bool can_read_file(const std::filesystem::path& path);

/// Whether a pipe that somebody writes to is read to its end as well.
enum class Pipes { refused, read };

/// All bytes of `path`; std::nullopt if there is no such file. Throws Error{invalid} if it can't be
/// read, is no file or has more than `most` bytes. Of a pipe it may wait for the next bytes.
std::optional<std::string> read_file(const std::filesystem::path& path,
                                     std::size_t most,
                                     Pipes pipes = Pipes::refused);

}  // namespace nufi
