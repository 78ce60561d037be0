#include "lib/service/audit.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace nufi::service {

namespace {

constexpr std::int64_t kMostEntries = 10'000;

/// What a thing that is not there could say as well.
bool says_nothing(std::string_view json) {
  return json == "null" || json == "false" || json == "[]";
}

}  // namespace

Facts& Facts::add(std::string_view name, std::string json, std::string hidden) {
  facts_.push_back(
      {.name = std::string(name), .json = std::move(json), .hidden = std::move(hidden)});
  return *this;
}

Facts& Facts::text(std::string_view name, std::string_view value) {
  return add(name, value.empty() ? "null" : quote_json(value));
}

Facts& Facts::number(std::string_view name, std::int64_t value) {
  return add(name, std::to_string(value));
}

Facts& Facts::number(std::string_view name, const std::optional<std::int64_t>& value) {
  return add(name, value ? std::to_string(*value) : "null");
}

Facts& Facts::flag(std::string_view name, bool value) {
  return add(name, value ? "true" : "false");
}

Facts& Facts::money(std::string_view name, const std::optional<domain::Money>& value) {
  return add(name, value ? domain::format_usd(*value) : "null");
}

Facts& Facts::time(std::string_view name, const std::optional<Timestamp>& value) {
  return add(name, value ? quote_json(format_rfc3339(*value)) : "null");
}

Facts& Facts::list(std::string_view name, const std::vector<std::string>& value) {
  std::string json;
  for (const std::string& item : value) json += (json.empty() ? "" : ",") + quote_json(item);
  return add(name, "[" + json + "]");
}

Facts& Facts::decimal(std::string_view name, std::string value) {
  return add(name, std::move(value));
}

Facts& Facts::limits(const domain::SpendLimits& value) {
  money("budget_usd", value.budget);
  text("budget_period", domain::period_name(value.budget_period));
  number("token_limit", value.token_limit);
  return text("token_limit_period", domain::period_name(value.token_period));
}

Facts& Facts::secret(std::string_view name, std::string_view shown, std::string value) {
  return add(name, shown.empty() ? "null" : quote_json(shown), std::move(value));
}

const Facts::Fact* Facts::find(const std::string& name) const {
  const auto found = std::find_if(
      facts_.begin(), facts_.end(), [&](const Fact& fact) { return fact.name == name; });
  return found == facts_.end() ? nullptr : &*found;
}

std::string Facts::but_for(const Facts& other) const {
  if (empty()) return "";
  std::string json;
  for (const Fact& fact : facts_) {
    const Fact* same = other.find(fact.name);
    if (same == nullptr ? says_nothing(fact.json) : *same == fact) continue;
    json += fmt::format("{}{}:{}", json.empty() ? "" : ",", quote_json(fact.name), fact.json);
  }
  return "{" + json + "}";
}

store::AuditEntry audit_change(const Context& context,
                               const Actor& actor,
                               std::string action,
                               const AuditSubject& subject,
                               const Facts& before,
                               const Facts& after) {
  return {.time = context.clock.now(),
          .actor = actor.account.text(),
          .uid = actor.uid,
          .action = std::move(action),
          .subject = subject.id,
          .before = before.but_for(after),
          .after = after.but_for(before),
          .username = actor.username,
          .subject_name = subject.name,
          .via = actor.via};
}

Page<domain::AuditView> list_audit(const Context& context,
                                   const Actor& actor,
                                   const AuditQuery& query) {
  require_admin(actor, "see the audit log");
  if (query.last < 1 || query.last > kMostEntries) {
    throw Error(Errc::invalid, fmt::format("last must be from 1 to {}", kMostEntries));
  }
  if (query.before < 0) throw Error(Errc::invalid, "before must be the id of an entry");
  auto entries = context.store.audit().newest(query.last + 1, query.before);
  Page<domain::AuditView> page;
  if (entries.size() > static_cast<std::size_t>(query.last)) {
    entries.resize(static_cast<std::size_t>(query.last));
    page.next = std::to_string(entries.back().id);
  }
  for (store::AuditEntry& entry : entries) {
    domain::AuditView view;
    view.id = entry.id;
    view.time = entry.time;
    view.account = std::move(entry.username);
    view.account_id = std::move(entry.actor);
    view.uid = entry.uid;
    view.via = std::move(entry.via);
    view.action = std::move(entry.action);
    view.subject = std::move(entry.subject);
    view.name = std::move(entry.subject_name);
    view.before = std::move(entry.before);
    view.after = std::move(entry.after);
    page.data.push_back(std::move(view));
  }
  return page;
}

}  // namespace nufi::service
