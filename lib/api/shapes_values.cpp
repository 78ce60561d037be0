// Money, rates and token buckets, and the writer that keeps money exact: nlohmann's own prints one
// double in a thousand with seventeen digits (0.00000491 as 4.9099999999999996e-06).
#include "lib/api/fields.hpp"

#include <charconv>
#include <cmath>

namespace nufi::api {

using domain::Bucket;
using domain::Money;

namespace {

constexpr std::int64_t kNanosPerUsd = 1'000'000'000;

void write_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  // Shortest digits that read back as the same double, without an exponent: exact for every
  // amount of money below 8 million USD. 400 characters hold the longest double.
  char digits[400];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed);
  out.append(digits, end.ptr);
}

void line_break(std::string& out, int indent, int depth) {
  if (indent < 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
}

void write(std::string& out, const Json& json, int indent, int depth) {
  if (json.is_number_float()) {
    write_number(out, json.get<double>());
    return;
  }
  if (!json.is_structured() || json.empty()) {
    // Foreign bytes (a model's name) must not stop a report.
    out += json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
    return;
  }
  out += json.is_object() ? '{' : '[';
  bool first = true;
  for (const auto& [name, value] : json.items()) {
    if (!first) out += ',';
    first = false;
    line_break(out, indent, depth + 1);
    if (json.is_object()) {
      out += Json(name).dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
      out += indent < 0 ? ":" : ": ";
    }
    write(out, value, indent, depth + 1);
  }
  line_break(out, indent, depth);
  out += json.is_object() ? '}' : ']';
}

[[noreturn]] void not_an_amount(std::string_view field, std::string_view why) {
  throw Error(Errc::invalid, std::string(field) + " must be " + std::string(why));
}

}  // namespace

std::string to_text(const Json& json, int indent) {
  std::string out;
  write(out, json, indent, /*depth=*/0);
  return out;
}

Json money_to_json(Money amount) {
  if (amount.nanos() % kNanosPerUsd == 0) return Json(amount.nanos() / kNanosPerUsd);
  // Both sides are exact doubles (below 2^53), so the quotient is the double nearest to the amount.
  return Json(static_cast<double>(amount.nanos()) / static_cast<double>(kNanosPerUsd));
}

Money money_from_json(const Json& json, std::string_view field) {
  if (!json.is_number()) not_an_amount(field, "a number (USD)");
  constexpr std::int64_t kMost = 9'000'000'000;
  const double value = json.get<double>();
  if (!(std::abs(value) <= static_cast<double>(kMost))) {
    not_an_amount(field, "less than 9 billion USD");
  }
  if (json.is_number_integer()) return Money::nanos(json.get<std::int64_t>() * kNanosPerUsd);
  const std::int64_t nanos = std::llround(static_cast<long double>(value) * kNanosPerUsd);
  // A few units in the last place are a client's arithmetic (0.1 + 0.2), not a tenth digit.
  const long double error = std::abs(static_cast<long double>(value) * kNanosPerUsd - nanos);
  const long double slack = std::abs(static_cast<long double>(value)) * kNanosPerUsd * 1e-15L;
  if (error > slack) not_an_amount(field, "given to at most nine digits after the point");
  return Money::nanos(nanos);
}

domain::Rate read_rate(const Json& json, std::string_view field) {
  const Money rate = money_from_json(json, field);
  if (rate < Money::zero()) not_an_amount(field, "0 or more");
  return rate.nanos();
}

namespace {

domain::Rates rates_of(Fields& fields) {
  domain::Rates rates;
  for (const Bucket bucket : domain::kBuckets) {
    rates.own(bucket) = fields.maybe(domain::bucket_name(bucket), read_rate);
  }
  return rates;
}

enum class Others { ignore, refuse };

std::vector<domain::ContextTier> tiers_of(const Json& json, std::string_view field, Others others) {
  if (!json.is_array()) not_an_amount(field, "a list");
  std::vector<domain::ContextTier> tiers;
  for (const Json& item : json) {
    Fields fields(item, field);
    domain::ContextTier tier;
    tier.above_tokens = fields.need("above_tokens", read_integer);
    tier.rates = fields.need("rates", others == Others::refuse ? read_rates_strictly : read_rates);
    if (others == Others::refuse) fields.refuse_others();
    tiers.push_back(std::move(tier));
  }
  return tiers;
}

}  // namespace

domain::Rates read_rates(const Json& json, std::string_view field) {
  Fields fields(json, field);
  return rates_of(fields);
}

domain::Rates read_rates_strictly(const Json& json, std::string_view field) {
  Fields fields(json, field);
  const domain::Rates rates = rates_of(fields);
  fields.refuse_others();
  return rates;
}

std::vector<domain::ContextTier> read_tiers(const Json& json, std::string_view field) {
  return tiers_of(json, field, Others::ignore);
}

std::vector<domain::ContextTier> read_tiers_strictly(const Json& json, std::string_view field) {
  return tiers_of(json, field, Others::refuse);
}

Json rates_to_json(const domain::Rates& rates) {
  Json json = Json::object();
  for (const Bucket bucket : domain::kBuckets) {
    const auto& rate = rates.own(bucket);
    json[std::string(domain::bucket_name(bucket))] =
        rate ? money_to_json(Money::nanos(*rate)) : Json(nullptr);
  }
  return json;
}

Json tiers_to_json(const std::vector<domain::ContextTier>& tiers) {
  Json json = Json::array();
  for (const domain::ContextTier& tier : tiers) {
    json.push_back(Json{{"above_tokens", tier.above_tokens}, {"rates", rates_to_json(tier.rates)}});
  }
  return json;
}

Json usage_tokens_to_json(const domain::Usage& usage) {
  Json json = Json::object();
  for (const Bucket bucket : domain::kBuckets) {
    json[std::string(domain::bucket_name(bucket))] = usage[bucket];
  }
  return json;
}

domain::Usage read_usage(const Json& json, std::string_view field) {
  Fields fields(json, field);
  domain::Usage usage;
  for (const Bucket bucket : domain::kBuckets) {
    usage[bucket] = fields.get(domain::bucket_name(bucket), read_integer);
  }
  return usage;
}

Json error_to_json(const Error& error) {
  return Json{{"error",
               {{"message", error.what()},
                {"hint", text_or_null(error.hint())},
                {"code", errc_name(error.code())}}}};
}

Error error_from_json(const Json& json) {
  const auto text = [](const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (json.is_object()) {
    const auto body = json.find("error");
    if (body != json.end() && body->is_object() && !text(*body, "message").empty()) {
      return Error(
          errc_from_name(text(*body, "code")), text(*body, "message"), text(*body, "hint"));
    }
  }
  return Error(Errc::internal, "nufid sent an answer that nufi can't read");
}

Json list_to_json(const Json& items, const std::optional<std::string>& next) {
  return Json{{"data", items}, {"next", value_or_null(next)}};
}

}  // namespace nufi::api
