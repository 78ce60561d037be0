#include "daemon/control_server.hpp"

#include "daemon/demo.hpp"
#include "daemon/listen.hpp"
#include "daemon/routes.hpp"
#include "lib/api/transport.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

using namespace nufi;
using namespace nufi::daemon;
using nlohmann::json;
using test::ControlPlane;
using test::TempDir;

namespace {

/// Sends bytes as they are and reads until the server closes.
std::string talk(const std::filesystem::path& path, const std::string& bytes) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  // What the server does not want to read, it need not.
  (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  ::shutdown(fd, SHUT_WR);
  std::string answer;
  char piece[4096];
  for (ssize_t count = 0; (count = ::recv(fd, piece, sizeof piece, 0)) > 0;) {
    answer.append(piece, static_cast<std::size_t>(count));
  }
  ::close(fd);
  return answer;
}

/// A server whose handler says what it saw.
class Echo {
 public:
  Echo()
      : listener_(Listener::unix_socket(path())),
        server_({.max_body = 1024, .threads = 2, .version = "9.9"}, [](const Request& request) {
          json seen = {{"method", request.method},
                       {"path", request.path},
                       {"segments", request.segments},
                       {"query", request.query},
                       {"body", request.body}};
          if (request.peer_uid) seen["uid"] = *request.peer_uid;
          return Reply{.status = 200,
                       .body = seen.dump(),
                       .content_type = "application/json",
                       .headers = {}};
        }) {
    server_.start(listener_.fd());
  }
  [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "s.sock"; }
  [[nodiscard]] json ask(const std::string& method,
                         const std::string& target,
                         const std::string& body = "") const {
    return json::parse(api::unix_transport(path().string(), "1")->send(method, target, body).body);
  }

 private:
  TempDir directory_;
  Listener listener_;
  ControlServer server_;
};

/// The whole management API on a socket, as the user of this test.
class Api {
 public:
  explicit Api(std::vector<service::Publisher::BuiltIn> built_ins = {})
      : plane_(std::move(built_ins)),
        context_(plane_.context()),
        listener_(Listener::unix_socket(path())),
        api_((context_.facts.owner_uid = static_cast<std::int64_t>(::geteuid()), context_),
             [this] { stopped = true; }),
        server_({.max_body = 1 << 20, .threads = 4, .version = "9.9"},
                [this](const Request& request) { return api_.answer(request); }) {
    server_.start(listener_.fd());
  }
  [[nodiscard]] std::filesystem::path path() const { return plane_.directory.path() / "s.sock"; }
  struct Answer {
    int status = 0;
    json body;
    std::string version;
    std::string text;
  };
  [[nodiscard]] Answer ask(const std::string& method,
                           const std::string& target,
                           const std::string& body = "") const {
    const auto reply = api::unix_transport(path().string(), "1")->send(method, target, body);
    return {reply.status, json::parse(reply.body), reply.version, reply.body};
  }

  std::atomic<bool> stopped = false;

 private:
  ControlPlane plane_;
  service::Context context_;
  Listener listener_;
  ManagementApi api_;
  ControlServer server_;
};

}  // namespace

TEST_CASE("control server: a request arrives taken apart, with the peer's user") {
  const Echo echo;
  const json seen = echo.ask("POST", "/v1/a%2Fb/c?x=1%202&y=%26&z", "{\"k\":1}");
  CHECK(seen["method"] == "POST");
  CHECK(seen["segments"] == json({"v1", "a/b", "c"}));
  CHECK(seen["query"] == json::parse(R"([["x","1 2"],["y","&"],["z",""]])"));
  CHECK(seen["body"] == "{\"k\":1}");
  CHECK(seen["uid"] == ::geteuid());
}

TEST_CASE("control server: nobody can say to be another user") {
  const Echo echo;
  const std::string answer = talk(echo.path(),
                                  "GET /x HTTP/1.1\r\nHost: localhost\r\nREMOTE_ADDR: 4242\r\n"
                                  "Connection: close\r\n\r\n");
  CHECK(answer.find("\"uid\":" + std::to_string(::geteuid())) != std::string::npos);
}

