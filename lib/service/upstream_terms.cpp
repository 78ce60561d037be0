#include "lib/service/upstream_terms.hpp"

#include "lib/base/error.hpp"
#include "lib/base/regular_file.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/access.hpp"
#include "lib/domain/upstream_name.hpp"
#include "lib/service/key_terms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

namespace nufi::service {

namespace {

using domain::SecretKind;

constexpr std::size_t kLongestValue = 4096;
constexpr std::size_t kMostHeaders = 50;
constexpr std::int64_t kMostPriority = 1'000;
constexpr std::int64_t kMostConnections = 100'000;

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_token(std::string_view text, std::string_view also) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || also.find(c) != std::string_view::npos;
  });
}

bool is_one_line(std::string_view text) {
  return text.size() <= kLongestValue && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return c >= 0x20 && c != 0x7f;
         });
}

void apply_name(const domain::Change<std::string>& name, domain::Upstream& upstream) {
  if (name.keeps()) return;
  const std::string chosen = name.clears() ? std::string() : name.value();
  domain::check_upstream_name(chosen);
  upstream.name = chosen;
}

const domain::Preset& preset_called(const std::string& name) {
  if (const domain::Preset* preset = domain::find_preset(name)) return *preset;
  std::vector<std::string> names;
  for (const domain::Preset& one : domain::presets()) names.emplace_back(one.name);
  const auto near = closest(name, names);
  throw Error(Errc::invalid,
              "there is no preset called '" + name + "'",
              near ? "did you mean " + *near : fmt::format("one of {}", fmt::join(names, ", ")));
}

void apply_url(const domain::UpstreamTerms& terms, domain::Upstream& upstream) {
  const domain::Preset* preset = nullptr;
  if (terms.preset.sets()) {
    preset = &preset_called(terms.preset.value());
    upstream.url = domain::BaseUrl::parse(preset->url);
    upstream.provider = preset->provider;
  }
  if (terms.url.clears()) throw Error(Errc::invalid, "url must be set");
  if (terms.url.sets()) {
    upstream.url = domain::BaseUrl::parse(terms.url.value());
    if (preset == nullptr) upstream.provider = domain::provider_of_host(upstream.url.host);
  }
  // A server of one's own on this machine costs nothing by the token. Elsewhere it may be rented,
  // and a budget must not be passed because nobody said a price.
  if (preset != nullptr) upstream.free = !preset->needs_key && is_on_this_machine(upstream.url);
}

void check_reference(SecretKind kind, const std::string& reference) {
  if (reference.empty() || !is_one_line(reference)) {
    throw Error(Errc::invalid,
                fmt::format("secret_reference must say which {}", domain::secret_kind_name(kind)));
  }
  if (kind == SecretKind::env &&
      !(is_token(reference, "_") && !std::isdigit(static_cast<unsigned char>(reference[0])))) {
    throw Error(Errc::invalid,
                "secret_reference must be the name of an environment variable",
                "for example OPENAI_API_KEY, not the secret itself");
  }
  if (kind == SecretKind::file && reference.front() != '/') {
    throw Error(Errc::invalid, "secret_reference must be an absolute path");
  }
}

void apply_secret(const domain::UpstreamTerms& terms,
                  const Vault& vault,
                  domain::Upstream& upstream) {
  SecretKind kind = upstream.secret.kind;
  if (terms.secret_kind.clears()) kind = SecretKind::none;
  if (terms.secret_kind.sets()) kind = terms.secret_kind.value();
  if (terms.secret_kind.keeps() && terms.secret_text.sets()) kind = SecretKind::stored;
  const bool is_new_kind = kind != upstream.secret.kind;

  if (kind != SecretKind::stored && terms.secret_text.sets()) {
    throw Error(Errc::invalid, "secret_text only goes with secret_kind stored");
  }
  switch (kind) {
    case SecretKind::none:
      upstream.secret = {};
      return;
    case SecretKind::stored: {
      if (!terms.secret_text.sets()) {
        if (!is_new_kind && !terms.secret_text.clears()) return;
        throw Error(Errc::invalid, "secret_text must hold the secret to store");
      }
      const Secret secret{std::string(trim(terms.secret_text.value().expose()))};
      check_secret(secret);
      upstream.secret = {.kind = kind, .reference = vault.seal(upstream.id, secret)};
      return;
    }
    case SecretKind::env:
    case SecretKind::file:
    case SecretKind::command:
      if (terms.secret_reference.sets()) {
        upstream.secret = {.kind = kind, .reference = terms.secret_reference.value()};
      } else if (is_new_kind || terms.secret_reference.clears()) {
        upstream.secret = {.kind = kind, .reference = {}};
      }
      check_reference(kind, upstream.secret.reference);
      return;
  }
}

void apply_aliases(const domain::UpstreamTerms& terms, domain::Upstream& upstream) {
  if (terms.aliases.sets()) {
    std::set<std::string> seen;
    for (const auto& [alias, real] : terms.aliases.value()) {
      check_models({alias, real}, "aliases");
      const bool is_glob = alias.find_first_of("*?") != std::string::npos ||
                           real.find_first_of("*?") != std::string::npos;
      if (is_glob || !seen.insert(alias).second) {
        throw Error(Errc::invalid,
                    "aliases must be different plain names",
                    "for example --alias fast=gpt-4o-mini");
      }
    }
  }
  terms.aliases.apply_to(upstream.aliases);
}

