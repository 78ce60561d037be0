#pragma once

#include "lib/api/shapes.hpp"
#include "lib/base/clock.hpp"
#include "lib/domain/cycle.hpp"
#include "lib/domain/ledger_row.hpp"
#include "lib/domain/terms.hpp"
#include "lib/domain/usage.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Inside lib/api only: how the shapes read a JSON object strictly and write what may be absent.
namespace nufi::api {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// One value of a field. Each throws Error{invalid} naming `field` when the type is another.
std::string read_text(const Json& json, std::string_view field);
std::int64_t read_integer(const Json& json, std::string_view field);
double read_number(const Json& json, std::string_view field);
bool read_flag(const Json& json, std::string_view field);
Timestamp read_time(const Json& json, std::string_view field);
domain::Period read_budget_period(const Json& json, std::string_view field);
domain::Period read_token_period(const Json& json, std::string_view field);
std::vector<std::string> read_texts(const Json& json, std::string_view field);
Pairs read_pairs(const Json& json, std::string_view field);  ///< an object of strings
domain::Usage read_usage(const Json& json, std::string_view field);
domain::RowStatus read_row_status(const Json& json, std::string_view field);
domain::CostBasis read_cost_basis(const Json& json, std::string_view field);
/// Milliseconds as microseconds.
std::int64_t read_ms_as_us(const Json& json, std::string_view field);
domain::Rate read_rate(const Json& json, std::string_view field);
/// Lenient for views (a newer nufid may know more buckets), strict for wishes.
domain::Rates read_rates(const Json& json, std::string_view field);
domain::Rates read_rates_strictly(const Json& json, std::string_view field);
std::vector<domain::ContextTier> read_tiers(const Json& json, std::string_view field);
std::vector<domain::ContextTier> read_tiers_strictly(const Json& json, std::string_view field);

/// Reads one of the words that `parse` knows; the message lists `words`.
template <class T, class Parse>
T read_word(const Json& json, std::string_view field, Parse parse, std::string_view words) {
  const auto value = parse(read_text(json, field));
  if (!value) {
    throw Error(Errc::invalid, std::string(field) + " must be one of " + std::string(words));
  }
  return *value;
}

/// The fields of one object; remembers which were asked for, so that unknown ones can be refused.
class Fields {
 public:
  /// Throws Error{invalid} if `json` is not an object; `what` names it.
  Fields(const Json& json, std::string_view what);

  /// The field, or nullptr if it is absent.
  const Json* find(std::string_view name);

  /// A field that must be there.
  template <class Read>
  auto need(std::string_view name, Read read) {
    const Json* value = find(name);
    if (value == nullptr || value->is_null()) missing(name);
    return read(*value, name);
  }
  /// A field whose absence (or null) means the default value.
  template <class Read>
  auto get(std::string_view name, Read read) {
    const Json* value = find(name);
    using T = decltype(read(*value, name));
    return value == nullptr || value->is_null() ? T{} : read(*value, name);
  }
  /// A field whose absence (or null) means "none".
  template <class Read>
  auto maybe(std::string_view name, Read read) {
    const Json* value = find(name);
    using T = decltype(read(*value, name));
    return value == nullptr || value->is_null() ? std::optional<T>{}
                                                : std::optional<T>{read(*value, name)};
  }
  /// A wish: absent keeps, null clears, a value sets.
  template <class Read>
  auto change(std::string_view name, Read read) {
    const Json* value = find(name);
    using T = decltype(read(*value, name));
    if (value == nullptr) return domain::Change<T>{};
    if (value->is_null()) return domain::Change<T>::clear();
    return domain::Change<T>::set(read(*value, name));
  }
  /// Throws Error{invalid} for a field nobody asked for; the hint names the nearest known one.
  void refuse_others() const;

 private:
  [[noreturn]] void missing(std::string_view name) const;

  const Json& json_;
  std::string what_;
  std::vector<std::string> asked_;
};

/// A list whose items are read by `read`; absent is empty.
template <class T, class Read>
std::vector<T> read_list(Fields& fields, std::string_view name, Read read) {
  std::vector<T> list;
  const Json* json = fields.find(name);
  if (json == nullptr || json->is_null()) return list;
  if (!json->is_array()) throw Error(Errc::invalid, std::string(name) + " must be a list");
  for (const Json& item : *json) list.push_back(read(item));
  return list;
}

/// Microseconds as milliseconds; -1 is null.
Json us_to_ms(std::int64_t us);
Json time_or_null(const std::optional<Timestamp>& instant);
Json text_or_null(std::string_view text);  ///< "" is null
Json pairs_to_json(const Pairs& pairs);
Json usage_tokens_to_json(const domain::Usage& usage);
Json rates_to_json(const domain::Rates& rates);
Json tiers_to_json(const std::vector<domain::ContextTier>& tiers);

template <class T>
Json value_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

/// Writes a wish: nothing when it keeps, null when it clears.
template <class T, class Write>
void put_change(Json& json, const char* name, const domain::Change<T>& change, Write write) {
  if (change.clears()) json[name] = nullptr;
  if (change.sets()) json[name] = write(change.value());
}
template <class T>
void put_change(Json& json, const char* name, const domain::Change<T>& change) {
  put_change(json, name, change, [](const T& value) { return Json(value); });
}

/// budget_usd … tokens_remaining: the part that keys and accounts share (PRODUCT §4).
void put_standing(Json& json, const domain::Standing& standing);
domain::Standing read_standing(Fields& fields);
/// budget_usd … token_limit_period of a wish, and reset_spend.
template <class Terms>
void put_limit_changes(Json& json, const Terms& terms) {
  const auto period = [](domain::Period value) { return Json(domain::period_name(value)); };
  put_change(json, "budget_usd", terms.budget, money_to_json);
  put_change(json, "budget_period", terms.budget_period, period);
  put_change(json, "token_limit", terms.token_limit);
  put_change(json, "token_limit_period", terms.token_limit_period, period);
  if (terms.reset_spend) json["reset_spend"] = true;
}
template <class Terms>
void read_limit_changes(Fields& fields, Terms& terms) {
  terms.budget = fields.change("budget_usd", money_from_json);
  terms.budget_period = fields.change("budget_period", read_budget_period);
  terms.token_limit = fields.change("token_limit", read_integer);
  terms.token_limit_period = fields.change("token_limit_period", read_token_period);
  terms.reset_spend = fields.get("reset_spend", read_flag);
}

}  // namespace nufi::api