TEST_CASE("control server: one connection serves several requests") {
  const Echo echo;
  const std::string answer = talk(echo.path(),
                                  "GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                  "GET /two HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(answer.find("/one") != std::string::npos);
  CHECK(answer.find("/two") != std::string::npos);
  CHECK(answer.find("X-Nufi-Version: 9.9") != std::string::npos);
}

TEST_CASE("control server: a head has its bounds") {
  const Echo echo;
  const std::string begin = "GET /x HTTP/1.1\r\nHost: localhost\r\n";
  std::string fields;
  SUBCASE("so many fields") {
    for (int i = 0; i < 200; ++i) fields += "X-A: b\r\n";
  }
  SUBCASE("so long") {
    for (int i = 0; i < 90; ++i) fields += "X-A: " + std::string(1000, 'b') + "\r\n";
  }
  CHECK(talk(echo.path(), begin + fields + "\r\n").starts_with("HTTP/1.1 431 "));
  CHECK(talk(echo.path(), begin + "X-A: b\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("control server: a body is as long as it says, and nothing else is read") {
  const Echo echo;
  const std::string begin = "POST /x HTTP/1.1\r\nHost: localhost\r\n";
  const std::string next = "GET /next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  // Without a length there is none: no waiting for the peer to leave, and what follows is a
  // request.
  const std::string none = talk(echo.path(), begin + "\r\n" + next);
  CHECK(none.find(R"("body":"")") != std::string::npos);
  CHECK(none.find("/next") != std::string::npos);
  const std::string chunked =
      talk(echo.path(), begin + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + next);
  CHECK(chunked.starts_with("HTTP/1.1 411 "));
  CHECK(chunked.find("/next") == std::string::npos);
  const std::string large = talk(echo.path(), begin + "Content-Length: 400000000\r\n\r\n" + next);
  CHECK(large.starts_with("HTTP/1.1 413 "));
  CHECK(large.find("/next") == std::string::npos);
  const std::string two =
      talk(echo.path(), begin + "Content-Length: 1\r\nContent-Length: 9\r\n\r\n" + next);
  CHECK(two.find("\"path\":\"/next\"") == std::string::npos);
}

TEST_CASE("control server: what is no request is refused in the API's error shape") {
  const Echo echo;
  std::string status;
  std::string bytes;
  SUBCASE("not HTTP") {
    bytes = "hello\r\n\r\n";
    status = " 400 ";
  }
  SUBCASE("too large a body") {
    bytes = "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n" +
            std::string(5000, 'x');
    status = " 413 ";
  }
  SUBCASE("too long a target") {
    bytes = "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    status = " 414 ";
  }
  SUBCASE("a path that is not well encoded") {
    bytes = "GET /a%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    status = " 400 ";
  }
  const std::string answer = talk(echo.path(), bytes);
  CHECK(answer.substr(0, answer.find('\r')).find(status) != std::string::npos);
  CHECK(answer.find("{\"error\":{\"message\":") != std::string::npos);
}

TEST_CASE("control server: a price list may be larger than other bodies") {
  const Echo echo;
  const auto post = [&](const std::string& path, std::size_t size) {
    const std::string answer =
        talk(echo.path(),
             "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                 "Content-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x'));
    return answer.substr(0, answer.find('\r'));
  };
  CHECK(post("/v1/prices/import?dry_run=true", 100'000) == "HTTP/1.1 200 OK");
  CHECK(post("/v1/prices", 100'000) == "HTTP/1.1 413 Payload Too Large");
  CHECK(post("/v1/prices/import", (16 << 20) + 1) == "HTTP/1.1 413 Payload Too Large");
}

TEST_CASE("control server: a target as long as allowed is served") {
  const Echo echo;
  const std::string path = "/" + std::string(8000, 'x');
  CHECK(echo.ask("GET", path)["path"] == path);
  CHECK(echo.ask("GET", "/a%0Ab")["segments"] == json({"a\nb"}));
}

TEST_CASE("control server: many at once are all answered") {
  const Echo echo;
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 16; ++i) {
      clients.emplace_back([&] {
        if (echo.ask("GET", "/x")["path"] == "/x") ++answered;
      });
    }
  }
  CHECK(answered == 16);
}

TEST_CASE("management API: a key's life") {
  const Api api;
  const auto made =
      api.ask("POST", "/v1/projects/default/inference/keys", R"({"name":"laptop","budget_usd":5})");
  CHECK(made.status == 201);
  CHECK(made.version == "9.9");
  CHECK(made.body["budget_usd"] == 5);
  CHECK(api.ask("PATCH", "/v1/inference/keys/laptop", R"({"budget_usd":0.00000491})")
            .text.find("0.00000491,") != std::string::npos);
  CHECK(made.body["key"].get<std::string>().starts_with("sk-nufi-"));
  const auto listed = api.ask("GET", "/v1/inference/keys");
  REQUIRE(listed.body["data"].size() == 1);
  CHECK_FALSE(listed.body["data"][0].contains("key"));
  CHECK(listed.body["next"].is_null());
  const auto edited = api.ask("PATCH", "/v1/inference/keys/laptop", R"({"budget_usd":null})");
  CHECK(edited.body["budget_usd"].is_null());
  CHECK(api.ask("POST", "/v1/inference/keys/laptop/disable").body["status"] == "disabled");
  CHECK(api.ask("POST", "/v1/inference/keys/laptop/enable").body["status"] == "active");
  CHECK(api.ask("DELETE", "/v1/inference/keys/laptop").body["status"] == "revoked");
  CHECK(api.ask("GET", "/v1/inference/keys/" + made.body["id"].get<std::string>()).status == 200);
}

TEST_CASE("management API: every list and report answers") {
  const SystemClock clock;
  const DemoUpstream demo(clock);
  const Api api({demo.built_in()});
  for (const char* path : {"/v1/status",
                           "/v1/profile",
                           "/v1/accounts",
                           "/v1/inference/keys?all=true&limit=5",
                           "/v1/projects/default/inference/keys",
                           "/v1/usage?days=7&by=key&timezone=Europe%2FBerlin",
                           "/v1/usage?from=2026-08-01&to=2026-08-05T10:00:00Z",
                           "/v1/requests?last=5&status=ok",
                           "/v1/upstreams",
                           "/v1/upstreams/demo",
                           "/v1/models",
                           "/v1/prices?model=gpt-4o",
                           "/v1/settings"}) {
    CAPTURE(path);
    CHECK(api.ask("GET", path).status == 200);
  }
  CHECK(api.ask("POST", "/v1/ledger/verify").body["ok"] == true);
  const auto models = api.ask("GET", "/v1/models").body["data"];
  REQUIRE(models.size() == 1);
  CHECK(models[0]["name"] == "nufi-echo");
}

TEST_CASE("management API: settings, prices and upstreams can be changed") {
  const Api api;
  CHECK(api.ask("PATCH", "/v1/settings", R"({"budget_status":402})").status == 200);
  const auto settings = api.ask("PATCH", "/v1/settings", R"({"hold_wait":"1s"})").body["data"];
  CHECK(std::any_of(settings.begin(), settings.end(), [](const json& one) {
    return one["name"] == "budget_status" && one["value"] == "402" && one["default"] == "429" &&
           one["words"] == json::array({"429", "402"});
  }));
  CHECK(api.ask("PUT", "/v1/prices", R"({"model":"m","free":true})").status == 200);
  CHECK(api.ask("DELETE", "/v1/prices?model=m").status == 200);
  CHECK(api.ask("POST", "/v1/upstreams", R"({"name":"local","preset":"ollama"})").status == 201);
  CHECK(api.ask("PATCH", "/v1/upstreams/local", R"({"priority":3})").body["priority"] == 3);
  CHECK(api.ask("DELETE", "/v1/upstreams/local").status == 200);
}

TEST_CASE("management API: refusals say what and carry their code") {
  const Api api;
  const auto check = [&](const std::string& method,
                         const std::string& target,
                         const std::string& body,
                         int status,
                         const std::string& code) {
    CAPTURE(target);
    const auto answer = api.ask(method, target, body);
    CHECK(answer.status == status);
    CHECK(answer.body["error"]["code"] == code);
    CHECK(answer.body["error"]["message"].is_string());
  };
  const std::string keys = "/v1/projects/default/inference/keys";
  check("POST", keys, "not json", 400, "invalid");
  check("POST", keys, "[]", 400, "invalid");
  check("POST", keys, R"({"name":"x","colour":"red"})", 400, "invalid");
  check("POST", keys, R"({"name":5})", 400, "invalid");
  check("POST", "/v1/projects/nope/inference/keys", R"({"name":"x"})", 404, "not_found");
  check("GET", "/v1/inference/keys/nope", "", 404, "not_found");
  check("GET", "/v1/inference/keys?colour=red", "", 400, "invalid");
  check("GET", "/v1/usage?days=many", "", 400, "invalid");
  check("GET", "/v1/requests?since=yesterday", "", 400, "invalid");
  check("GET", "/v1/nothing", "", 404, "not_found");
  check("PUT", "/v1/status", "{}", 405, "not_found");
  check("PATCH", "/v1/profile", R"({"budget_usd":1})", 403, "not_permitted");
}

TEST_CASE("management API: web pages are refused, and so is a stranger") {
  const Api api;
  for (const char* header : {"Origin: http://evil.example", "Referer: http://evil.example/"}) {
    const auto answer = talk(api.path(),
                             "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                                 std::string(header) + "\r\n\r\n");
    CHECK(answer.find(" 403 ") != std::string::npos);
  }
  const ControlPlane plane;
  const ManagementApi door(plane.context(), [] {});
  Request request;
  request.method = "GET";
  request.path = "/v1/status";
  request.segments = {"v1", "status"};
  CHECK(door.answer(request).status == 401);
  request.peer_uid = 1001;
  CHECK(door.answer(request).status == 403);
  request.peer_uid = 1000;
  CHECK(door.answer(request).status == 200);
}

TEST_CASE("management API: shutdown is agreed to and passed on") {
  const Api api;
  const auto answer = api.ask("POST", "/v1/shutdown");
  CHECK(answer.status == 202);
  CHECK(answer.body["drain_timeout_seconds"] == 30);
  CHECK(api.stopped);
}
