#pragma once

#include <ios>
#include <string>

/// What nufid says while it starts: log lines, and at its end perhaps why it could not.
namespace nufi::cli {

struct LastWords {
  std::string lines;    ///< the last few lines of the log, without the next two
  std::string message;  ///< of its error, "" = it named none
  std::string hint;
};

/// Reads the `error:` and `hint:` that nufid ends with out of what it has printed.
LastWords last_words(const std::string& text);

/// What it said after it was last ready, if that names an error: why it then ended, or could not
/// start again.
LastWords words_since_ready(const std::string& log);

/// A hint of nufid's speaks of its own flags: as they are given to nufi.
std::string for_nufi(std::string hint);

/// Where the log of a detached nufid is; "" without a `state_dir`.
std::string log_path(const std::string& state_dir);

std::streamoff size_of_file(const std::string& path);
/// The end of what was written to the file after `start`.
std::string end_of_file(const std::string& path, std::streamoff start);

}  // namespace nufi::cli
