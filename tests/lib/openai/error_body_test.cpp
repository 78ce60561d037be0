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