void apply_headers(const domain::UpstreamTerms& terms, domain::Upstream& upstream) {
  // What we set ourselves, what frames a message, and what belongs to one hop.
  static constexpr std::array<std::string_view, 14> kOurs = {"authorization",
                                                             "host",
                                                             "content-length",
                                                             "transfer-encoding",
                                                             "connection",
                                                             "keep-alive",
                                                             "upgrade",
                                                             "te",
                                                             "trailer",
                                                             "expect",
                                                             "cookie",
                                                             "accept-encoding",
                                                             "proxy-authorization",
                                                             "content-type"};
  if (terms.headers.sets()) {
    if (terms.headers.value().size() > kMostHeaders) {
      throw Error(Errc::invalid, fmt::format("headers takes at most {} entries", kMostHeaders));
    }
    for (const auto& [name, value] : terms.headers.value()) {
      if (!is_token(name, "!#$%&'*+-.^_`|~") || !is_one_line(value)) {
        throw Error(Errc::invalid, "headers must be a name and one line of text each");
      }
      if (std::find(kOurs.begin(), kOurs.end(), to_lower(name)) != kOurs.end()) {
        throw Error(Errc::invalid,
                    "header '" + name + "' is set by nufid itself",
                    "the secret is given with --key-env, --key-file, --key-stdin or --key-command");
      }
    }
  }
  terms.headers.apply_to(upstream.headers);
}

std::int64_t ranged(const domain::Change<std::int64_t>& change,
                    std::int64_t now,
                    std::int64_t default_value,
                    std::int64_t least,
                    std::int64_t most,
                    std::string_view field) {
  if (change.keeps()) return now;
  if (change.clears()) return default_value;
  if (change.value() < least || change.value() > most) {
    throw Error(Errc::invalid, fmt::format("{} must be from {} to {}", field, least, most));
  }
  return change.value();
}

void apply_routing(const domain::UpstreamTerms& terms,
                   const Names& names,
                   domain::Upstream& upstream) {
  if (terms.models.sets()) check_models(terms.models.value(), "models");
  terms.models.apply_to(upstream.models);
  apply_aliases(terms, upstream);
  if (terms.groups.sets()) {
    std::vector<std::string> groups;
    for (const std::string& word : terms.groups.value()) {
      groups.push_back(names.find_group(word).name);
    }
    upstream.groups = groups;
  }
  if (terms.groups.clears()) upstream.groups.clear();
  upstream.priority =
      ranged(terms.priority, upstream.priority, 0, -kMostPriority, kMostPriority, "priority");
  upstream.weight = ranged(terms.weight, upstream.weight, 1, 1, kMostPriority, "weight");
  terms.free.apply_to(upstream.free);
  if (terms.max_connections.sets()) {
    ranged(terms.max_connections, 0, 0, 1, kMostConnections, "max_connections");
  }
  terms.max_connections.apply_to(upstream.max_connections);
}

void apply_ca_file(const domain::Change<std::string>& file, domain::Upstream& upstream) {
  if (file.sets() && !file.value().empty()) {
    if (file.value().front() != '/' || !is_one_line(file.value())) {
      throw Error(Errc::invalid, "ca_file must be an absolute path");
    }
    if (!can_read_file(file.value())) {
      throw Error(Errc::invalid,
                  "ca_file " + file.value() + " can't be read by nufid",
                  "it must be a PEM file with certificates");
    }
  }
  file.apply_to(upstream.ca_file);
}

}  // namespace

void apply(const domain::UpstreamTerms& terms,
           const Names& names,
           const Vault& vault,
           domain::Upstream& upstream) {
  apply_name(terms.name, upstream);
  apply_url(terms, upstream);
  apply_secret(terms, vault, upstream);
  apply_routing(terms, names, upstream);
  apply_headers(terms, upstream);
  apply_ca_file(terms.ca_file, upstream);
}

bool is_on_this_machine(const domain::BaseUrl& url) {
  return url.host == "localhost" || url.host.ends_with(".localhost") || url.host == "::1" ||
         domain::is_ip_allowed({"127.0.0.0/8"}, url.host);
}

std::string describe(const domain::SecretSource& source) {
  const std::string kind(domain::secret_kind_name(source.kind));
  const bool has_text = source.kind != SecretKind::none && source.kind != SecretKind::stored;
  return has_text ? kind + " " + source.reference : kind;
}

Facts facts_of(const domain::Upstream& upstream) {
  std::vector<std::string> aliases;
  for (const auto& [alias, real] : upstream.aliases) aliases.push_back(alias + "=" + real);
  std::vector<std::string> headers;
  std::string values;
  for (const auto& [name, value] : upstream.headers) {
    headers.push_back(name);
    values += name + ": " + value + "\n";
  }
  Facts facts;
  facts.text("name", upstream.name)
      .text("url", upstream.url.text())
      .secret("secret", describe(upstream.secret), upstream.secret.reference)
      .list("models", upstream.models)
      .list("aliases", aliases)
      .secret("headers", fmt::format("{}", fmt::join(headers, ", ")), values)
      .list("groups", upstream.groups)
      .number("priority", upstream.priority)
      .number("weight", upstream.weight)
      .flag("free", upstream.free)
      .number("max_connections", upstream.max_connections)
      .text("ca_file", upstream.ca_file);
  return facts;
}

}  // namespace nufi::service
