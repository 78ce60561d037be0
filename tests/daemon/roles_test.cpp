// What a member of a system-wide daemon may do: every route there is, with a stranger's things in
// its path.
#include "daemon/listen.hpp"
#include "daemon/routes.hpp"
#include "lib/api/transport.hpp"
#include "lib/base/text.hpp"
#include "lib/service/groups.hpp"
#include "lib/service/keys.hpp"
#include "lib/service/projects.hpp"
#include "lib/service/upstreams.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace nufi;
using namespace nufi::daemon;
using domain::Change;
using test::ControlPlane;

namespace {

constexpr std::int64_t kMember = 1001;
constexpr std::int64_t kOwner = 1000;

struct Expected {
  std::string_view method;
  std::string_view path;
  int status;  ///< what a member gets for a thing of somebody else's, or of everybody's
  std::string_view query = "";
  std::string_view body = "{}";
};

/// 200 = its own or nobody's, 403 = an admin's business, 404 = it can't even be seen.
constexpr std::array kExpected = {
    Expected{"GET", "/v1/status", 200},
    Expected{"POST", "/v1/shutdown", 403},
    Expected{"GET", "/v1/doctor", 200, "offline=true"},
    Expected{"GET", "/v1/profile", 200},
    Expected{"PATCH", "/v1/profile", 200},
    Expected{"GET", "/v1/accounts", 403},
    Expected{"GET", "/v1/accounts/{account}", 403},
    Expected{"PATCH", "/v1/accounts/{account}", 403},
    Expected{"GET", "/v1/projects", 200},
    Expected{"POST", "/v1/projects", 201, "", R"({"name":"mine"})"},
    Expected{"GET", "/v1/projects/{project}", 404},
    Expected{"PATCH", "/v1/projects/{project}", 404},
    Expected{"DELETE", "/v1/projects/{project}", 404},
    Expected{"GET", "/v1/groups", 403},
    Expected{"POST", "/v1/groups", 403},
    Expected{"GET", "/v1/groups/{group}", 403},
    Expected{"PATCH", "/v1/groups/{group}", 403},
    Expected{"DELETE", "/v1/groups/{group}", 403},
    Expected{"GET", "/v1/tokens", 403},
    Expected{"POST", "/v1/tokens", 403, "", R"({"name":"mine"})"},
    Expected{"GET", "/v1/tokens/{token}", 403},
    Expected{"DELETE", "/v1/tokens/{token}", 403},
    Expected{"POST", "/v1/console/links", 409},
    Expected{"GET", "/v1/audit", 403},
    Expected{"GET", "/v1/inference/keys", 200},
    Expected{"GET", "/v1/projects/{project}/inference/keys", 404},
    Expected{"POST", "/v1/projects/{project}/inference/keys", 404, "", R"({"name":"mine"})"},
    Expected{"GET", "/v1/inference/keys/{key}", 404},
    Expected{"PATCH", "/v1/inference/keys/{key}", 404},
    Expected{"DELETE", "/v1/inference/keys/{key}", 404},
    Expected{"POST", "/v1/inference/keys/{key}/disable", 404},
    Expected{"POST", "/v1/inference/keys/{key}/enable", 404},
    Expected{"POST", "/v1/inference/keys/{key}/rotate", 404},
    Expected{"POST", "/v1/inference/keys/{key}/archive", 404},
    Expected{"POST", "/v1/inference/keys/{key}/unarchive", 404},
    Expected{"POST", "/v1/inference/keys/{key}/check", 404, "", R"({"model":"m"})"},
    Expected{"POST", "/v1/inference/keys/revoke-all", 200},
    Expected{"POST", "/v1/inference/keys/{key}/lease", 404, "", R"({"lease_seconds":60})"},
    Expected{"GET", "/v1/inference/keys/{key}/usage", 404},
    Expected{"GET", "/v1/usage", 200},
    Expected{"GET", "/v1/requests", 200},
    Expected{"GET", "/v1/traces", 403},
    Expected{"DELETE", "/v1/traces", 403},
    Expected{"GET", "/v1/traces/mode", 403},
    Expected{"PUT", "/v1/traces/mode", 403, "", R"({"mode":"on"})"},
    Expected{"GET", "/v1/traces/{request}", 403},
    Expected{"DELETE", "/v1/traces/{request}", 403},
    Expected{"GET", "/v1/upstreams", 200},
    Expected{"POST", "/v1/upstreams", 403},
    Expected{"GET", "/v1/upstreams/{upstream}", 200},
    Expected{"PATCH", "/v1/upstreams/{upstream}", 403},
    Expected{"DELETE", "/v1/upstreams/{upstream}", 403},
    Expected{"POST", "/v1/upstreams/{upstream}/test", 403},
    Expected{"GET", "/v1/upstreams/discover", 403},
    Expected{"POST", "/v1/upstreams/discover", 403},
    Expected{"GET", "/v1/models", 200},
    Expected{"GET", "/v1/prices", 200},
    Expected{"PUT", "/v1/prices", 403, "", R"({"model":"m","free":true})"},
    Expected{"DELETE", "/v1/prices", 403, "model=m"},
    Expected{"POST",
             "/v1/prices/import",
             403,
             "",
             R"({"m":{"mode":"chat","input_cost_per_token":1e-6,"output_cost_per_token":1e-6}})"},
    Expected{"POST", "/v1/ledger/reprice", 403, "", R"({"since":"2026-08-01T00:00:00Z"})"},
    Expected{"GET", "/v1/settings", 200},
    Expected{"PATCH", "/v1/settings", 403, "", R"({"hold_wait":"1s"})"},
    Expected{"POST", "/v1/ledger/verify", 403},
    Expected{"POST", "/v1/backups", 403},
    Expected{"GET", "/v1/backups/{backup}", 403},
    Expected{"GET", "/v1/backups/{backup}/content", 403},
    Expected{"GET", "/v1/backups/{backup}/key", 403},
    Expected{"DELETE", "/v1/backups/{backup}", 403},
};

/// The owner's house: a key, a project, a group and an upstream with names to look for.
class House {
 public:
  House() : context_(plane_.system_context()), api_(context_, [this] { was_stopped = true; }) {
    domain::ProjectTerms project;
    project.name = Change<std::string>::set("owners-project");
    project_ = service::create_project(context_, plane_.owner(), project).project.id.text();
    domain::KeyTerms key;
    key.name = Change<std::string>::set("owners-key");
    const auto made = service::create_key(context_, plane_.owner(), "owners-project", key);
    key_ = made.key.id.text();
    plane_.call(made.key, *domain::parse_usd("0.128947"));
    domain::GroupTerms group;
    group.name = Change<std::string>::set("owners-group");
    group_ = service::create_group(context_, plane_.owner(), group).group.id.text();
    domain::UpstreamTerms upstream;
    upstream.name = Change<std::string>::set("local");
    upstream.url = Change<std::string>::set("http://127.0.0.1:1/v1");
    upstream.secret_kind = Change<domain::SecretKind>::set(domain::SecretKind::env);
    upstream.secret_reference = Change<std::string>::set("OWNERS_VARIABLE");
    upstream.headers =
        Change<std::vector<std::pair<std::string, std::string>>>::set({{"X-Owners", "header"}});
    service::add_upstream(context_, plane_.owner(), upstream);
  }

