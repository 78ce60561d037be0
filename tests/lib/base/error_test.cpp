#include "lib/base/error.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace nufi;

TEST_CASE("error: every code has the exit code that scripts rely on") {
  CHECK(exit_code(Errc::internal) == 1);
  CHECK(exit_code(Errc::conflict) == 1);
  CHECK(exit_code(Errc::unavailable) == 1);
  CHECK(exit_code(Errc::upstream) == 1);
  CHECK(exit_code(Errc::usage) == 2);
  CHECK(exit_code(Errc::invalid) == 2);
  CHECK(exit_code(Errc::not_found) == 3);
  CHECK(exit_code(Errc::ambiguous) == 3);
  CHECK(exit_code(Errc::unauthorized) == 4);
  CHECK(exit_code(Errc::not_permitted) == 4);
  CHECK(exit_code(Errc::unreachable) == 5);
  CHECK(exit_code(Errc::limit_reached) == 6);
}

TEST_CASE("error: every code has its http status") {
  CHECK(http_status(Errc::invalid) == 400);
  CHECK(http_status(Errc::usage) == 400);
  CHECK(http_status(Errc::unauthorized) == 401);
  CHECK(http_status(Errc::not_permitted) == 403);
  CHECK(http_status(Errc::not_found) == 404);
  CHECK(http_status(Errc::ambiguous) == 409);
  CHECK(http_status(Errc::conflict) == 409);
  CHECK(http_status(Errc::limit_reached) == 429);
  CHECK(http_status(Errc::internal) == 500);
  CHECK(http_status(Errc::upstream) == 502);
  CHECK(http_status(Errc::unreachable) == 503);
  CHECK(http_status(Errc::unavailable) == 503);
}

TEST_CASE("error: a code survives the way through its name") {
  for (int i = 0; i <= static_cast<int>(Errc::internal); ++i) {
    const auto code = static_cast<Errc>(i);
    CHECK(errc_from_name(errc_name(code)) == code);
  }
  CHECK(errc_name(Errc::not_found) == "not_found");
  CHECK(errc_from_name("something else") == Errc::internal);
}

TEST_CASE("error: message and hint are kept apart") {
  const Error error(Errc::conflict, "the name is taken", "choose another");
  CHECK(std::string(error.what()) == "the name is taken");
  CHECK(error.hint() == "choose another");
  CHECK(error.code() == Errc::conflict);
}
