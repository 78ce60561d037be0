#pragma once

#include "lib/base/even_clock.hpp"
#include "lib/domain/account.hpp"
#include "lib/domain/key.hpp"
#include "lib/domain/verdict.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::domain {

/// May `key` call at all at `now`? std::nullopt = yes. Budgets and addresses are not looked at
/// here.
std::optional<Denial> deny_state(const Key& key, const Moment& now);

/// May who sent the key text with `digest`, one of the two of `key`, call at `now` from `client_ip`
/// (textual IPv4 or IPv6)? std::nullopt = yes. Budgets are not looked at here.
std::optional<Denial> deny_key(const Key& key,
                               const Sha256& digest,
                               const Moment& now,
                               std::string_view client_ip);

/// May a child of `parent` call at `now` from `client_ip`? std::nullopt = yes.
std::optional<Denial> deny_child(const Key& parent, const Moment& now, std::string_view client_ip);

/// False for a model name that some server could read as another one than we do, and so pass an
/// allowlist: a control or invisible character, what stands for text that is not UTF-8, white space
/// at an end, a path that climbs back ("a/../b"), what ends or escapes a path (? # %).
bool is_plain_model_name(std::string_view model);

/// Whose allowed models do not have `model` (byte for byte, case counts): "key", "parent key",
/// "project" or "group", the first of them; "" if all allow it. `parent` may be null.
std::string_view who_forbids(const Key& key,
                             const Key* parent,
                             const Project& project,
                             const Group& group,
                             std::string_view model);

/// True if `ip` lies in one of `cidrs` ("10.0.0.0/8", "::1", "192.168.1.7"); an IPv4-mapped IPv6
/// address counts as its IPv4 one. Empty list = true; an unreadable ip = false.
bool is_ip_allowed(const std::vector<std::string>& cidrs, std::string_view ip);

/// True if `text` is an address or a CIDR block.
bool is_valid_cidr(std::string_view text);

}  // namespace nufi::domain
