#pragma once

#include "lib/base/secret.hpp"
#include "lib/domain/upstream.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace nufi::service {

/// The environment the daemon was started with, by name.
using Environment = std::map<std::string, std::string>;

/// Where upstreams' secrets come from. Stored ones are sealed with a key that lies in a file of its
/// own, so a copy of the database alone opens nothing; the others are read from where they live.
/// Constant after construction, so thread-safe.
class Vault {
 public:
  /// Reads the 32 bytes of `key_file`, making it (mode 0600) if it is not there. Throws
  /// Error{unavailable} if it can't be read or made, has another length, belongs to somebody else
  /// or may be read by others.
  Vault(const std::filesystem::path& key_file, Environment environment);

  /// `secret` as it may lie in the database: only unsealed for the same upstream.
  [[nodiscard]] std::string seal(const domain::UpstreamId& upstream, const Secret& secret) const;

  /// The secret of `upstream`, trimmed; empty if it needs none. Throws Error{unavailable} saying
  /// why it can't be read; the message never holds any of it. A command runs in /bin/sh with that
  /// environment and may take 10 s.
  [[nodiscard]] Secret read(const domain::Upstream& upstream) const;

  /// `bytes`, the part `part` of the trace `id`, as they may lie in a file; and back. The latter
  /// throws Error{unavailable} if they were sealed with another key or for another place.
  [[nodiscard]] std::string seal_trace(const std::string& id,
                                       std::string_view part,
                                       std::string bytes) const;
  [[nodiscard]] std::string open_trace(const std::string& id,
                                       std::string_view part,
                                       std::string_view sealed) const;

 private:
  Environment environment_;
  Secret key_;
};

/// Throws Error{invalid} unless `secret` can stand in a header: printable ASCII, 1 to 8192 bytes.
void check_secret(const Secret& secret);

}  // namespace nufi::service
