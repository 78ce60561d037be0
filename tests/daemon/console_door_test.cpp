#include "daemon/console_door.hpp"

#include "lib/service/console.hpp"
#include "lib/service/tokens.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace nufi;
using namespace nufi::daemon;
using test::ControlPlane;

namespace {

/// The door of a house whose owner holds an access token.
struct Doorstep {
  ControlPlane house;
  std::string problem;
  ManagementApi api{house.context(), [] {}};
  ConsoleDoor door{{.listen_host = "127.0.0.1", .allowed_hosts = {"Gateway.example"}},
                   api,
                   house.context(),
                   [this] { return problem; }};
  Secret token =
      *service::create_token(house.context(), house.owner(), {.name = "t", .expires_at = {}})
           .secret;

  [[nodiscard]] Reply ask(const std::string& path,
                          const std::map<std::string, std::string>& headers) const {
    Request request;
    request.method = "GET";
    request.path = path;
    request.segments = {"v1", "profile"};
    request.headers = headers;
    return door.answer(request);
  }
  [[nodiscard]] int from(const std::string& path, const std::string& host) const {
    return ask(path, {{"host", host}}).status;
  }
  [[nodiscard]] int with(const std::string& authorization) const {
    return ask("/v1/profile", {{"host", "localhost"}, {"authorization", authorization}}).status;
  }
};

}  // namespace

TEST_CASE("console door: health and pages for everybody, management for nobody we don't know") {
  Doorstep it;
  CHECK(it.from("/healthz", "127.0.0.1:6835") == 200);
  CHECK(it.from("/healthz", "[::1]:6835") == 200);
  CHECK(it.from("/healthz", "gateway.example") == 200);
  CHECK(it.from("/healthz", "evil.example") == 403);
  CHECK(it.from("/healthz", "[::1") == 403);
  CHECK(it.from("/healthz", "") == 403);
  CHECK(it.from("/readyz", "localhost") == 200);
  CHECK(it.from("/", "localhost") == 200);
  CHECK(it.from("/", "evil.example") == 403);
  CHECK(it.from("/v1/profile", "localhost") == 401);
  it.problem = "disk full";
  CHECK(it.from("/readyz", "localhost") == 503);
  CHECK(it.from("/healthz", "localhost") == 200);
}

TEST_CASE("console door: a token opens it, in any case of Bearer, and nothing like it does") {
  const Doorstep it;
  CHECK(it.with("Bearer " + it.token.expose()) == 200);
  CHECK(it.with("BEARER  " + it.token.expose() + " ") == 200);
  CHECK(it.with(it.token.expose()) == 401);
  CHECK(it.with("Basic " + it.token.expose()) == 401);
  CHECK(it.with("Bearer") == 401);
  CHECK(it.with("Bearer " + domain::mint_token().expose()) == 401);
}

TEST_CASE("console door: too many wrong tokens are 429 for a minute, the right one passes") {
  Doorstep it;
  for (std::int64_t i = 0; i < ConsoleDoor::kWrongPerMinute; ++i) {
    REQUIRE(it.with("Bearer wrong") == 401);
  }
  CHECK(it.with("Bearer wrong") == 429);
  CHECK(it.with("Bearer " + it.token.expose()) == 200);
  it.house.clock.advance(std::chrono::minutes(1));
  CHECK(it.with("Bearer wrong") == 401);
}

TEST_CASE("console door: the scheme of a page is free, its host and port are not") {
  const Doorstep it;
  const auto from_page = [&](const std::string& origin) {
    return it
        .ask("/v1/profile",
             {{"host", "gateway.example"},
              {"authorization", "Bearer " + it.token.expose()},
              {"origin", origin}})
        .status;
  };
  CHECK(from_page("http://gateway.example") == 200);
  CHECK(from_page("https://GATEWAY.example") == 200);
  CHECK(from_page("http://gateway.example:81") == 403);
  CHECK(from_page("https://gateway.example.evil.example") == 403);
  CHECK(from_page("null") == 403);
  CHECK(from_page("") == 403);
}
