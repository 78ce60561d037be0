#include "daemon/console_door.hpp"

#include "daemon/console_pages.hpp"
#include "lib/api/shapes.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/credential.hpp"
#include "lib/service/console.hpp"
#include "lib/service/tokens.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace nufi::daemon {

namespace {

constexpr const char* kSessionPath = "/v1/console/session";
constexpr const char* kSessionHeader = "x-nufi-session";
constexpr int kTooManyRequests = 429;

/// The name in a Host header, without port and brackets, lower case.
std::string host_name(const std::string& header) {
  if (header.starts_with('[')) {
    const auto end = header.find(']');
    return end == std::string::npos ? "" : to_lower(header.substr(1, end - 1));
  }
  return to_lower(header.substr(0, header.find(':')));
}

/// A page of another origin (another port of this machine is one) may not talk to the API. Browsers
/// say where a request comes from, and no page can keep them from it.
void refuse_other_pages(const Request& request) {
  const std::string host = to_lower(request.header("host"));
  const std::string origin = to_lower(request.header("origin"));
  const bool is_own = origin == "http://" + host || origin == "https://" + host;
  if (request.has_header("origin") && !is_own) {
    throw Error(Errc::not_permitted, "pages of other origins may not use the management API");
  }
  const std::string site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") {
    throw Error(Errc::not_permitted, "other pages may not use the management API");
  }
}

/// What stands behind "Bearer " in Authorization; "" if it is of another kind.
std::string bearer_of(const Request& request) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string header = request.header("authorization");
  if (!to_lower(header.substr(0, kScheme.size())).starts_with(kScheme)) return "";
  return std::string(trim(std::string_view(header).substr(kScheme.size())));
}

service::Actor who_asks(const service::Context& context, const Request& request) {
  if (request.has_header("authorization")) {
    const std::string token = bearer_of(request);
    if (token.starts_with(domain::kKeyPrefix)) {
      throw Error(Errc::unauthorized,
                  "this is a key for calling models: the management API wants an access token",
                  "make one with: nufi tokens create");
    }
    return service::admit_token(context, token);
  }
  if (request.has_header(kSessionHeader)) {
    return service::admit_session(context, request.header(kSessionHeader));
  }
  throw Error(Errc::unauthorized,
              "the management API wants an access token here",
              "make one with: nufi tokens create; nufi itself talks over the unix socket");
}

Reply page_reply(const ConsolePage& page) {
  return {.status = 200,
          .body = std::string(page.content),
          .content_type = std::string(page.type),
          .headers = {}};
}

/// Browsers: nothing but what is ours, in no frame, and guess nothing.
void add_browser_rules(Reply& reply) {
  reply.headers.emplace_back("Content-Security-Policy",
                             "default-src 'none'; script-src 'self'; style-src 'self'; "
                             "img-src 'self'; connect-src 'self'; base-uri 'none'; "
                             "form-action 'none'; frame-ancestors 'none'");
  reply.headers.emplace_back("X-Frame-Options", "DENY");
  reply.headers.emplace_back("X-Content-Type-Options", "nosniff");
  reply.headers.emplace_back("Referrer-Policy", "no-referrer");
  reply.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  reply.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
}

}  // namespace

ConsoleDoor::ConsoleDoor(Options options,
                         const ManagementApi& api,
                         const service::Context& context,
                         std::function<std::string()> problem)
    : options_(std::move(options)), api_(api), context_(context), problem_(std::move(problem)) {}

bool ConsoleDoor::is_our_host(const std::string& header) const {
  // A page of another name that was made to point at this machine still sends that name.
  const std::string name = host_name(header);
  if (name.empty()) return false;
  if (name == "localhost" || name == "127.0.0.1" || name == "::1") return true;
  if (name == to_lower(options_.listen_host)) return true;
  return std::any_of(options_.allowed_hosts.begin(),
                     options_.allowed_hosts.end(),
                     [&](const std::string& allowed) { return to_lower(allowed) == name; });
}

Reply ConsoleDoor::ready() const {
  const std::string problem = problem_();
  if (problem.empty()) return json_reply({{"status", "ok"}});
  return json_reply({{"status", "not ready"}, {"problem", problem}}, 503);
}

Reply ConsoleDoor::begin_session(const Request& request) const {
  const Secret code = api::console_code_from_json(body_of(request));
  const auto session = context_.consoles.begin(code.expose());
  if (!session) {
    throw Error(Errc::unauthorized,
                "this link was used already, or is older than a minute",
                "open the console again with: nufi console");
  }
  const auto actor = service::admit_session(context_, session->expose());
  log::info("console opened", {{"account", actor.username}});
  return json_reply({{"session", session->expose()}, {"account", actor.username}}, 201);
}

Reply ConsoleDoor::refuse_stranger(const Error& error) const {
  const SteadyTime now = context_.clock.steady();
  {
    auto wrong = wrong_.lock();
    const auto wait = wrong->wait_for(1, kWrongPerMinute, now);
    if (wait && wait->count() == 0) {
      wrong->take(1, now);
      Reply reply = error_reply(error);
      reply.headers.emplace_back("WWW-Authenticate", "Bearer");
      return reply;
    }
  }
  Reply reply =
      error_reply(Error(Errc::limit_reached, "too many wrong access tokens", "wait a minute"));
  reply.status = kTooManyRequests;
  reply.headers.emplace_back("Retry-After", "60");
  return reply;
}

Reply ConsoleDoor::dispatch(const Request& request) const {
  if (!is_our_host(request.header("host"))) {
    throw Error(Errc::not_permitted,
                "this host name is not ours",
                "start nufid with --allow-host to answer to it");
  }
  if (request.method == "GET" || request.method == "HEAD") {
    if (request.path == "/healthz") return json_reply({{"status", "ok"}});
    if (request.path == "/readyz") return ready();
    if (const ConsolePage* page = find_console_page(request.path)) return page_reply(*page);
  }
  refuse_other_pages(request);
  try {
    if (request.path == kSessionPath && request.method == "POST") return begin_session(request);
    const service::Actor actor = who_asks(context_, request);
    if (request.path == kSessionPath && request.method == "DELETE") {
      context_.consoles.end(request.header(kSessionHeader));
      return json_reply(api::Json::object());
    }
    return api_.answer_as(actor, request);
  } catch (const Error& error) {
    if (error.code() != Errc::unauthorized) throw;
    return refuse_stranger(error);
  }
}

Reply ConsoleDoor::answer(const Request& request) const {
  Reply reply = answer_safely(request, [this](const Request& asked) { return dispatch(asked); });
  add_browser_rules(reply);
  return reply;
}

}  // namespace nufi::daemon