  [[nodiscard]] Reply ask(std::int64_t uid, const Expected& route) const {
    Request request;
    request.method = route.method;
    request.path = route.path;
    for (const std::string& segment : split(route.path.substr(1), '/')) {
      request.segments.push_back(filled(segment));
    }
    if (!route.query.empty()) {
      const auto parts = split(route.query, '=');
      request.query.emplace_back(parts.at(0), parts.at(1));
    }
    request.body = route.body;
    request.peer_uid = uid;
    return api_.answer(request);
  }

  bool was_stopped = false;

 private:
  [[nodiscard]] std::string filled(const std::string& segment) const {
    if (segment == "{key}") return key_;
    if (segment == "{project}") return project_;
    if (segment == "{group}") return group_;
    if (segment == "{account}") return plane_.owner().account.text();
    if (segment == "{upstream}") return "local";
    return segment;
  }

  ControlPlane plane_;
  service::Context context_;
  ManagementApi api_;
  std::string project_;
  std::string key_;
  std::string group_;
};

}  // namespace

TEST_CASE("roles: the table knows every route there is") {
  for (const RouteName& route : route_names()) {
    CAPTURE(route.method);
    CAPTURE(route.path);
    CHECK(std::any_of(kExpected.begin(), kExpected.end(), [&](const Expected& expected) {
      return expected.method == route.method && expected.path == route.path;
    }));
  }
  CHECK(route_names().size() == kExpected.size());
}

