#include "lib/domain/upstream.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace nufi::domain {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(Errc::invalid, "the url " + what, "write it like https://api.openai.com/v1");
}

std::uint16_t default_port(bool tls) {
  return tls ? 443 : 80;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_host(std::string_view host) {
  constexpr std::size_t kLongestHost = 253;
  if (host.empty() || host.size() > kLongestHost || host.front() == '.' || host.front() == '-') {
    return false;
  }
  return host.find("..") == std::string_view::npos &&
         std::all_of(host.begin(), host.end(), is_host_character);
}

bool is_ipv6(const std::string& host) {
  std::array<std::uint8_t, 16> bytes{};
  return inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

/// Takes "https://" or "http://" off the front; true for https.
bool take_scheme(std::string_view& url) {
  const std::size_t end = url.find("://");
  const std::string scheme = to_lower(url.substr(0, end));
  if (end == std::string_view::npos || (scheme != "https" && scheme != "http")) {
    refuse("must begin with https:// or http://");
  }
  url.remove_prefix(end + 3);
  return scheme == "https";
}

std::uint16_t parse_port(std::string_view digits) {
  const auto port = parse_integer(digits);
  if (!port || *port < 1 || *port > 65535) refuse("has a port that is not from 1 to 65535");
  return static_cast<std::uint16_t>(*port);
}

void check_path(std::string_view path) {
  for (const char c : path) {
    if (c <= ' ' || c >= 0x7F || c == '\\')
      refuse("has a character in its path that must be escaped");
  }
  for (const std::string& part : split(path, '/')) {
    if (part == "." || part == "..") refuse("has a dot segment in its path");
  }
}

}  // namespace

std::string_view secret_kind_name(SecretKind kind) noexcept {
  switch (kind) {
    case SecretKind::none:
      return "none";
    case SecretKind::stored:
      return "stored";
    case SecretKind::env:
      return "env";
    case SecretKind::file:
      return "file";
    case SecretKind::command:
      return "command";
  }
  return "";
}

std::optional<SecretKind> secret_kind_from_name(std::string_view name) noexcept {
  for (const SecretKind kind : {SecretKind::none,
                                SecretKind::stored,
                                SecretKind::env,
                                SecretKind::file,
                                SecretKind::command}) {
    if (secret_kind_name(kind) == name) return kind;
  }
  return std::nullopt;
}

BaseUrl BaseUrl::parse(std::string_view url) {
  BaseUrl out;
  out.tls = take_scheme(url);
  if (url.find_first_of("?#") != std::string_view::npos)
    refuse("must have no query and no fragment");
  const std::size_t slash = url.find('/');
  std::string_view authority = url.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) refuse("must have no user name or password");

  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    out.host = to_lower(authority.substr(1, end == std::string_view::npos ? end : end - 1));
    if (end == std::string_view::npos || !is_ipv6(out.host)) refuse("has a broken ipv6 address");
    authority.remove_prefix(end + 1);
  } else {
    const std::size_t colon = authority.find(':');
    out.host = to_lower(authority.substr(0, colon));
    if (!is_host(out.host)) refuse("has no valid host");
    authority.remove_prefix(std::min(colon, authority.size()));
  }
  out.port = default_port(out.tls);
  if (!authority.empty()) {
    if (authority.front() != ':') refuse("has no valid host");
    out.port = parse_port(authority.substr(1));
  }

  std::string_view path = slash == std::string_view::npos ? "" : url.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  check_path(path);
  out.path = path;
  return out;
}

std::string BaseUrl::text() const {
  return std::string(tls ? "https://" : "http://") + authority() + path;
}

std::string BaseUrl::authority() const {
  if (port == default_port(tls)) return bracketed(host);
  return bracketed(host) + ":" + std::to_string(port);
}

std::optional<std::string> Upstream::serves(std::string_view model) const {
  for (const auto& [alias, real] : aliases) {
    if (alias == model) return real;
  }
  const bool matches =
      models.empty() || std::any_of(models.begin(), models.end(), [model](const std::string& glob) {
        return glob_match(glob, model);
      });
  if (!matches) return std::nullopt;
  return std::string(model);
}

bool Upstream::speaks_messages() const {
  if (built_in) return false;
  const auto parts = split(url.path, '/');
  return provider.empty() || provider == "anthropic" || provider == "openrouter" ||
         std::find(parts.begin(), parts.end(), "anthropic") != parts.end();
}

std::string provider_of_host(std::string_view host) {
  struct Known {
    std::string_view host;
    std::string_view provider;
  };
  static constexpr std::array kKnown = {
      Known{"api.openai.com", "openai"},
      Known{"api.anthropic.com", "anthropic"},
      Known{"generativelanguage.googleapis.com", "google"},
      Known{"api.mistral.ai", "mistral"},
      Known{"codestral.mistral.ai", "mistral"},
      Known{"api.deepseek.com", "deepseek"},
      Known{"api.x.ai", "xai"},
      Known{"api.groq.com", "groq"},
      Known{"api.together.xyz", "together"},
      Known{"api.together.ai", "together"},
      Known{"api.cohere.com", "cohere"},
      Known{"api.cohere.ai", "cohere"},
      Known{"dashscope.aliyuncs.com", "qwen"},
      Known{"dashscope-intl.aliyuncs.com", "qwen"},
      Known{"dashscope-us.aliyuncs.com", "qwen"},
      Known{"openrouter.ai", "openrouter"},
  };
  for (const Known& known : kKnown) {
    if (equals_ignoring_case(known.host, host)) return std::string(known.provider);
  }
  return "";
}

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {
      {"openai", "https://api.openai.com/v1", "openai", true, "OPENAI_API_KEY"},
      {"anthropic", "https://api.anthropic.com/v1", "anthropic", true, "ANTHROPIC_API_KEY"},
      {"openrouter", "https://openrouter.ai/api/v1", "openrouter", true, "OPENROUTER_API_KEY"},
      {"ollama", "http://127.0.0.1:11434/v1", "", false},
      {"llamacpp", "http://127.0.0.1:8080/v1", "", false},
      {"vllm", "http://127.0.0.1:8000/v1", "", false},
      {"lmstudio", "http://127.0.0.1:1234/v1", "", false},
      {"groq", "https://api.groq.com/openai/v1", "groq", true, "GROQ_API_KEY"},
      {"mistral", "https://api.mistral.ai/v1", "mistral", true, "MISTRAL_API_KEY"},
      {"deepseek", "https://api.deepseek.com", "deepseek", true, "DEEPSEEK_API_KEY"},
      {"together", "https://api.together.ai/v1", "together", true, "TOGETHER_API_KEY"},
      {"gemini",
       "https://generativelanguage.googleapis.com/v1beta/openai",
       "google",
       true,
       "GEMINI_API_KEY"},
  };
  return all;
}

const Preset* find_preset(std::string_view name) {
  for (const Preset& preset : presets()) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

}  // namespace nufi::domain
