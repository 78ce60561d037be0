#include "daemon/routes.hpp"

#include "lib/base/log.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/credential.hpp"
#include "lib/service/people.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>

namespace nufi::daemon {

namespace {

struct Route {
  std::string_view method;
  std::string_view path;   ///< {…} holds any one segment
  std::string_view query;  ///< the fields it knows
  Reply (*answer)(const RouteCall& call);
};

constexpr std::string_view kKeyQuery = "project archived all limit after";
constexpr std::string_view kUsageQuery = "days from to by key project timezone top";
constexpr std::string_view kRequestsQuery = "last key model status since after before";

/// All there is. The words of a path that hold names come percent-encoded, so a slash in one is
/// safe.
constexpr std::array kRoutes = {
    Route{"GET", "/v1/status", "", get_status},
    Route{"GET", "/v1/doctor", "offline", get_doctor},
    Route{"POST", "/v1/shutdown", "", post_shutdown},
    Route{"GET", "/v1/profile", "timezone", get_profile},
    Route{"PATCH", "/v1/profile", "", patch_profile},
    Route{"GET", "/v1/accounts", "", get_accounts},
    Route{"GET", "/v1/accounts/{account}", "", get_account},
    Route{"PATCH", "/v1/accounts/{account}", "", patch_account},
    Route{"GET", "/v1/projects", "all", get_projects},
    Route{"POST", "/v1/projects", "", post_project},
    Route{"GET", "/v1/projects/{project}", "", get_project},
    Route{"PATCH", "/v1/projects/{project}", "", patch_project},
    Route{"DELETE", "/v1/projects/{project}", "", delete_project},
    Route{"GET", "/v1/groups", "", get_groups},
    Route{"POST", "/v1/groups", "", post_group},
    Route{"GET", "/v1/groups/{group}", "", get_group},
    Route{"PATCH", "/v1/groups/{group}", "", patch_group},
    Route{"DELETE", "/v1/groups/{group}", "", delete_group},
    Route{"GET", "/v1/tokens", "", get_tokens},
    Route{"POST", "/v1/tokens", "", post_token},
    Route{"GET", "/v1/tokens/{token}", "", get_token},
    Route{"DELETE", "/v1/tokens/{token}", "", delete_token},
    Route{"POST", "/v1/console/links", "", post_console_link},
    Route{"GET", "/v1/audit", "last before", get_audit},
    Route{"GET", "/v1/inference/keys", kKeyQuery, get_keys},
    Route{"GET", "/v1/projects/{project}/inference/keys", "archived limit after", get_project_keys},
    Route{"POST", "/v1/projects/{project}/inference/keys", "", post_key},
    Route{"GET", "/v1/inference/keys/{key}", "", get_key},
    Route{"PATCH", "/v1/inference/keys/{key}", "", patch_key},
    Route{"DELETE", "/v1/inference/keys/{key}", "purge", delete_key},
    Route{"POST", "/v1/inference/keys/{key}/disable", "", post_key_disable},
    Route{"POST", "/v1/inference/keys/{key}/enable", "", post_key_enable},
    Route{"POST", "/v1/inference/keys/{key}/rotate", "", post_key_rotate},
    Route{"POST", "/v1/inference/keys/{key}/lease", "", post_key_lease},
    Route{"POST", "/v1/inference/keys/{key}/archive", "", post_key_archive},
    Route{"POST", "/v1/inference/keys/{key}/unarchive", "", post_key_unarchive},
    Route{"POST", "/v1/inference/keys/{key}/check", "", post_key_check},
    Route{"POST", "/v1/inference/keys/revoke-all", "", post_keys_revoke_all},
    Route{
        "GET", "/v1/inference/keys/{key}/usage", "days from to by project timezone top", get_usage},
    Route{"GET", "/v1/usage", kUsageQuery, get_usage},
    Route{"GET", "/v1/requests", kRequestsQuery, get_requests},
    Route{"GET", "/v1/traces", "last key before", get_traces},
    Route{"DELETE", "/v1/traces", "", delete_traces},
    Route{"GET", "/v1/traces/mode", "key", get_trace_mode},
    Route{"PUT", "/v1/traces/mode", "", put_trace_mode},
    Route{"GET", "/v1/traces/{request}", "", get_trace},
    Route{"DELETE", "/v1/traces/{request}", "", delete_trace},
    Route{"GET", "/v1/upstreams", "", get_upstreams},
    Route{"POST", "/v1/upstreams", "", post_upstream},
    Route{"GET", "/v1/upstreams/discover", "ports", get_upstreams_discover},
    Route{"POST", "/v1/upstreams/discover", "ports", post_upstreams_discover},
    Route{"GET", "/v1/upstreams/{upstream}", "", get_upstream},
    Route{"PATCH", "/v1/upstreams/{upstream}", "", patch_upstream},
    Route{"DELETE", "/v1/upstreams/{upstream}", "", delete_upstream},
    Route{"POST", "/v1/upstreams/{upstream}/test", "model", post_upstream_test},
    Route{"GET", "/v1/models", "", get_models},
    Route{"GET", "/v1/prices", "model all", get_prices},
    Route{"PUT", "/v1/prices", "", put_price},
    Route{"DELETE", "/v1/prices", "model", delete_price},
    Route{"POST", "/v1/prices/import", "dry_run", post_prices_import},
    Route{"POST", "/v1/ledger/reprice", "", post_ledger_reprice},
    Route{"GET", "/v1/settings", "", get_settings},
    Route{"PATCH", "/v1/settings", "", patch_settings},
    Route{"POST", "/v1/ledger/verify", "", post_ledger_verify},
    Route{"POST", "/v1/backups", "", post_backup},
    Route{"GET", "/v1/backups/{backup}", "", get_backup},
    Route{"GET", "/v1/backups/{backup}/content", "offset", get_backup_content},
    Route{"GET", "/v1/backups/{backup}/key", "", get_backup_key},
    Route{"DELETE", "/v1/backups/{backup}", "", delete_backup},
};

bool is_placeholder(std::string_view segment) {
  return segment.starts_with('{');
}

/// The words of `segments` that stand where `path` has {…}; std::nullopt if it is another path.
std::optional<std::vector<std::string>> match(std::string_view path,
                                              const std::vector<std::string>& segments) {
  const auto wanted = split(path.substr(1), '/');
  if (wanted.size() != segments.size()) return std::nullopt;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (is_placeholder(wanted[i])) {
      if (segments[i].empty()) return std::nullopt;
      words.push_back(segments[i]);
    } else if (wanted[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return words;
}

void check_query(const Route& route, const Request& request) {
  const auto known = split(route.query, ' ');
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = closest(name, known);
    throw Error(Errc::invalid,
                fmt::format("{} has no query field '{}'", route.path, name),
                near ? "did you mean " + *near : "");
  }
}

void refuse_browsers(const Request& request) {
  // A web page can make a browser talk to us; it can't keep it from saying so.
  if (request.has_header("origin") || request.has_header("referer")) {
    throw Error(Errc::not_permitted, "web pages may not use the management socket");
  }
}

}  // namespace

std::optional<std::string> RouteCall::query(std::string_view name) const {
  for (const auto& [field, value] : request.query) {
    if (field == name) return value;
  }
  return std::nullopt;
}

std::string RouteCall::query_text(std::string_view name) const {
  return query(name).value_or("");
}

std::optional<std::int64_t> RouteCall::query_number(std::string_view name) const {
  const auto text = query(name);
  if (!text) return std::nullopt;
  if (const auto number = parse_integer(*text)) return *number;
  throw Error(Errc::invalid, fmt::format("{} must be a whole number", name));
}

bool RouteCall::query_flag(std::string_view name) const {
  const auto text = query(name);
  if (!text || *text == "false" || *text == "0") return false;
  if (text->empty() || *text == "true" || *text == "1") return true;
  throw Error(Errc::invalid, fmt::format("{} must be true or false", name));
}

std::optional<Timestamp> RouteCall::query_time(std::string_view name) const {
  const auto text = query(name);
  if (!text) return std::nullopt;
  if (const auto instant = parse_rfc3339(*text)) return *instant;
  throw Error(Errc::invalid,
              fmt::format("{} must be a time as of RFC 3339", name),
              "for example 2030-12-31 or 2030-12-31T10:00:00Z");
}

nlohmann::ordered_json RouteCall::body() const {
  return body_of(request);
}

nlohmann::ordered_json body_of(const Request& request) {
  auto json = nlohmann::ordered_json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) throw Error(Errc::invalid, "the body must be a JSON object");
  return json;
}

Reply json_reply(const nlohmann::ordered_json& json, int status) {
  return {.status = status,
          .body = api::to_text(json) + "\n",
          .content_type = "application/json",
          .headers = {}};
}

Reply error_reply(const Error& error) {
  // A message may quote what came, and what came in the wrong place may be a key.
  const Error shown(error.code(),
                    domain::without_credentials(error.what()),
                    domain::without_credentials(error.hint()));
  return json_reply(api::error_to_json(shown), http_status(error.code()));
}

std::vector<RouteName> route_names() {
  std::vector<RouteName> names;
  for (const Route& route : kRoutes) names.push_back({route.method, route.path});
  return names;
}

ManagementApi::ManagementApi(const service::Context& context, std::function<void()> stop_daemon)
    : context_(context), stop_daemon_(std::move(stop_daemon)) {}

Reply ManagementApi::answer(const Request& request) const {
  return answer_safely(request, [this](const Request& asked) {
    refuse_browsers(asked);
    if (!asked.peer_uid) throw Error(Errc::unauthorized, "nobody is known to ask");
    return answer_as(service::admit(context_, *asked.peer_uid), asked);
  });
}

Reply ManagementApi::answer_as(const service::Actor& actor, const Request& request) const {
  bool is_other_method = false;
  for (const Route& route : kRoutes) {
    const auto words = match(route.path, request.segments);
    if (!words) continue;
    if (route.method != request.method) {
      is_other_method = true;
      continue;
    }
    check_query(route, request);
    return route.answer({context_, actor, request, *words, stop_daemon_});
  }
  const Error unknown(Errc::not_found,
                      fmt::format("there is no {} {}", request.method, request.path));
  Reply reply = error_reply(unknown);
  if (is_other_method) reply.status = 405;
  return reply;
}

Reply answer_safely(const Request& request, const std::function<Reply(const Request&)>& answer) {
  try {
    return answer(request);
  } catch (const Error& error) {
    return error_reply(error);
  } catch (const std::exception& failure) {
    log::error("management request failed",
               {{"method", request.method}, {"path", request.path}, {"problem", failure.what()}});
    return error_reply(Error(Errc::internal, "something broke", "see the log of nufid"));
  }
}

}  // namespace nufi::daemon
