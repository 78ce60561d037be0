#include "lib/gateway/response_call.hpp"
#include "lib/gateway/response_id.hpp"
#include "lib/gateway/response_owners.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace nufi;
using namespace nufi::gateway;

namespace {

constexpr std::string_view kStream =
    ": a comment\n\n"
    "event: response.queued\n"
    "data: {\"type\":\"response.queued\",\"id\":\"evt_1\",\"sequence_number\":0}\n\n"
    "event: response.created\n"
    "data: {\"type\":\"response.created\",\"response\":{\"metadata\":{\"id\":\"no\"},"
    "\"id\":\"resp_aB-1\",\"output\":[{\"id\":\"msg_1\"}]}}\n\n"
    "event: response.completed\n"
    "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_2\"}}\n\n";

/// What is found in `text` when it comes in pieces of `size` bytes; "" if nothing.
std::string found_in(std::string_view text, bool is_stream, std::size_t size) {
  ResponseIdScan scan;
  std::string found;
  for (std::size_t at = 0; at < text.size(); at += size) {
    if (const auto id = scan.feed(text.substr(at, size), is_stream)) {
      CHECK(found.empty());
      found = *id;
    }
  }
  return found;
}

}  // namespace

TEST_CASE("response id: that of a plain reply is its root's") {
  constexpr std::string_view kReply =
      R"({"output":[{"id":"msg_1"}],"metadata":{"id":"no"}, "id" : "resp_1","object":"response"})";
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, kReply.size()}) {
    CHECK(found_in(kReply, false, size) == "resp_1");
  }
  CHECK(found_in(R"({"error":{"id":"resp_1"}})", false, 100).empty());
  CHECK(found_in("no JSON", false, 3).empty());
}

TEST_CASE("response id: that of a stream is the first response's, split anywhere") {
  for (std::size_t size = 1; size < 40; ++size) CHECK(found_in(kStream, true, size) == "resp_aB-1");
  // All at once, the last one counts as well.
  CHECK_FALSE(found_in(kStream, true, kStream.size()).empty());
}

TEST_CASE("response id: what can't be asked for later is none") {
  CHECK(found_in(R"({"id":17})", false, 100).empty());
  CHECK(found_in(R"({"id":null})", false, 100).empty());
  CHECK(found_in(R"({"id":""})", false, 100).empty());
  CHECK(found_in(R"({"id":"resp/../x"})", false, 100).empty());
  CHECK(found_in(R"({"id":"resp\u0031"})", false, 100).empty());
  CHECK(found_in("{\"id\":\"" + std::string(257, 'r') + "\"}", false, 100).empty());
  CHECK(found_in("{\"id\":\"" + std::string(256, 'r') + "\"}", false, 100).size() == 256);
}

TEST_CASE("response id: letters, digits, underscore and hyphen") {
  CHECK(is_response_id("resp_68e1-Az09"));
  for (const std::string_view bad :
       {"", ".", "..", "a/b", "a%2fb", "a b", "a\n", "r\xc3\xa9", "a?b"}) {
    CHECK_FALSE(is_response_id(bad));
  }
  CHECK_FALSE(is_response_id(std::string_view("a\0b", 3)));
}

TEST_CASE("response path: four kinds, each with its methods") {
  const auto allowed = [](std::string_view path) {
    const auto found = find_response_path(path);
    return found ? std::string(found->id) + " " + std::string(found->allowed) : std::string();
  };
  CHECK(allowed("/v1/responses/resp_1") == "resp_1 GET, DELETE");
  CHECK(allowed("/v1/responses/resp_1/cancel") == "resp_1 POST");
  CHECK(allowed("/v1/responses/resp_1/input_items") == "resp_1 GET");
  CHECK(allowed("/v1/responses/..") == ".. GET, DELETE");
  for (const std::string_view other : {"/v1/responses",
                                       "/v1/responses/",
                                       "/v1/responses//cancel",
                                       "/v1/responses/compact",
                                       "/v1/responses/input_tokens",
                                       "/v1/responses/resp_1/",
                                       "/v1/responses/resp_1/other",
                                       "/v1/responses/resp_1/cancel/",
                                       "/v1/responses/resp_1/input_items/x",
                                       "/v1/response/resp_1"}) {
    CHECK(allowed(other).empty());
  }
}

TEST_CASE("refusals: a foreign response and an unknown one are told of in OpenAI's words") {
  const auto no = refuse_response_not_found("resp_1");
  CHECK(no.error.status == 404);
  CHECK(
      openai::error_body(no.error) ==
      R"({"error":{"message":"Response with id 'resp_1' not found.","type":"invalid_request_error",)"
      R"("param":null,"code":null}})");
  const auto previous = refuse_previous_response("resp_1");
  CHECK(previous.error.status == 400);
  CHECK(openai::error_body(previous.error) ==
        R"({"error":{"message":"Previous response with id 'resp_1' not found.",)"
        R"("type":"invalid_request_error","param":"previous_response_id",)"
        R"("code":"previous_response_not_found"}})");
}
