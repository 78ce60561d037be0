#include "lib/api/client.hpp"

#include "tests/support/unix_server.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace api = nufi::api;
using nufi::Errc;
using nufi::Error;
using nufi::test::json_reply;
using nufi::test::UnixServer;

namespace {

/// Answers from a list of replies and writes down what it was asked.
class Script final : public api::Transport {
 public:
  explicit Script(std::vector<api::Reply> replies, std::vector<std::string>& asked)
      : replies_(std::move(replies)), asked_(asked) {}

  api::Reply send(const std::string& method,
                  const std::string& target,
                  const std::string& body) override {
    asked_.push_back(method + " " + target + (body.empty() ? "" : " " + body));
    REQUIRE(next_ < replies_.size());
    return replies_[next_++];
  }
  void set_patience(std::chrono::milliseconds) override {}

 private:
  std::vector<api::Reply> replies_;
  std::vector<std::string>& asked_;
  std::size_t next_ = 0;
};

api::Client scripted(std::vector<api::Reply> replies, std::vector<std::string>& asked) {
  return api::Client(std::make_unique<Script>(std::move(replies), asked));
}

Errc code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("no error");
  return Errc::internal;
}

constexpr const char* kSmallKey =
    R"({"id":"key_1","name":"a","status":"active","created_at":"2026-08-01T10:00:00Z"})";

}  // namespace

TEST_CASE("client: speaks to the Unix socket with a loopback host and both versions") {
  std::string seen;
  UnixServer server([&seen](const std::string& request) {
    seen = request;
    return json_reply(200, R"({"version":"9.9.9"})", "X-Nufi-Version: 9.9.9\r\n");
  });
  api::Client client(api::unix_transport(server.path(), "0.1.0"));

  CHECK(client.status().version == "9.9.9");

  CHECK(client.daemon_version() == "9.9.9");
  CHECK(seen.find("GET /v1/status HTTP/1.1\r\n") == 0);
  CHECK(seen.find("Host: localhost\r\n") != std::string::npos);
  CHECK(seen.find("X-Nufi-Version: 0.1.0\r\n") != std::string::npos);
}

TEST_CASE("client: a daemon that takes connections and hangs is not waited for for ever") {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/tmp/nufi-hanging-" + std::to_string(::getpid()) + ".sock";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 4) == 0);
  api::Client client(api::unix_transport(path, "0.1.0"));
  client.limit_patience(std::chrono::milliseconds(50));

  CHECK(code_of([&] { client.status(); }) == Errc::unreachable);
  CHECK(code_of([&] { client.verify_ledger(); }) == Errc::unreachable);

  ::close(listener);
  ::unlink(path.c_str());
}

TEST_CASE("client: a lease is renewed for its key") {
  std::vector<std::string> asked;
  api::Client client = scripted({{200, kSmallKey, ""}}, asked);
  CHECK(client.renew_lease("key_1", std::chrono::seconds(30)).key.name == "a");
  CHECK(asked ==
        std::vector<std::string>{R"(POST /v1/inference/keys/key_1/lease {"lease_seconds":30})"});
}

TEST_CASE("client: a body arrives as JSON, and a second call works after the server hung up") {
  std::vector<std::string> seen;
  UnixServer server([&seen](const std::string& request) {
    seen.push_back(request);
    return json_reply(201, kSmallKey);
  });
  api::Client client(api::unix_transport(server.path(), "0.1.0"));
  nufi::domain::KeyTerms terms;
  terms.name = nufi::domain::Change<std::string>::set("a");

  client.create_key("default", terms);
  client.edit_key("a", terms);

  REQUIRE(seen.size() == 2);
  CHECK(seen[0].find("POST /v1/projects/default/inference/keys HTTP/1.1") == 0);
  CHECK(seen[0].find("Content-Type: application/json") != std::string::npos);
  CHECK(seen[0].ends_with("\r\n\r\n{\"name\":\"a\"}"));
  CHECK(seen[1].find("PATCH /v1/inference/keys/a HTTP/1.1") == 0);
}

TEST_CASE("client: a daemon that is not there is unreachable, with the socket and the next step") {
  api::Client client(api::unix_transport("/nonexistent/nufid.sock", "0.1.0"));

  try {
    client.status();
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::unreachable);
    CHECK(std::string(error.what()) == "nufid is not running (socket /nonexistent/nufid.sock)");
    CHECK(error.hint() == "start it with: nufi up");
  }
}

TEST_CASE("client: a daemon that hangs up without an answer is unreachable") {
  UnixServer server([](const std::string&) { return std::string(); });
  api::Client client(api::unix_transport(server.path(), "0.1.0"));

  CHECK(code_of([&] { client.status(); }) == Errc::unreachable);
}

TEST_CASE("client: a socket path longer than a socket address is said so") {
  api::Client client(api::unix_transport("/" + std::string(200, 'x'), "0.1.0"));

  CHECK(code_of([&] { client.status(); }) == Errc::unreachable);
}

