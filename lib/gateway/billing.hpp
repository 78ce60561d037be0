#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/budget.hpp"
#include "lib/gateway/gateway.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// What chat apps ask to show a budget: GET dashboard/billing/subscription and …/usage, in the form
/// that OpenAI's own site once used. Both tell of the asking key alone.
namespace nufi::gateway {

/// "subscription" or "usage", "" if `path` is neither. Apps ask with and without /v1.
std::string_view billing_subject(std::string_view path);

/// Body of subscription: the key's budget as the limit, a very large one if it has none; the key's
/// expiry as the end of access.
std::string subscription_body(const domain::Key& key);

/// Body of usage: what the key spent in the running cycle of its budget (`window`), in cents. Days
/// of the past are in the reports, which the data plane does not read: a range that begins later
/// than the cycle is told the whole cycle, and `nufi` in the body says which that is; a range that
/// lies outside of it is refused, as 0 would be a lie. Dates are "2026-11-01", `end_date` is not
/// included; absent ones are open.
std::variant<std::string, No> usage_body(const domain::Key& key,
                                         const domain::WindowState& window,
                                         std::string_view query,
                                         Timestamp now);

}  // namespace nufi::gateway
