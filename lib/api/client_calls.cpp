// The typed calls of the client, subject by subject.
#include "lib/api/client.hpp"
#include "lib/api/fields.hpp"
#include "lib/base/text.hpp"

#include <limits>

namespace nufi::api {

namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

/// A query being written: `?a=b&c=d`, values encoded, empty ones left out.
class Query {
 public:
  Query& add(std::string_view name, const std::string& value) {
    if (value.empty()) return *this;
    text_ += text_.empty() ? '?' : '&';
    text_ += name;
    text_ += '=';
    text_ += percent_encode(value);
    return *this;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

template <class T, class Read>
std::vector<T> each(const std::vector<Json>& items, Read read) {
  std::vector<T> list;
  list.reserve(items.size());
  for (const Json& item : items) list.push_back(read(item));
  return list;
}

std::string key_path(const std::string& key) {
  return "/v1/inference/keys/" + percent_encode(key);
}
std::string project_path(const std::string& project) {
  return "/v1/projects/" + percent_encode(project);
}
std::string group_path(const std::string& group) {
  return "/v1/groups/" + percent_encode(group);
}
std::string upstream_path(const std::string& name) {
  return "/v1/upstreams/" + percent_encode(name);
}

/// A scalar as text: "" for null.
std::string scalar_text(const Json& json) {
  if (json.is_null()) return "";
  return json.is_string() ? json.get<std::string>() : to_text(json);
}

Setting setting_from_json(const Json& json) {
  Fields fields(json, "setting");
  Setting setting;
  setting.name = fields.need("name", read_text);
  if (const Json* value = fields.find("value"); value != nullptr && !value->is_null()) {
    setting.value = scalar_text(*value);
  }
  if (const Json* fallback = fields.find("default"); fallback != nullptr) {
    setting.fallback = scalar_text(*fallback);
  }
  setting.description = fields.get("description", read_text);
  setting.words = fields.get("words", read_texts);
  return setting;
}

Backup backup_from_json(const Json& json) {
  Fields fields(json, "backup");
  Backup backup;
  backup.id = fields.need("id", read_text);
  backup.state = fields.need("state", read_text);
  backup.pages_done = fields.get("pages_done", read_integer);
  backup.pages = fields.get("pages", read_integer);
  backup.bytes = fields.get("bytes", read_integer);
  backup.problem = fields.get("problem", read_text);
  return backup;
}

}  // namespace

domain::StatusView Client::status() {
  return status_from_json(get("/v1/status"));
}

std::optional<std::chrono::seconds> Client::shutdown() {
  const Json reply = call("POST", "/v1/shutdown");
  if (!reply.is_object()) return std::nullopt;
  Fields fields(reply, "shutdown");
  const auto seconds = fields.maybe("drain_timeout_seconds", read_integer);
  return seconds ? std::optional(std::chrono::seconds(*seconds)) : std::nullopt;
}

domain::ProfileView Client::profile(const std::string& timezone) {
  return profile_from_json(get("/v1/profile" + Query().add("timezone", timezone).text()));
}

void Client::edit_profile(const domain::AccountTerms& terms) {
  send("PATCH", "/v1/profile", to_json(terms));
}

std::vector<domain::AccountView> Client::accounts() {
  return each<domain::AccountView>(list("/v1/accounts", "after", kAll), account_from_json);
}

domain::AccountView Client::account(const std::string& account) {
  return account_from_json(get("/v1/accounts/" + percent_encode(account)));
}

domain::AccountView Client::edit_account(const std::string& account,
                                         const domain::AccountTerms& terms) {
  return account_from_json(
      send("PATCH", "/v1/accounts/" + percent_encode(account), to_json(terms)));
}

std::vector<domain::ProjectView> Client::projects(bool all) {
  Query text;
  text.add("all", all ? "true" : "");
  return each<domain::ProjectView>(list("/v1/projects" + text.text(), "after", kAll),
                                   project_from_json);
}

domain::ProjectView Client::create_project(const domain::ProjectTerms& terms) {
  return project_from_json(send("POST", "/v1/projects", to_json(terms)));
}

domain::ProjectView Client::project(const std::string& project) {
  return project_from_json(get(project_path(project)));
}

domain::ProjectView Client::edit_project(const std::string& project,
                                         const domain::ProjectTerms& terms) {
  return project_from_json(send("PATCH", project_path(project), to_json(terms)));
}

domain::ProjectView Client::delete_project(const std::string& project) {
  return project_from_json(call("DELETE", project_path(project)));
}

std::vector<domain::GroupView> Client::groups() {
  return each<domain::GroupView>(list("/v1/groups", "after", kAll), group_from_json);
}

domain::GroupView Client::create_group(const domain::GroupTerms& terms) {
  return group_from_json(send("POST", "/v1/groups", to_json(terms)));
}

domain::GroupView Client::group(const std::string& group) {
  return group_from_json(get(group_path(group)));
}

domain::GroupView Client::edit_group(const std::string& group, const domain::GroupTerms& terms) {
  return group_from_json(send("PATCH", group_path(group), to_json(terms)));
}

domain::GroupView Client::delete_group(const std::string& group) {
  return group_from_json(call("DELETE", group_path(group)));
}

std::vector<domain::TokenView> Client::tokens() {
  return each<domain::TokenView>(list("/v1/tokens", "after", kAll), token_from_json);
}

domain::TokenView Client::create_token(const domain::TokenTerms& terms) {
  return token_from_json(send("POST", "/v1/tokens", to_json(terms)));
}

domain::TokenView Client::token(const std::string& token) {
  return token_from_json(get("/v1/tokens/" + percent_encode(token)));
}

domain::TokenView Client::revoke_token(const std::string& token) {
  return token_from_json(call("DELETE", "/v1/tokens/" + percent_encode(token)));
}

domain::ConsoleLink Client::console_link() {
  return console_link_from_json(call("POST", "/v1/console/links"));
}

std::vector<domain::AuditView> Client::audit(int last) {
  return each<domain::AuditView>(
      list("/v1/audit?last=" + std::to_string(last), "before", static_cast<std::size_t>(last)),
      audit_from_json);
}

std::vector<domain::KeyView> Client::keys(const KeyQuery& query) {
  Query text;
  text.add("project", query.project);
  text.add("archived", query.archived ? "true" : "");
  text.add("all", query.all ? "true" : "");
  return each<domain::KeyView>(list("/v1/inference/keys" + text.text(), "after", kAll),
                               key_from_json);
}

domain::KeyView Client::create_key(const std::string& project, const domain::KeyTerms& terms) {
  return key_from_json(
      send("POST", "/v1/projects/" + percent_encode(project) + "/inference/keys", to_json(terms)));
}

domain::KeyView Client::key(const std::string& key) {
  return key_from_json(get(key_path(key)));
}

domain::KeyView Client::edit_key(const std::string& key, const domain::KeyTerms& terms) {
  return key_from_json(send("PATCH", key_path(key), to_json(terms)));
}

domain::KeyView Client::disable_key(const std::string& key) {
  return key_from_json(call("POST", key_path(key) + "/disable"));
}

domain::KeyView Client::enable_key(const std::string& key) {
  return key_from_json(call("POST", key_path(key) + "/enable"));
}

domain::KeyView Client::revoke_key(const std::string& key) {
  return key_from_json(call("DELETE", key_path(key)));
}

std::vector<domain::KeyView> Client::revoke_all_keys() {
  const Json reply = call("POST", "/v1/inference/keys/revoke-all");
  return each<domain::KeyView>(reply.at("data").get<std::vector<Json>>(), key_from_json);
}

domain::KeyView Client::rotate_key(const std::string& key, std::chrono::seconds overlap) {
  return key_from_json(send("POST", key_path(key) + "/rotate", to_json(RotateTerms{overlap})));
}

domain::KeyView Client::renew_lease(const std::string& key, std::chrono::seconds lease) {
  return key_from_json(
      send("POST", key_path(key) + "/lease", Json{{"lease_seconds", lease.count()}}));
}

domain::KeyView Client::archive_key(const std::string& key) {
  return key_from_json(call("POST", key_path(key) + "/archive"));
}

domain::KeyView Client::unarchive_key(const std::string& key) {
  return key_from_json(call("POST", key_path(key) + "/unarchive"));
}

domain::KeyView Client::delete_key(const std::string& key) {
  return key_from_json(call("DELETE", key_path(key) + "?purge=true"));
}

domain::CheckView Client::check_key(const std::string& key,
                                    const std::string& model,
                                    std::int64_t tokens) {
  return check_from_json(
      send("POST", key_path(key) + "/check", to_json(CheckTerms{model, tokens})));
}

domain::UsageReport Client::usage(const UsageQuery& query) {
  Query text;
  const auto time = [](const std::optional<Timestamp>& moment) {
    return moment ? format_rfc3339(*moment) : std::string();
  };
  if (query.from) {
    text.add("from", time(query.from)).add("to", time(query.to));
  } else {
    text.add("days", std::to_string(query.days));
  }
  text.add("timezone", query.timezone).add("by", query.by).add("key", query.key);
  text.add("project", query.project).add("top", query.top > 0 ? std::to_string(query.top) : "");
  domain::UsageReport report = usage_from_json(get("/v1/usage" + text.text()));
  report.by_what = query.by;
  return report;
}

std::vector<domain::RequestView> Client::requests(const RequestQuery& query) {
  Query text;
  text.add("last", std::to_string(query.last)).add("key", query.key).add("model", query.model);
  text.add("status", query.status).add("since", query.since ? format_rfc3339(*query.since) : "");
  text.add("after", query.after);
  // With `after` one page is read: whoever follows asks again from the last row it saw.
  const std::string_view cursor = query.after.empty() ? "before" : "";
  const std::size_t most = static_cast<std::size_t>(query.last);
  return each<domain::RequestView>(list("/v1/requests" + text.text(), cursor, most),
                                   request_from_json);
}

std::vector<domain::TraceHead> Client::traces(int last, const std::string& key) {
  Query text;
  text.add("last", std::to_string(last)).add("key", key);
  return each<domain::TraceHead>(
      list("/v1/traces" + text.text(), "before", static_cast<std::size_t>(last)),
      trace_head_from_json);
}

Json Client::trace_json(const std::string& request) {
  return get("/v1/traces/" + percent_encode(request));
}

domain::TraceView Client::trace(const std::string& request) {
  return trace_from_json(trace_json(request));
}

domain::TraceSettings Client::trace_settings() {
  return trace_settings_from_json(get("/v1/traces/mode"));
}

domain::TraceSettings Client::set_trace_mode(const TraceModeTerms& terms) {
  return trace_settings_from_json(send("PUT", "/v1/traces/mode", to_json(terms)));
}

std::string Client::delete_trace(const std::string& request) {
  const Json reply = call("DELETE", "/v1/traces/" + percent_encode(request));
  Fields fields(reply, "trace");
  return fields.need("id", read_text);
}

std::optional<std::int64_t> Client::delete_all_traces() {
  const Json reply = call("DELETE", "/v1/traces");
  Fields fields(reply, "traces");
  return fields.maybe("deleted", read_integer);
}

std::vector<domain::UpstreamView> Client::upstreams() {
  return each<domain::UpstreamView>(list("/v1/upstreams", "after", kAll), upstream_from_json);
}

domain::UpstreamView Client::add_upstream(const domain::UpstreamTerms& terms) {
  return upstream_from_json(send("POST", "/v1/upstreams", to_json(terms)));
}

domain::UpstreamView Client::upstream(const std::string& name) {
  return upstream_from_json(get(upstream_path(name)));
}

domain::UpstreamView Client::edit_upstream(const std::string& name,
                                           const domain::UpstreamTerms& terms) {
  return upstream_from_json(send("PATCH", upstream_path(name), to_json(terms)));
}

void Client::remove_upstream(const std::string& name) {
  call("DELETE", upstream_path(name));
}

std::vector<domain::HealthCheck> Client::doctor(bool offline) {
  return health_from_json(get(offline ? "/v1/doctor?offline=true" : "/v1/doctor"));
}

std::vector<domain::ProbeStep> Client::test_upstream(const std::string& name,
                                                     const std::string& model) {
  expect_long_call();
  Query query;
  query.add("model", model);
  const Json reply = call("POST", upstream_path(name) + "/test" + query.text());
  Fields fields(reply, "test");
  const auto read_steps = [](const Json& json, std::string_view field) {
    if (!json.is_array()) throw Error(Errc::invalid, std::string(field) + " must be a list");
    return each<domain::ProbeStep>(json.get<std::vector<Json>>(), probe_step_from_json);
  };
  return fields.need("steps", read_steps);
}

std::vector<domain::LocalServer> Client::discover_upstreams(const std::vector<std::int64_t>& ports,
                                                            bool add) {
  expect_long_call();
  std::string wanted;
  for (const std::int64_t port : ports) {
    wanted += (wanted.empty() ? "" : ",") + std::to_string(port);
  }
  Query query;
  query.add("ports", wanted);
  const Json reply = call(add ? "POST" : "GET", "/v1/upstreams/discover" + query.text());
  Fields fields(reply, "discover");
  const auto read_servers = [](const Json& json, std::string_view field) {
    if (!json.is_array()) throw Error(Errc::invalid, std::string(field) + " must be a list");
    return each<domain::LocalServer>(json.get<std::vector<Json>>(), local_server_from_json);
  };
  return fields.need("data", read_servers);
}

std::vector<domain::ModelView> Client::models() {
  return each<domain::ModelView>(list("/v1/models", "after", kAll), model_from_json);
}

std::vector<domain::PriceView> Client::prices(const std::string& model) {
  Query text;
  text.add("model", model);
  return each<domain::PriceView>(list("/v1/prices" + text.text(), "after", kAll), price_from_json);
}

domain::PriceView Client::set_price(const std::string& model, const domain::PriceTerms& terms) {
  Json body{{"model", model}};
  body.update(to_json(terms));
  return price_from_json(send("PUT", "/v1/prices", body));
}

void Client::unset_price(const std::string& model) {
  call("DELETE", "/v1/prices?model=" + percent_encode(model));
}

domain::PriceImport Client::import_prices(const std::string& list, bool dry_run) {
  expect_long_call();
  Query text;
  text.add("dry_run", dry_run ? "true" : "");
  return price_import_from_json(call_with("POST", "/v1/prices/import" + text.text(), list));
}

domain::RepriceReport Client::reprice(
    domain::RepriceTerms terms, const std::function<void(const domain::RepriceReport&)>& seen) {
  expect_long_call();
  auto report = reprice_from_json(send("POST", "/v1/ledger/reprice", to_json(terms)));
  terms.until = report.to;
  while (report.next) {
    if (seen) seen(report);
    terms.after = *report.next;
    expect_long_call();
    report.go_on_with(reprice_from_json(send("POST", "/v1/ledger/reprice", to_json(terms))));
  }
  return report;
}

std::vector<Setting> Client::settings() {
  return each<Setting>(list("/v1/settings", "after", kAll), setting_from_json);
}

void Client::set_setting(const std::string& name, const std::optional<std::string>& value) {
  Json body = Json::object();
  body[name] = value_or_null(value);
  send("PATCH", "/v1/settings", body);
}

Backup Client::start_backup() {
  expect_long_call();
  return backup_from_json(send("POST", "/v1/backups", Json::object()));
}

Backup Client::backup(const std::string& id) {
  return backup_from_json(get("/v1/backups/" + percent_encode(id)));
}

std::string Client::backup_content(const std::string& id, std::int64_t offset) {
  expect_long_call();
  return fetch("/v1/backups/" + percent_encode(id) + "/content?offset=" + std::to_string(offset));
}

Secret Client::backup_key(const std::string& id) {
  return Secret(fetch("/v1/backups/" + percent_encode(id) + "/key"));
}

void Client::remove_backup(const std::string& id) {
  call("DELETE", "/v1/backups/" + percent_encode(id));
}

VerifyReport Client::verify_ledger() {
  expect_long_call();
  const Json reply = call("POST", "/v1/ledger/verify");
  Fields fields(reply, "verify");
  VerifyReport report;
  report.ok = fields.need("ok", read_flag);
  report.rows = fields.get("rows", read_integer);
  report.rollups = fields.get("rollups", read_integer);
  report.windows = fields.get("windows", read_integer);
  const Json* faults = fields.find("faults");
  if (faults == nullptr || !faults->is_array()) return report;
  for (const Json& fault : *faults) {
    Fields inner(fault, "fault");
    report.faults.push_back(inner.need("what", read_text));
  }
  return report;
}

}  // namespace nufi::api
