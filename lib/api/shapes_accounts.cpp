#include "lib/api/fields.hpp"
#include "lib/base/text.hpp"

namespace nufi::api {

using domain::Money;

namespace {

constexpr Timestamp kNever = Timestamp::max();  ///< the end of a `total` cycle

Json reset_of(const domain::Cycle& cycle) {
  if (cycle.end == Timestamp{}) return Json(nullptr);  // no cycle was begun
  return time_or_null(cycle.resets_at());
}

domain::Role read_role(const Json& json, std::string_view field) {
  const auto parse = [](std::string_view name) -> std::optional<domain::Role> {
    if (name == "admin") return domain::Role::admin;
    if (name == "member") return domain::Role::member;
    return std::nullopt;
  };
  return read_word<domain::Role>(json, field, parse, "admin, member");
}

}  // namespace

void put_standing(Json& json, const domain::Standing& standing) {
  const domain::SpendLimits& limits = standing.limits;
  const Money spent = Money::nanos(standing.usd.spent);
  json["budget_usd"] = limits.budget ? money_to_json(*limits.budget) : Json(nullptr);
  json["budget_period"] = domain::period_name(limits.budget_period);
  json["spent_usd"] = money_to_json(spent);
  json["held_usd"] = money_to_json(Money::nanos(standing.usd.held));
  json["remaining_usd"] = limits.budget ? money_to_json(*limits.budget - spent) : Json(nullptr);
  json["budget_resets_at"] = reset_of(standing.usd.cycle);
  json["token_limit"] = value_or_null(limits.token_limit);
  json["token_limit_period"] = domain::period_name(limits.token_period);
  json["tokens_used"] = standing.tokens.spent;
  json["tokens_held"] = standing.tokens.held;
  json["tokens_remaining"] =
      limits.token_limit ? Json(*limits.token_limit - standing.tokens.spent) : Json(nullptr);
}

domain::Standing read_standing(Fields& fields) {
  domain::Standing standing;
  domain::SpendLimits& limits = standing.limits;
  limits.budget = fields.maybe("budget_usd", money_from_json);
  limits.budget_period =
      fields.maybe("budget_period", read_budget_period).value_or(domain::Period::month);
  standing.usd.spent = fields.get("spent_usd", money_from_json).nanos();
  standing.usd.held = fields.get("held_usd", money_from_json).nanos();
  standing.usd.cycle.end = fields.maybe("budget_resets_at", read_time).value_or(kNever);
  limits.token_limit = fields.maybe("token_limit", read_integer);
  limits.token_period =
      fields.maybe("token_limit_period", read_token_period).value_or(domain::Period::month);
  standing.tokens.spent = fields.get("tokens_used", read_integer);
  standing.tokens.held = fields.get("tokens_held", read_integer);
  standing.tokens.cycle.end = kNever;
  return standing;
}

Json to_json(const domain::AccountView& view) {
  const domain::Account& account = view.account;
  Json json{{"id", account.id.text()},
            {"username", account.username},
            {"uid", account.uid},
            {"name", text_or_null(account.display_name)},
            {"email", text_or_null(account.email)},
            {"role", view.role == domain::Role::admin ? "admin" : "member"},
            {"created_at", format_rfc3339(account.created_at)}};
  put_standing(json, view.standing);
  return json;
}

domain::AccountView account_from_json(const Json& json) {
  Fields fields(json, "account");
  domain::AccountView view;
  domain::Account& account = view.account;
  account.id = domain::AccountId(fields.need("id", read_text));
  account.username = fields.need("username", read_text);
  account.uid = fields.get("uid", read_integer);
  account.display_name = fields.get("name", read_text);
  account.email = fields.get("email", read_text);
  view.role = fields.maybe("role", read_role).value_or(domain::Role::member);
  account.created_at = fields.need("created_at", read_time);
  view.standing = read_standing(fields);
  account.limits = view.standing.limits;
  return view;
}

Json to_json(const domain::AccountTerms& terms) {
  Json json = Json::object();
  put_change(json, "name", terms.display_name);
  put_change(json, "email", terms.email);
  put_limit_changes(json, terms);
  return json;
}

domain::AccountTerms account_terms_from_json(const Json& json) {
  Fields fields(json, "the body");
  domain::AccountTerms terms;
  terms.display_name = fields.change("name", read_text);
  terms.email = fields.change("email", read_text);
  read_limit_changes(fields, terms);
  fields.refuse_others();
  return terms;
}

Json to_json(const domain::ProfileView& view) {
  Json json = to_json(view.account);
  json["week"] = to_json(view.week);
  return json;
}

domain::ProfileView profile_from_json(const Json& json) {
  Fields fields(json, "profile");
  domain::ProfileView view;
  view.account = account_from_json(json);
  const auto read_week = [](const Json& week, std::string_view) { return usage_from_json(week); };
  view.week = fields.get("week", read_week);
  return view;
}

}  // namespace nufi::api
