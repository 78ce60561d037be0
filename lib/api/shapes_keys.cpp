#include "lib/api/fields.hpp"
#include "lib/base/text.hpp"

namespace nufi::api {

using domain::Enforce;
using domain::KeyState;

namespace {

Enforce read_enforce(const Json& json, std::string_view field) {
  return read_word<Enforce>(json, field, domain::enforce_from_name, "strict, soft");
}

KeyState read_state(const Json& json, std::string_view field) {
  return read_word<KeyState>(
      json, field, domain::key_state_from_name, "active, disabled, expired, exhausted, revoked");
}

}  // namespace

Json to_json(const domain::KeyView& view) {
  const domain::Key& key = view.key;
  Json json{{"id", key.id.text()},
            {"name", key.name},
            {"masked", key.masked},
            {"status", domain::key_state_name(view.state)},
            {"archived", key.archived},
            {"account", view.account},
            {"project", view.project},
            {"group", view.group},
            {"created_at", format_rfc3339(key.created_at)},
            {"last_used_at", time_or_null(key.last_used_at)},
            {"expires_at", time_or_null(key.expires_at)},
            {"revoked_at", time_or_null(key.revoked_at)}};
  put_standing(json, view.standing);
  json["rpm"] = value_or_null(key.rpm);
  json["tpm"] = value_or_null(key.tpm);
  json["max_parallel"] = value_or_null(key.max_parallel);
  json["allowed_models"] = key.allowed_models;
  json["allowed_ips"] = key.allowed_ips;
  json["enforce"] = domain::enforce_name(key.enforce);
  json["trace"] = key.trace;
  json["trace_errors_only"] = key.trace_errors_only;
  json["rotated_at"] = time_or_null(key.rotated_at);
  json["overlap_ends_at"] = time_or_null(domain::overlap_end(key));
  json["parent"] = text_or_null(key.parent.text());
  json["lease_expires_at"] = time_or_null(key.lease_expires_at);
  if (view.secret) json["key"] = view.secret->expose();
  return json;
}

domain::KeyView key_from_json(const Json& json) {
  Fields fields(json, "key");
  domain::KeyView view;
  domain::Key& key = view.key;
  key.id = domain::KeyId(fields.need("id", read_text));
  key.name = fields.need("name", read_text);
  key.masked = fields.get("masked", read_text);
  view.state = fields.need("status", read_state);
  key.archived = fields.get("archived", read_flag);
  view.account = fields.get("account", read_text);
  view.project = fields.get("project", read_text);
  view.group = fields.get("group", read_text);
  key.created_at = fields.need("created_at", read_time);
  key.last_used_at = fields.maybe("last_used_at", read_time);
  key.expires_at = fields.maybe("expires_at", read_time);
  key.revoked_at = fields.maybe("revoked_at", read_time);
  view.standing = read_standing(fields);
  key.limits = view.standing.limits;
  key.disabled = view.state == KeyState::disabled;
  key.rpm = fields.maybe("rpm", read_integer);
  key.tpm = fields.maybe("tpm", read_integer);
  key.max_parallel = fields.maybe("max_parallel", read_integer);
  key.allowed_models = fields.get("allowed_models", read_texts);
  key.allowed_ips = fields.get("allowed_ips", read_texts);
  key.enforce = fields.get("enforce", read_enforce);
  key.trace = fields.get("trace", read_flag);
  key.trace_errors_only = fields.get("trace_errors_only", read_flag);
  key.rotated_at = fields.maybe("rotated_at", read_time);
  if (const auto end = fields.maybe("overlap_ends_at", read_time)) {
    key.former = domain::FormerSecret{{}, {}, *end};
  }
  key.parent = domain::KeyId(fields.get("parent", read_text));
  key.lease_expires_at = fields.maybe("lease_expires_at", read_time);
  if (auto secret = fields.maybe("key", read_text)) view.secret = Secret(std::move(*secret));
  return view;
}

Json to_json(const domain::KeyTerms& terms) {
  Json json = Json::object();
  put_change(json, "name", terms.name);
  put_change(json, "project", terms.project);
  put_change(json, "group", terms.group);
  put_limit_changes(json, terms);
  put_change(json, "rpm", terms.rpm);
  put_change(json, "tpm", terms.tpm);
  put_change(json, "max_parallel", terms.max_parallel);
  put_change(json, "allowed_models", terms.allowed_models);
  put_change(json, "allowed_ips", terms.allowed_ips);
  put_change(json, "expires_at", terms.expires_at, format_rfc3339);
  put_change(json, "enforce", terms.enforce, domain::enforce_name);
  put_change(json, "trace", terms.trace);
  put_change(json, "trace_errors_only", terms.trace_errors_only);
  put_change(json, "parent", terms.parent);
  put_change(json, "lease_seconds", terms.lease_seconds);
  return json;
}

domain::KeyTerms key_terms_from_json(const Json& json) {
  Fields fields(json, "the body");
  domain::KeyTerms terms;
  terms.name = fields.change("name", read_text);
  terms.project = fields.change("project", read_text);
  terms.group = fields.change("group", read_text);
  read_limit_changes(fields, terms);
  terms.rpm = fields.change("rpm", read_integer);
  terms.tpm = fields.change("tpm", read_integer);
  terms.max_parallel = fields.change("max_parallel", read_integer);
  terms.allowed_models = fields.change("allowed_models", read_texts);
  terms.allowed_ips = fields.change("allowed_ips", read_texts);
  terms.expires_at = fields.change("expires_at", read_time);
  terms.enforce = fields.change("enforce", read_enforce);
  terms.trace = fields.change("trace", read_flag);
  terms.trace_errors_only = fields.change("trace_errors_only", read_flag);
  terms.parent = fields.change("parent", read_text);
  terms.lease_seconds = fields.change("lease_seconds", read_integer);
  fields.refuse_others();
  return terms;
}

Json to_json(const RotateTerms& terms) {
  return {{"overlap_seconds", terms.overlap.count()}};
}

RotateTerms rotate_terms_from_json(const Json& json) {
  Fields fields(json, "the body");
  RotateTerms terms;
  terms.overlap = std::chrono::seconds(fields.get("overlap_seconds", read_integer));
  fields.refuse_others();
  return terms;
}

Json to_json(const LeaseTerms& terms) {
  return {{"lease_seconds", terms.lease.count()}};
}

LeaseTerms lease_terms_from_json(const Json& json) {
  Fields fields(json, "the body");
  LeaseTerms terms;
  terms.lease = std::chrono::seconds(fields.need("lease_seconds", read_integer));
  fields.refuse_others();
  return terms;
}

Json to_json(const CheckTerms& terms) {
  return {{"model", terms.model}, {"tokens", terms.tokens}};
}

CheckTerms check_terms_from_json(const Json& json) {
  Fields fields(json, "the body");
  CheckTerms terms;
  terms.model = fields.need("model", read_text);
  terms.tokens = fields.get("tokens", read_integer);
  fields.refuse_others();
  return terms;
}

Json to_json(const domain::CheckView& view) {
  const auto& refusal = view.refusal;
  const bool usd = refusal && refusal->window.metric == domain::Metric::usd;
  const bool tokens = refusal && !usd;
  const auto money = [&](std::int64_t amount) {
    return usd ? money_to_json(domain::Money::nanos(amount)) : Json(nullptr);
  };
  const auto count = [&](std::int64_t amount) { return tokens ? Json(amount) : Json(nullptr); };
  const auto state = refusal ? refusal->state : domain::WindowState{};
  const std::int64_t limit = refusal ? refusal->limit : 0;
  const auto resets_at = refusal ? state.cycle.resets_at() : view.rate_resets_at;
  return {
      {"allowed", view.allowed},
      {"reason", text_or_null(view.reason)},
      {"limit",
       refusal ? Json(domain::scope_name(refusal->window.scope)) : text_or_null(view.rate_owner)},
      {"message", text_or_null(view.message)},
      {"limit_usd", money(limit)},
      {"spent_usd", money(state.spent)},
      {"held_usd", money(state.held)},
      {"limit_tokens", count(limit)},
      {"spent_tokens", count(state.spent)},
      {"held_tokens", count(state.held)},
      {"in_flight", refusal ? Json(state.in_flight) : Json(nullptr)},
      {"resets_at", time_or_null(resets_at)},
      {"ask_usd", money_to_json(view.ask_usd)},
      {"ask_tokens", view.ask_tokens},
      {"context_window", view.context_window ? Json(*view.context_window) : Json(nullptr)}};
}

domain::CheckView check_from_json(const Json& json) {
  Fields fields(json, "check");
  domain::CheckView view;
  view.allowed = fields.need("allowed", read_flag);
  view.reason = fields.get("reason", read_text);
  view.message = fields.get("message", read_text);
  view.ask_usd = fields.get("ask_usd", money_from_json);
  view.ask_tokens = fields.get("ask_tokens", read_integer);
  view.context_window = fields.maybe("context_window", read_integer);
  const auto owner = fields.get("limit", read_text);
  const auto resets_at = fields.maybe("resets_at", read_time);
  const bool usd = fields.maybe("limit_usd", money_from_json).has_value();
  const auto scope = domain::scope_from_name(owner);
  // A rate is of a key or a group, and has no amount.
  if (!scope || (!usd && !fields.maybe("limit_tokens", read_integer))) {
    view.rate_owner = owner;
    view.rate_resets_at = resets_at;
    return view;
  }
  domain::WindowRefusal& refusal = view.refusal.emplace();
  refusal.window.scope = *scope;
  refusal.window.metric = usd ? domain::Metric::usd : domain::Metric::tokens;
  const auto amount = [&](std::string_view money, std::string_view count) {
    return usd ? fields.get(money, money_from_json).nanos() : fields.get(count, read_integer);
  };
  refusal.limit = amount("limit_usd", "limit_tokens");
  refusal.state.spent = amount("spent_usd", "spent_tokens");
  refusal.state.held = amount("held_usd", "held_tokens");
  refusal.state.in_flight = fields.get("in_flight", read_integer);
  refusal.state.cycle.end = resets_at.value_or(Timestamp::max());
  refusal.ask = usd ? view.ask_usd.nanos() : view.ask_tokens;
  return view;
}

}  // namespace nufi::api
