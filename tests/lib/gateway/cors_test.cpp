#include "lib/gateway/cors.hpp"

#include "tests/support/fake_exchange.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::gateway;

namespace {

using Origins = std::vector<std::string>;

/// What a reply to a page of `origin` gets.
net::Fields fields_for(const std::string& origin, const Origins& allowed) {
  test::FakeExchange exchange;
  if (!origin.empty()) exchange.request.fields.add("Origin", origin);
  add_cors_fields(exchange, allowed);
  return exchange.reply_fields;
}

net::RequestHead preflight(const std::string& origin) {
  net::RequestHead head;
  head.method = "OPTIONS";
  head.fields.add("origin", origin);
  head.fields.add("access-control-request-method", "POST");
  head.fields.add("access-control-request-headers", "authorization,x-stainless-lang");
  return head;
}

const Origins kOne = {"https://app.example"};

}  // namespace

TEST_CASE("cors: while nobody is named no reply says a word of it") {
  CHECK(fields_for("https://app.example", {}).size() == 0);
  CHECK_FALSE(preflight_reply(preflight("https://app.example"), {}));
}

TEST_CASE("cors: a named origin may read the reply and our headers, others learn nothing") {
  const auto fields = fields_for("https://app.example", kOne);
  CHECK(fields.find("access-control-allow-origin") == "https://app.example");
  CHECK(fields.find("access-control-expose-headers").find("x-request-id") !=
        std::string_view::npos);
  CHECK(fields.find("vary") == "Origin");
  CHECK(fields.count("access-control-allow-credentials") == 0);
  for (const char* other : {"",
                            "null",
                            "http://app.example",
                            "https://app.example:8443",
                            "https://app.example.evil",
                            "https://APP.example"}) {
    CAPTURE(other);
    const auto none = fields_for(other, kOne);
    CHECK(none.count("access-control-allow-origin") == 0);
    CHECK(none.find("vary") == "Origin");
  }
}

TEST_CASE("cors: a star is everybody, and the same for everybody") {
  const auto fields = fields_for("https://any.example", {"*"});
  CHECK(fields.find("access-control-allow-origin") == "*");
  CHECK(fields.count("vary") == 0);
  CHECK(preflight_reply(preflight("null"), {"*"}));
}

TEST_CASE("cors: a preflight of a named origin is told what it may send") {
  const auto reply = preflight_reply(preflight("https://app.example"), kOne);
  REQUIRE(reply);
  CHECK(reply->status == 204);
  CHECK(reply->fields.find("access-control-allow-methods") == "GET, POST, DELETE");
  CHECK(reply->fields.find("access-control-allow-headers") == "authorization,x-stainless-lang");
  CHECK(reply->fields.find("access-control-max-age") == "600");
}

TEST_CASE("cors: what is no preflight is answered as any other request") {
  CHECK_FALSE(preflight_reply(preflight("https://other.example"), kOne));
  auto get = preflight("https://app.example");
  get.method = "GET";
  CHECK_FALSE(preflight_reply(get, kOne));
  net::RequestHead bare;
  bare.method = "OPTIONS";
  bare.fields.add("origin", "https://app.example");
  CHECK_FALSE(preflight_reply(bare, kOne));
}