TEST_CASE("client: the daemon's error is thrown as it was meant") {
  std::vector<std::string> asked;
  auto client =
      scripted({{404,
                 R"({"error":{"message":"no key 'x'","hint":"nufi keys list","code":"not_found"}})",
                 ""},
                {500, "<html>", ""},
                {200, "<html>", ""}},
               asked);

  CHECK(code_of([&] { client.key("x"); }) == Errc::not_found);
  CHECK(code_of([&] { client.key("x"); }) == Errc::internal);
  CHECK(code_of([&] { client.key("x"); }) == Errc::internal);
}

TEST_CASE("client: names are encoded in the path") {
  std::vector<std::string> asked;
  auto client = scripted({{200, kSmallKey, ""}}, asked);

  client.key("my key/ü?");

  CHECK(asked.at(0) == "GET /v1/inference/keys/my%20key%2F%C3%BC%3F");
}

TEST_CASE("client: a list is read to its last page") {
  std::vector<std::string> asked;
  const std::string key = kSmallKey;
  auto client = scripted({{200, R"({"data":[)" + key + R"(],"next":"c 1"})", ""},
                          {200, R"({"data":[)" + key + R"(],"next":null})", ""}},
                         asked);

  const auto keys = client.keys({.project = "p", .archived = true, .all = false});

  CHECK(keys.size() == 2);
  CHECK(asked.at(0) == "GET /v1/inference/keys?project=p&archived=true");
  CHECK(asked.at(1) == "GET /v1/inference/keys?project=p&archived=true&after=c%201");
}

TEST_CASE("client: prices are put with the model beside the terms") {
  std::vector<std::string> asked;
  auto client = scripted(
      {{200, R"({"model":"a/b","warnings":["w"]})", ""}, {204, "", ""}, {200, "{}", ""}}, asked);
  nufi::domain::PriceTerms terms;
  terms.free = true;

  CHECK(client.set_price("a/b", terms).warnings == std::vector<std::string>{"w"});
  client.unset_price("a/b");
  client.set_setting("timezone", std::nullopt);

  CHECK(asked.at(0).find(R"(PUT /v1/prices {"model":"a/b","free":true)") == 0);
  CHECK(asked.at(1) == "DELETE /v1/prices?model=a%2Fb");
  CHECK(asked.at(2) == R"(PATCH /v1/settings {"timezone":null})");
}

TEST_CASE("client: a price list goes out as it is, and the calls to charge anew as terms") {
  std::vector<std::string> asked;
  auto client = scripted(
      {{200,
        R"({"applied":true,"added":[{"model":"a"}],"changed":[{"price":{"model":"b"},)"
        R"("before":{"model":"b"}}],"unchanged":4,"skipped":5,)"
        R"("refused":[{"provider":null,"model":"c","reason":"why"}]})",
        ""},
       {200,
        R"({"applied":false,"from":"2026-08-01T00:00:00Z","to":"2026-08-02T00:00:00Z","rows":3,)"
        R"("changed":2,"kept":1,"old_cost_usd":1.5,"new_cost_usd":2,"models":[)"
        R"({"model":"m","rows":3,"changed":2,"kept":1,"old_cost_usd":1.5,"new_cost_usd":2}],)"
        R"("next":"req_00000000001"})",
        ""},
       {200,
        R"({"applied":false,"from":"2026-08-01T00:00:00Z","to":"2026-08-02T00:00:00Z","rows":1,)"
        R"("changed":1,"kept":0,"old_cost_usd":1,"new_cost_usd":3,"models":[)"
        R"({"model":"m","rows":1,"changed":1,"kept":0,"old_cost_usd":1,"new_cost_usd":3}],)"
        R"("next":null})",
        ""}},
      asked);

  const auto import = client.import_prices("{ \"as\": \"it is\" }", /*dry_run=*/true);
  nufi::domain::RepriceTerms terms;
  terms.since = nufi::Timestamp(std::chrono::milliseconds(1'785'542'400'000));
  terms.model = "m";
  const auto report = client.reprice(terms);

  CHECK(asked.at(0) == "POST /v1/prices/import?dry_run=true { \"as\": \"it is\" }");
  CHECK(import.applied);
  CHECK(import.added.at(0).price.model == "a");
  CHECK(import.changed.at(0).before->model == "b");
  CHECK(import.unchanged == 4);
  CHECK(import.skipped == 5);
  CHECK(import.refused.at(0).reason == "why");
  CHECK(asked.at(1) ==
        R"(POST /v1/ledger/reprice {"since":"2026-08-01T00:00:00Z","until":null,"model":"m",)"
        R"("after":null,"dry_run":false})");
  CHECK(asked.at(2) ==
        R"(POST /v1/ledger/reprice {"since":"2026-08-01T00:00:00Z","until":"2026-08-02T00:00:00Z",)"
        R"("model":"m","after":"req_00000000001","dry_run":false})");
  CHECK(report.totals.changed == 3);
  CHECK(report.models.at("m").new_cost == nufi::domain::Money::nanos(5'000'000'000));
}
