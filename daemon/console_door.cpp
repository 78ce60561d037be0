#include "daemon/console_door.hpp"

#include "daemon/routes.hpp"
#include "lib/base/error.hpp"
#include "lib/base/text.hpp"

#include <algorithm>
#include <utility>

namespace nufi::daemon {

namespace {

/// The name in a Host header, without port and brackets, lower case.
std::string host_name(const std::string& header) {
  if (header.starts_with('[')) {
    const auto end = header.find(']');
    return end == std::string::npos ? "" : to_lower(header.substr(1, end - 1));
  }
  return to_lower(header.substr(0, header.find(':')));
}

}  // namespace

ConsoleDoor::ConsoleDoor(Options options, std::function<std::string()> problem)
    : options_(std::move(options)), problem_(std::move(problem)) {}

bool ConsoleDoor::is_our_host(const std::string& header) const {
  // A page of another name that was made to point at this machine still sends that name.
  const std::string name = host_name(header);
  if (name == "localhost" || name == "127.0.0.1" || name == "::1") return true;
  if (name == to_lower(options_.listen_host)) return true;
  return std::any_of(options_.allowed_hosts.begin(),
                     options_.allowed_hosts.end(),
                     [&](const std::string& allowed) { return to_lower(allowed) == name; });
}

Reply ConsoleDoor::answer(const Request& request) const {
  if (!is_our_host(request.header("host"))) {
    return error_reply(Error(Errc::not_permitted,
                             "this host name is not ours",
                             "start nufid with --allow-host to answer to it"));
  }
  if (request.method == "GET" && request.path == "/healthz") return json_reply({{"status", "ok"}});
  if (request.method == "GET" && request.path == "/readyz") {
    const std::string problem = problem_();
    if (problem.empty()) return json_reply({{"status", "ok"}});
    return json_reply({{"status", "not ready"}, {"problem", problem}}, 503);
  }
  return error_reply(Error(Errc::unauthorized,
                           "the management API wants an access token here",
                           "use nufi on this machine: it talks over the Unix socket"));
}

}  // namespace nufi::daemon
