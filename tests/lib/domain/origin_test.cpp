#include "lib/domain/origin.hpp"

#include "lib/base/error.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using domain::read_origin;

namespace {

std::string refusal(const std::string& origin) {
  try {
    return read_origin(origin);
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("origin: an origin is read as browsers write it") {
  CHECK(read_origin("HTTPS://App.Example:443") == "https://app.example");
  CHECK(read_origin("http://localhost:3000") == "http://localhost:3000");
  CHECK(read_origin("http://[::1]:80") == "http://[::1]");
  CHECK(read_origin("*") == "*");
}

TEST_CASE("origin: what is no origin is refused with the reason") {
  CHECK(refusal("null") ==
        "'null' is no origin: every page without an origin says so, whoever made it");
  CHECK(refusal("https://app.example/") == "'https://app.example/' is no origin: it has a path");
  CHECK(refusal("app.example") == "'app.example' is no origin: it has no https:// or http://");
  CHECK(refusal("https://*.example") ==
        "'https://*.example' is no origin: each one is named whole");
  CHECK(refusal("file://x").find("is no origin") != std::string::npos);
  CHECK(refusal("https://u@app.example").find("is no origin") != std::string::npos);
}
