#include "lib/gateway/endpoint.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::gateway;
using openai::CapField;

TEST_CASE("endpoint: each is found at its path, and nothing beside it") {
  for (const std::string name : {"chat/completions",
                                 "completions",
                                 "embeddings",
                                 "responses",
                                 "moderations",
                                 "images/generations",
                                 "images/edits",
                                 "images/variations",
                                 "audio/transcriptions",
                                 "audio/translations",
                                 "audio/speech",
                                 "rerank",
                                 "messages",
                                 "messages/count_tokens"}) {
    CAPTURE(name);
    const auto* endpoint = find_endpoint("/v1/" + name);
    REQUIRE(endpoint != nullptr);
    CHECK(endpoint->name == name);
    CHECK(endpoint->upstream_path == "/" + name);
    CHECK(find_endpoint("/v1/" + name + "/") == nullptr);
    CHECK(find_endpoint("/" + name) == nullptr);
  }
  CHECK(find_endpoint("/v1/audio") == nullptr);
  CHECK(find_endpoint("/v1/images/edits")->body == BodyKind::form_or_json);
  CHECK(find_endpoint("/v1/audio/translations")->body == BodyKind::form);
}

TEST_CASE("endpoint: a cap goes into the field that the upstream knows") {
  domain::Upstream upstream;
  CHECK(cap_field(*find_endpoint("/v1/chat/completions"), upstream) == CapField::max_tokens);
  CHECK(cap_field(*find_endpoint("/v1/responses"), upstream) == CapField::max_output_tokens);
  upstream.provider = "openai";
  CHECK(cap_field(*find_endpoint("/v1/chat/completions"), upstream) ==
        CapField::max_completion_tokens);
  CHECK(cap_field(*find_endpoint("/v1/completions"), upstream) == CapField::max_tokens);
  CHECK_FALSE(ignores_completion_cap(upstream));
  upstream.provider = "deepseek";
  CHECK(ignores_completion_cap(upstream));
}
