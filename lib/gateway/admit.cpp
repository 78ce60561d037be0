#include "lib/gateway/admit.hpp"

#include "lib/base/secret.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/access.hpp"
#include "lib/gateway/endpoint.hpp"

#include <algorithm>

namespace nufi::gateway {
namespace {

std::string_view bearer_of(const net::Fields& fields) {
  constexpr std::string_view kScheme = "bearer ";
  const auto value = fields.find("authorization");
  if (value.size() <= kScheme.size() ||
      !equals_ignoring_case(value.substr(0, kScheme.size()), kScheme)) {
    return {};
  }
  return trim(value.substr(kScheme.size()));
}

/// The name in "name", "name:80" or "[::1]:80"; "" if it is none of these.
std::string_view without_port(std::string_view host) {
  const bool is_bracketed = host.starts_with('[');
  const auto end = is_bracketed ? host.find(']') : std::min(host.find(':'), host.size());
  if (end == std::string_view::npos) return {};
  const auto rest = host.substr(end + (is_bracketed ? 1 : 0));
  const auto digits = rest.substr(std::min<std::size_t>(1, rest.size()));
  if (!rest.empty() && rest.front() != ':') return {};
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return {};
  return is_bracketed ? host.substr(1, end - 1) : host.substr(0, end);
}

bool is_loopback_name(std::string_view name) {
  if (name.find('%') != std::string_view::npos) return false;
  return equals_ignoring_case(name, "localhost") || to_lower(name).ends_with(".localhost") ||
         name == "::1" || domain::is_ip_allowed({"127.0.0.0/8"}, name);
}

}  // namespace

std::variant<Caller, No> identify(const net::Exchange& exchange,
                                  const Directory& directory,
                                  const Moment& now) {
  const auto& fields = exchange.head().fields;
  if (fields.count("authorization") > 1) {
    return refuse_invalid("invalid_value", "Authorization is given twice");
  }
  auto text = bearer_of(fields);
  if (speaks_messages(exchange.head().path())) {
    if (fields.count("x-api-key") > 1) {
      return refuse_invalid("invalid_value", "x-api-key is given twice");
    }
    const auto api_key = trim(fields.find("x-api-key"));
    if (!text.empty() && !api_key.empty() && text != api_key) return refuse_two_keys();
    if (text.empty()) text = api_key;
  }
  if (text.empty()) return refuse_key(domain::Denial::no_key);
  if (!domain::is_well_formed_key(text)) return refuse_key(domain::Denial::bad_key);
  const auto digest = sha256(text);
  const auto key = directory.find_key(digest);
  if (!key) return refuse_key(domain::Denial::bad_key);
  if (auto denial = domain::deny_key(*key, digest, now, exchange.client_ip())) {
    return *denial == domain::Denial::ip_not_allowed ? refuse_ip_not_allowed(exchange.client_ip())
                                                     : refuse_key(*denial);
  }
  return caller_of(key, directory, now, exchange.client_ip());
}

std::variant<Caller, No> caller_of(std::shared_ptr<const domain::Key> key,
                                   const Directory& directory,
                                   const Moment& now,
                                   std::string_view client_ip) {
  Caller caller;
  if (!key->parent.empty()) {
    caller.parent = directory.find_parent(key->parent);
    if (!caller.parent) return refuse_child(domain::Denial::key_revoked, "");
    const auto denial = client_ip.empty() ? domain::deny_state(*caller.parent, now)
                                          : domain::deny_child(*caller.parent, now, client_ip);
    if (denial) return refuse_child(*denial, caller.parent->name);
  }
  auto world = directory.world();
  const auto account = world->accounts.find(key->account);
  const auto project = world->projects.find(key->project);
  const auto group = world->groups.find(key->group);
  if (account == world->accounts.end() || project == world->projects.end() ||
      group == world->groups.end()) {
    return refuse_key(domain::Denial::bad_key);
  }
  caller.account = &account->second;
  caller.project = &project->second;
  caller.group = &group->second;
  caller.key = std::move(key);
  caller.world = std::move(world);
  return caller;
}

bool is_host_allowed(std::string_view host,
                     std::string_view local_ip,
                     const std::vector<std::string>& allowed) {
  const auto name = without_port(host);
  if (name.empty()) return false;
  if (is_loopback_name(name) || name == local_ip) return true;
  return std::any_of(allowed.begin(), allowed.end(), [&](const auto& each) {
    return equals_ignoring_case(each, name) || equals_ignoring_case(each, host);
  });
}

}  // namespace nufi::gateway
