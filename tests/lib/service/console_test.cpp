#include "lib/service/console.hpp"

#include "lib/base/text.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

using namespace nufi;
using namespace nufi::service;
using test::ControlPlane;
using test::failure_of;
using test::FakeClock;

namespace {

const Timestamp kNoon = *parse_rfc3339("2026-08-20T12:00:00Z");
constexpr std::chrono::milliseconds kInstant{1};

}  // namespace

TEST_CASE("console: a code is good once, within a minute") {
  FakeClock clock(kNoon);
  ConsoleSessions consoles(clock);
  const Secret code = consoles.make_code(1000);
  CHECK_FALSE(consoles.begin("another"));
  CHECK(consoles.begin(code.expose()));
  CHECK_FALSE(consoles.begin(code.expose()));

  const Secret late = consoles.make_code(1000);
  clock.advance(ConsoleSessions::kCodeLife - kInstant);
  const Secret later = consoles.make_code(1000);
  clock.advance(kInstant);
  CHECK_FALSE(consoles.begin(late.expose()));
  CHECK(consoles.begin(later.expose()));
}

TEST_CASE("console: a session lives while it is used, and ends when told") {
  FakeClock clock(kNoon);
  ConsoleSessions consoles(clock);
  const Secret session = *consoles.begin(consoles.make_code(1000).expose());
  for (int i = 0; i < 3; ++i) {
    clock.advance(ConsoleSessions::kIdleLife - kInstant);
    CHECK(consoles.find(session.expose()) == 1000);
  }
  clock.advance(ConsoleSessions::kIdleLife);
  CHECK_FALSE(consoles.find(session.expose()));

  const Secret other = *consoles.begin(consoles.make_code(1001).expose());
  CHECK(consoles.find(other.expose()) == 1001);
  consoles.end(other.expose());
  consoles.end("nobody's");
  CHECK_FALSE(consoles.find(other.expose()));
}

TEST_CASE("console: a user has a few at once, the oldest goes, and others keep theirs") {
  FakeClock clock(kNoon);
  ConsoleSessions consoles(clock);
  const Secret neighbours = consoles.make_code(1001);
  std::vector<Secret> codes;
  for (std::size_t i = 0; i <= ConsoleSessions::kMostCodes; ++i) {
    codes.push_back(consoles.make_code(1000));
    clock.advance(kInstant);
  }
  CHECK_FALSE(consoles.begin(codes.front().expose()));
  CHECK(consoles.begin(codes[1].expose()));
  CHECK(consoles.begin(codes.back().expose()));
  CHECK(consoles.begin(neighbours.expose()));
}

TEST_CASE("console: a link is made over the socket, where there is a console") {
  ControlPlane house;
  Context context = house.context();
  CHECK(failure_of([&] { make_console_link(context, house.owner()); }) ==
        "conflict: the console of this nufid is off");
  context.facts.console_url = "http://127.0.0.1:6835";

  const auto link = make_console_link(context, house.owner());

  CHECK(link.expires_at == house.clock.now() + std::chrono::minutes(1));
  const std::string url = link.url.expose();
  const std::string begin = "http://127.0.0.1:6835/#code=";
  REQUIRE(url.starts_with(begin));
  const auto session = context.consoles.begin(url.substr(begin.size()));
  REQUIRE(session);
  Actor page = admit_session(context, session->expose());
  CHECK(page.account == house.owner().account);
  CHECK(page.via == "console");
  CHECK(failure_of([&] { make_console_link(context, page); }).starts_with("not_permitted"));
  CHECK(failure_of([&] { admit_session(context, "another"); }) ==
        "unauthorized: this session has ended");
}
