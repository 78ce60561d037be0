#pragma once

#include "daemon/control_server.hpp"
#include "lib/api/shapes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The management API: one row per path in routes.cpp; its handlers in routes_<subject>.cpp turn
/// bytes into a typed request, make one call of lib/service, and turn its answer into bytes. Who
/// asks, which query fields there are, and what an Error looks like is the table's business, not
/// theirs.
namespace nufi::daemon {

/// What every handler gets.
struct RouteCall {
  const service::Context& context;
  const service::Actor& actor;
  const Request& request;
  const std::vector<std::string>& words;     ///< the {…} of the path, in order
  const std::function<void()>& stop_daemon;  ///< begins the drain; returns at once

  /// A query field; std::nullopt if it is not there. Those that read it as something throw
  /// Error{invalid} naming it.
  [[nodiscard]] std::optional<std::string> query(std::string_view name) const;
  [[nodiscard]] std::string query_text(std::string_view name) const;  ///< "" = not there
  [[nodiscard]] std::optional<std::int64_t> query_number(std::string_view name) const;
  [[nodiscard]] bool query_flag(std::string_view name) const;  ///< "true", "1" or empty
  [[nodiscard]] std::optional<Timestamp> query_time(std::string_view name) const;
  /// The body, which must be a JSON object. Throws Error{invalid}.
  [[nodiscard]] nlohmann::ordered_json body() const;
};

Reply json_reply(const nlohmann::ordered_json& json, int status = 200);
Reply error_reply(const Error& error);

/// {"data":[…],"next":cursor or null}.
template <class List>
Reply list_reply(const List& items, const std::string& next = {}) {
  nlohmann::ordered_json data = nlohmann::ordered_json::array();
  for (const auto& item : items) data.push_back(api::to_json(item));
  nlohmann::ordered_json json;
  json["data"] = std::move(data);
  json["next"] = next.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(next);
  return json_reply(json);
}

/// A way in: method and path, whose {…} hold any one segment.
struct RouteName {
  std::string_view method;
  std::string_view path;
};
/// Every way in there is.
std::vector<RouteName> route_names();

/// The body, which must be a JSON object. Throws Error{invalid}.
nlohmann::ordered_json body_of(const Request& request);
/// What `answer` says, or the error that it throws.
Reply answer_safely(const Request& request, const std::function<Reply(const Request&)>& answer);

/// The management API. Thread-safe; catches whatever a handler throws.
class ManagementApi {
 public:
  /// `context` is lent; `stop_daemon` must return at once.
  ManagementApi(const service::Context& context, std::function<void()> stop_daemon);
  /// Over the Unix socket. Refuses browsers (Origin, Referer), strangers, unknown paths and unknown
  /// query fields.
  [[nodiscard]] Reply answer(const Request& request) const;
  /// Over another door, which knows that it is `actor` who asks. Throws Error.
  [[nodiscard]] Reply answer_as(const service::Actor& actor, const Request& request) const;

 private:
  const service::Context& context_;
  const std::function<void()> stop_daemon_;
};

// routes_keys.cpp
Reply get_keys(const RouteCall& call);
Reply get_project_keys(const RouteCall& call);
Reply post_key(const RouteCall& call);
Reply get_key(const RouteCall& call);
Reply patch_key(const RouteCall& call);
Reply delete_key(const RouteCall& call);
Reply post_key_disable(const RouteCall& call);
Reply post_key_enable(const RouteCall& call);
Reply post_key_rotate(const RouteCall& call);
Reply post_key_lease(const RouteCall& call);
Reply post_key_archive(const RouteCall& call);
Reply post_key_unarchive(const RouteCall& call);
Reply post_key_check(const RouteCall& call);
Reply post_keys_revoke_all(const RouteCall& call);
// routes_people.cpp
Reply get_profile(const RouteCall& call);
Reply patch_profile(const RouteCall& call);
Reply get_accounts(const RouteCall& call);
Reply get_account(const RouteCall& call);
Reply patch_account(const RouteCall& call);
// routes_projects.cpp
Reply get_projects(const RouteCall& call);
Reply post_project(const RouteCall& call);
Reply get_project(const RouteCall& call);
Reply patch_project(const RouteCall& call);
Reply delete_project(const RouteCall& call);
// routes_groups.cpp
Reply get_groups(const RouteCall& call);
Reply post_group(const RouteCall& call);
Reply get_group(const RouteCall& call);
Reply patch_group(const RouteCall& call);
Reply delete_group(const RouteCall& call);
// routes_tokens.cpp
Reply get_tokens(const RouteCall& call);
Reply post_token(const RouteCall& call);
Reply get_token(const RouteCall& call);
Reply delete_token(const RouteCall& call);
Reply post_console_link(const RouteCall& call);
// routes_audit.cpp
Reply get_audit(const RouteCall& call);
// routes_upstreams.cpp
Reply get_upstreams(const RouteCall& call);
Reply post_upstream(const RouteCall& call);
Reply get_upstream(const RouteCall& call);
Reply patch_upstream(const RouteCall& call);
Reply delete_upstream(const RouteCall& call);
Reply post_upstream_test(const RouteCall& call);
Reply get_upstreams_discover(const RouteCall& call);
Reply post_upstreams_discover(const RouteCall& call);
// routes_prices.cpp
Reply get_models(const RouteCall& call);
Reply get_prices(const RouteCall& call);
Reply put_price(const RouteCall& call);
Reply delete_price(const RouteCall& call);
Reply post_prices_import(const RouteCall& call);
Reply post_ledger_reprice(const RouteCall& call);
// routes_reports.cpp
Reply get_usage(const RouteCall& call);
Reply get_requests(const RouteCall& call);
Reply post_ledger_verify(const RouteCall& call);
// routes_traces.cpp
Reply get_traces(const RouteCall& call);
Reply get_trace(const RouteCall& call);
Reply delete_trace(const RouteCall& call);
Reply delete_traces(const RouteCall& call);
Reply get_trace_mode(const RouteCall& call);
Reply put_trace_mode(const RouteCall& call);
// routes_backups.cpp
Reply post_backup(const RouteCall& call);
Reply get_backup(const RouteCall& call);
Reply get_backup_content(const RouteCall& call);
Reply get_backup_key(const RouteCall& call);
Reply delete_backup(const RouteCall& call);
// routes_settings.cpp
Reply get_settings(const RouteCall& call);
Reply patch_settings(const RouteCall& call);
// routes_status.cpp
Reply get_status(const RouteCall& call);
Reply post_shutdown(const RouteCall& call);
// routes_doctor.cpp
Reply get_doctor(const RouteCall& call);

}  // namespace nufi::daemon
