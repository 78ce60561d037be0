#include "lib/gateway/billing.hpp"

#include "lib/base/text.hpp"
#include "lib/gateway/url.hpp"
#include "lib/openai/json_walk.hpp"

#include <fmt/format.h>

#include <chrono>

namespace nufi::gateway {
namespace {

using openai::quote_json;

// Apps compute with these, so "none" must be a number too.
constexpr std::string_view kNoLimitUsd = "100000000";
constexpr std::int64_t kNoEnd = 4'102'444'800;  ///< 2100-01-01

/// A whole day covers every time zone's idea of a date.
constexpr std::chrono::hours kDay{24};

/// Nano-USD as cents, exactly: 12'345'678'900 is "1234.56789".
std::string cents(std::int64_t nanos) {
  constexpr std::int64_t kNanosPerCent = 10'000'000;
  std::string text = fmt::format("{}.{:07}", nanos / kNanosPerCent, nanos % kNanosPerCent);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

/// The value of `name` in `query`; std::nullopt if it is not there.
std::optional<std::string_view> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    return equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
  }
  return std::nullopt;
}

struct Date {
  std::optional<Timestamp> instant;  ///< none = the query does not have it
  bool is_broken = false;
};

Date read_date(std::string_view query, std::string_view name) {
  const auto text = query_value(query, name);
  if (!text || text->empty()) return {};
  // Some send one digit ("2026-9-1"): pad, as the original took it.
  std::string date;
  for (const auto& part : split(decode_path(*text).value_or("?"), '-')) {
    date += (date.empty() ? "" : "-") + (part.size() == 1 ? "0" + part : part);
  }
  const auto instant = parse_rfc3339(date);
  return {instant, !instant};
}

No refuse_date(std::string_view name) {
  return refuse_invalid(
      "invalid_value", fmt::format("{} must be a date like 2026-11-01.", name), std::string(name));
}

}  // namespace

std::string_view billing_subject(std::string_view path) {
  constexpr std::string_view kBilling = "/dashboard/billing/";
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  if (!path.starts_with(kBilling)) return {};
  path.remove_prefix(kBilling.size());
  return path == "subscription" || path == "usage" ? path : std::string_view{};
}

std::string subscription_body(const domain::Key& key) {
  const auto limit =
      key.limits.budget ? domain::format_usd(*key.limits.budget) : std::string(kNoLimitUsd);
  const auto until =
      key.expires_at
          ? std::chrono::floor<std::chrono::seconds>(*key.expires_at).time_since_epoch().count()
          : kNoEnd;
  return fmt::format(
      R"({{"object":"billing_subscription","has_payment_method":true,"canceled":false,)"
      R"("soft_limit_usd":{0},"hard_limit_usd":{0},"system_hard_limit_usd":{0},"access_until":{1},)"
      R"("account_name":{2},"plan":{{"id":"nufi","title":"nufi"}}}})",
      limit,
      until,
      quote_json(key.name));
}

std::variant<std::string, No> usage_body(const domain::Key& key,
                                         const domain::WindowState& window,
                                         std::string_view query,
                                         Timestamp now) {
  const auto start = read_date(query, "start_date");
  if (start.is_broken) return refuse_date("start_date");
  const auto end = read_date(query, "end_date");
  if (end.is_broken) return refuse_date("end_date");
  const auto& cycle = window.cycle;
  const bool is_past = end.instant && *end.instant + kDay <= cycle.start;
  const bool is_to_come = start.instant && *start.instant > now + kDay;
  if (is_past || is_to_come) {
    return refuse_invalid("invalid_value",
                          fmt::format("Only what this key spent since {} is known here. For other "
                                      "days run: nufi usage --days 90 --by day.",
                                      format_rfc3339(cycle.start)),
                          is_past ? "end_date" : "start_date");
  }
  const auto resets = cycle.resets_at();
  return fmt::format(R"({{"object":"list","total_usage":{},"daily_costs":[],)"
                     R"("nufi":{{"period":{},"from":{},"to":{},"usage_usd":{},"held_usd":{}}}}})",
                     cents(window.spent),
                     quote_json(period_name(key.limits.budget_period)),
                     quote_json(format_rfc3339(cycle.start)),
                     resets ? quote_json(format_rfc3339(*resets)) : "null",
                     domain::format_usd(domain::Money::nanos(window.spent)),
                     domain::format_usd(domain::Money::nanos(window.held)));
}

}  // namespace nufi::gateway
