#include "lib/api/fields.hpp"

#include "lib/base/text.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nufi::api {

using domain::Period;

namespace {

[[noreturn]] void wrong(std::string_view field, std::string_view expected) {
  throw Error(Errc::invalid, std::string(field) + " must be " + std::string(expected));
}

Period read_period(const Json& json, std::string_view field, bool short_ones) {
  const std::string_view words =
      short_ones ? "minute, hour, day, week, month, total" : "day, week, month, total";
  const auto period = domain::period_from_name(read_text(json, field));
  const bool is_short = period && (*period == Period::minute || *period == Period::hour);
  if (!period || (is_short && !short_ones)) wrong(field, "one of " + std::string(words));
  return *period;
}

}  // namespace

std::string read_text(const Json& json, std::string_view field) {
  if (!json.is_string()) wrong(field, "a string");
  return json.get<std::string>();
}

std::int64_t read_integer(const Json& json, std::string_view field) {
  if (json.is_number_unsigned() &&
      json.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    wrong(field, "a smaller number");
  }
  if (!json.is_number_integer()) wrong(field, "a whole number");
  return json.get<std::int64_t>();
}

double read_number(const Json& json, std::string_view field) {
  if (!json.is_number()) wrong(field, "a number");
  return json.get<double>();
}

bool read_flag(const Json& json, std::string_view field) {
  if (!json.is_boolean()) wrong(field, "true or false");
  return json.get<bool>();
}

Timestamp read_time(const Json& json, std::string_view field) {
  const auto instant = json.is_string() ? parse_rfc3339(json.get<std::string>()) : std::nullopt;
  if (!instant) wrong(field, "a time like 2026-12-31T10:00:00Z");
  return *instant;
}

Period read_budget_period(const Json& json, std::string_view field) {
  return read_period(json, field, /*short_ones=*/false);
}

Period read_token_period(const Json& json, std::string_view field) {
  return read_period(json, field, /*short_ones=*/true);
}

domain::RowStatus read_row_status(const Json& json, std::string_view field) {
  return read_word<domain::RowStatus>(
      json,
      field,
      domain::row_status_from_name,
      "running, ok, client_error, upstream_error, client_gone, cut, interrupted");
}

domain::CostBasis read_cost_basis(const Json& json, std::string_view field) {
  return read_word<domain::CostBasis>(
      json, field, domain::cost_basis_from_name, "exact, estimated, held, none");
}

std::int64_t read_ms_as_us(const Json& json, std::string_view field) {
  return std::llround(read_number(json, field) * 1000.0);
}

Json us_to_ms(std::int64_t us) {
  if (us < 0) return Json(nullptr);
  if (us % 1000 == 0) return Json(us / 1000);
  return Json(static_cast<double>(us) / 1000.0);
}

std::vector<std::string> read_texts(const Json& json, std::string_view field) {
  if (!json.is_array()) wrong(field, "a list of strings");
  std::vector<std::string> list;
  for (const Json& item : json) {
    if (!item.is_string()) wrong(field, "a list of strings");
    list.push_back(item.get<std::string>());
  }
  return list;
}

Pairs read_pairs(const Json& json, std::string_view field) {
  if (!json.is_object()) wrong(field, "an object of strings");
  Pairs pairs;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_string()) wrong(field, "an object of strings");
    pairs.emplace_back(name, value.get<std::string>());
  }
  return pairs;
}

Fields::Fields(const Json& json, std::string_view what) : json_(json), what_(what) {
  if (!json.is_object()) throw Error(Errc::invalid, what_ + " must be an object");
}

const Json* Fields::find(std::string_view name) {
  asked_.emplace_back(name);
  const auto found = json_.find(asked_.back());
  return found == json_.end() ? nullptr : &*found;
}

void Fields::missing(std::string_view name) const {
  throw Error(Errc::invalid, what_ + " has no " + std::string(name));
}

void Fields::refuse_others() const {
  for (const auto& [name, value] : json_.items()) {
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    const auto nearest = closest(name, asked_);
    throw Error(Errc::invalid,
                "unknown field '" + name + "'",
                nearest ? "did you mean " + *nearest + "?" : std::string());
  }
}

Json time_or_null(const std::optional<Timestamp>& instant) {
  return instant ? Json(format_rfc3339(*instant)) : Json(nullptr);
}

Json text_or_null(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json pairs_to_json(const Pairs& pairs) {
  Json json = Json::object();
  for (const auto& [name, value] : pairs) json[name] = value;
  return json;
}

}  // namespace nufi::api
