#include "lib/openai/error_body.hpp"

#include <doctest/doctest.h>

using namespace nufi::openai;

TEST_CASE("error_body: all members stand there, as strings or null") {
  CHECK(error_body({400, "invalid_request_error", "invalid_value", "n must be \"1\"", "n", ""}) ==
        R"({"error":{"message":"n must be \"1\"","type":"invalid_request_error","param":"n",)"
        R"("code":"invalid_value"}})");
  CHECK(error_body({}) == R"({"error":{"message":"","type":null,"param":null,"code":null}})");
}

TEST_CASE("error_body: a limit error says which limit") {
  CHECK(error_body(
            {429, "insufficient_quota", "insufficient_quota", "Budget reached", "", "{\"a\":1}"}) ==
        R"({"error":{"message":"Budget reached","type":"insufficient_quota","param":null,)"
        R"("code":"insufficient_quota","nufi":{"a":1}}})");
}

TEST_CASE("error_body: a message with bytes that are no text is still JSON") {
  CHECK(error_body({404, "", "", "Unknown \xff\x01", "", ""}) ==
        "{\"error\":{\"message\":\"Unknown "
        "\xef\xbf\xbd\\u0001\",\"type\":null,\"param\":null,\"code\":null}}");
}

TEST_CASE("error_body: in Anthropic's form the type stands for the status") {
  CHECK(message_error_body({401, "invalid_request_error", "key_revoked", "No.", "", ""}, "req_1") ==
        R"({"type":"error","error":{"type":"authentication_error","message":"No."},)"
        R"("request_id":"req_1"})");
  CHECK(message_error_body(
            {429, "insufficient_quota", "insufficient_quota", "Budget reached", "", "{\"a\":1}"},
            "r") ==
        R"({"type":"error","error":{"type":"rate_limit_error","message":"Budget reached",)"
        R"("nufi":{"a":1}},"request_id":"r"})");
  const auto type = [](int status, const char* code = "") {
    const auto body = message_error_body({status, "", code, "", "", ""}, "r");
    const auto at = body.find("{\"type\":\"", 5) + 9;
    return body.substr(at, body.find('"', at) - at);
  };
  CHECK(type(400) == "invalid_request_error");
  CHECK(type(402) == "billing_error");
  CHECK(type(403) == "permission_error");
  CHECK(type(404) == "not_found_error");
  CHECK(type(405) == "invalid_request_error");
  CHECK(type(408) == "timeout_error");
  CHECK(type(413) == "request_too_large");
  CHECK(type(415) == "invalid_request_error");
  CHECK(type(500) == "api_error");
  CHECK(type(502) == "api_error");
  CHECK(type(503, "shutting_down") == "api_error");
  CHECK(type(503, "no_upstream_available") == "overloaded_error");
  CHECK(type(504) == "timeout_error");
}
