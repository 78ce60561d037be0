#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nufi::domain {

/// Where an upstream's secret comes from.
enum class SecretKind { none, stored, env, file, command };
std::string_view secret_kind_name(SecretKind kind) noexcept;
std::optional<SecretKind> secret_kind_from_name(std::string_view name) noexcept;

/// `reference` is the variable's name, the file's path or the command; for `stored` the sealed
/// bytes (lib/base/secret seal(), context "upstream:" + upstream id); for `none` empty.
struct SecretSource {
  SecretKind kind = SecretKind::none;
  std::string reference;
};

/// A URL taken apart: http or https only, no user info, no query, no fragment.
struct BaseUrl {
  bool tls = false;
  std::string host;  ///< lower case; IPv6 without brackets
  std::uint16_t port = 0;
  std::string path;  ///< "" or "/v1": no trailing slash

  /// Throws Error{invalid} saying what is wrong with it.
  static BaseUrl parse(std::string_view url);
  [[nodiscard]] std::string text() const;       ///< "https://api.openai.com/v1"
  [[nodiscard]] std::string authority() const;  ///< the Host header: port only when not the default
};

/// A provider endpoint.
struct Upstream {
  UpstreamId id;
  std::string name;  ///< unique
  BaseUrl url;
  std::string provider;  ///< whose catalogue prices apply: "openai", …; "" = unknown
  SecretSource secret;
  std::vector<std::string> models;                           ///< globs; empty = all
  std::vector<std::pair<std::string, std::string>> aliases;  ///< name the client uses → real name
  std::vector<std::pair<std::string, std::string>> headers;  ///< extra request headers
  std::vector<std::string> groups;                           ///< names; empty = all
  std::int64_t priority = 0;                                 ///< higher first
  std::int64_t weight = 1;                                   ///< >= 1, inside a priority
  bool free = false;                                         ///< calls cost 0
  bool built_in = false;                                     ///< the demo: lives while nufid runs
  std::optional<std::int64_t> max_connections;
  std::string ca_file;  ///< PEM with additional roots, or ""
  Timestamp created_at;

  /// The model name to send for `model`, if this upstream serves it: an alias's real name, else
  /// `model` itself when a glob matches or there are none.
  [[nodiscard]] std::optional<std::string> serves(std::string_view model) const;
  /// True if it may understand /messages, Anthropic's form: Anthropic itself, OpenRouter, hosts we
  /// don't know (llama.cpp, vLLM …), and whatever has "anthropic" in the path of its URL, as
  /// providers name the place where they speak it.
  [[nodiscard]] bool speaks_messages() const;
};

/// "openai" for api.openai.com and so on; "" for a host we don't know.
std::string provider_of_host(std::string_view host);

/// A known provider's base URL (PRODUCT §8). One that needs no key is a server on this machine,
/// whose calls cost nothing.
struct Preset {
  std::string_view name;
  std::string_view url;
  std::string_view provider;
  bool needs_key;
  /// The environment variable that its own documentation keeps the secret in, or "".
  std::string_view key_env = {};
};
/// All presets, in the order they are shown.
const std::vector<Preset>& presets();
const Preset* find_preset(std::string_view name);

}  // namespace nufi::domain