TEST_CASE("roles: a member gets at nobody else's things, nor at an admin's") {
  House house;
  for (const Expected& route : kExpected) {
    CAPTURE(route.method);
    CAPTURE(route.path);
    const Reply reply = house.ask(kMember, route);
    CHECK(reply.status == route.status);
    CHECK_FALSE(house.was_stopped);
    CAPTURE(reply.body);
    for (const char* planted : {"owners-", "\"ada\"", "0.128947", "OWNERS_VARIABLE", "X-Owners"}) {
      CHECK(reply.body.find(planted) == std::string::npos);
    }
  }
}

TEST_CASE("roles: what asks for everyone's is refused to a member") {
  const House house;
  CHECK(house.ask(kMember, {"GET", "/v1/inference/keys", 403, "all=true"}).status == 403);
  CHECK(house.ask(kMember, {"GET", "/v1/projects", 403, "all=true"}).status == 403);
  CHECK(house.ask(kMember, {"GET", "/v1/usage", 404, "key=owners-key"}).status == 404);
  CHECK(house.ask(kMember, {"GET", "/v1/usage", 404, "project=owners-project"}).status == 404);
  CHECK(house.ask(kMember, {"GET", "/v1/requests", 404, "key=owners-key"}).status == 404);
  const Expected group = {"POST",
                          "/v1/projects/default/inference/keys",
                          403,
                          "",
                          R"({"name":"x","group":"owners-group"})"};
  CHECK(house.ask(kMember, group).status == 403);
}

TEST_CASE("roles: an admin is refused nothing of it for its role") {
  House house;
  for (const Expected& route : kExpected) {
    CAPTURE(route.method);
    CAPTURE(route.path);
    CHECK(house.ask(kOwner, route).status != 403);
  }
  CHECK(house.was_stopped);
}

TEST_CASE("roles: a daemon of one user serves no member at all") {
  const ControlPlane plane;
  const ManagementApi api(plane.context(), [] {});
  for (const RouteName& route : route_names()) {
    Request request;
    request.method = route.method;
    request.path = route.path;
    request.segments = split(route.path.substr(1), '/');
    request.peer_uid = kMember;
    CHECK(api.answer(request).status == 403);
  }
}

TEST_CASE("roles: a user who keeps every connection open makes nobody else wait") {
  if (::geteuid() != 0) return;  // only root can be two users
  const test::TempDir directory;
  ::chmod(directory.path().c_str(), 0755);
  const auto path = directory.path() / "s.sock";
  const Listener listener = Listener::unix_socket(path, Passage::everyone);
  ControlServer server({.max_body = 1024, .threads = 4, .version = "1"}, [](const Request&) {
    return Reply{.status = 200, .body = "{}", .content_type = "application/json", .headers = {}};
  });
  server.start(listener.fd());
  std::vector<int> sockets;
  std::thread([&] {
    // Of this thread alone: the kernel notes who connects.
    REQUIRE(::syscall(SYS_setresuid, -1, 1234, -1) == 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    for (int i = 0; i < 16; ++i) {
      sockets.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      REQUIRE(::connect(sockets.back(),
                        reinterpret_cast<const sockaddr*>(&address),
                        sizeof address) == 0);
    }
  }).join();

  const auto begin = std::chrono::steady_clock::now();
  CHECK(api::unix_transport(path.string(), "1")->send("GET", "/v1/status", "").status == 200);

  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(4));
  for (const int socket : sockets) ::close(socket);
}
