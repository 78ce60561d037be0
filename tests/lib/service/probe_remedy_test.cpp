#include "lib/service/probe_remedy.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::service;

namespace {

domain::ReadyUpstream upstream_at(const std::string& url, const std::string& secret = "sk-secret") {
  domain::ReadyUpstream ready;
  ready.upstream.name = "mine";
  ready.upstream.url = domain::BaseUrl::parse(url);
  ready.secret = Secret(secret);
  return ready;
}

ProbeReply reply_of(int status, const std::string& body) {
  ProbeReply reply;
  reply.status = status;
  reply.body = body;
  return reply;
}

ProbeReply failed(NoReply failure, const std::string& why = {}) {
  ProbeReply reply;
  reply.failure = failure;
  reply.why = why;
  return reply;
}

/// "detail | hint".
std::string text(const Diagnosis& diagnosis) {
  return diagnosis.detail + " | " + diagnosis.hint;
}

const auto kApi = upstream_at("https://api.example/v1");

}  // namespace

TEST_CASE("remedy: a refused secret") {
  const auto reply = reply_of(401, R"({"error":{"message":"Incorrect API key: sk-secret"}})");
  CHECK(text(diagnose(kApi, reply)) ==
        "the secret was refused: Incorrect API key: [secret] (HTTP 401) | "
        "give it another: nufi upstreams edit mine --key-stdin");
  CHECK(text(diagnose(upstream_at("https://api.example/v1", ""), reply_of(403, ""))) ==
        "it wants a secret (HTTP 403) | give it one: nufi upstreams edit mine --key-stdin");
}

TEST_CASE("remedy: a base URL that is not quite one") {
  const auto missing = reply_of(404, R"({"detail":"Not Found"})");
  CHECK(text(diagnose(upstream_at("https://api.example"), missing)) ==
        "not found: Not Found (HTTP 404) | "
        "did you forget /v1?: nufi upstreams edit mine --url https://api.example/v1");
  CHECK(diagnose(upstream_at("https://api.example/v1/chat/completions"), missing).hint ==
        "the base URL may be wrong: nufi upstreams edit mine --url https://api.example/v1");
  CHECK(diagnose(upstream_at("https://openrouter.ai/v1"), missing).hint ==
        "the base URL may be wrong: nufi upstreams edit mine --url https://openrouter.ai/api/v1");
  CHECK(diagnose(kApi, missing).hint.empty());
  CHECK(diagnose(upstream_at("https://api.deepseek.com"), missing).hint.empty());
}

TEST_CASE("remedy: a web page is no API, and none of it is shown") {
  auto page = reply_of(200, "<!doctype html><title>Router login</title>");
  page.content_type = "text/html";
  CHECK(text(diagnose(upstream_at("http://192.168.1.1"), page)) ==
        "a web page answers, no API | "
        "did you forget /v1?: nufi upstreams edit mine --url http://192.168.1.1/v1");
}

TEST_CASE("remedy: another kind of answer") {
  CHECK(text(diagnose(kApi, reply_of(200, R"({"status":"ok"})"))) ==
        "the answer is not what OpenAI's would be | ");
  CHECK(diagnose(upstream_at("http://127.0.0.1:8080"), reply_of(200, "ok")).hint ==
        "did you forget /v1?: nufi upstreams edit mine --url http://127.0.0.1:8080/v1");
}

TEST_CASE("remedy: a model that is not there names a few that are") {
  const auto reply =
      reply_of(404, R"({"error":{"message":"model 'x' not found","type":"not_found_error"}})");
  CHECK(says_no_such_model(reply, "x"));
  CHECK(text(diagnose_call(kApi, reply, "x", {"a", "b"})) ==
        "it has no model x (HTTP 404) | it has a, b; choose with --model");
  CHECK(diagnose_call(kApi, reply, "x", {"a", "b", "c", "d", "e", "f", "g"}).hint ==
        "it has a, b, c, d, e and 2 more; choose with --model");
  CHECK(diagnose_call(kApi, reply, "x", {}).hint == "name one that it has: --model MODEL");
  CHECK_FALSE(says_no_such_model(reply_of(404, R"({"detail":"Not Found"})"), "x"));
  CHECK_FALSE(says_no_such_model(reply_of(500, "model not found"), "x"));
}

TEST_CASE("remedy: no reply at all") {
  CHECK(text(diagnose(kApi, failed(NoReply::refused))) ==
        "nobody listens on api.example:443 | "
        "start the server, or tell where it is: nufi upstreams edit mine --url URL");
  CHECK(diagnose(kApi, failed(NoReply::unknown_host, "Name or service not known")).detail ==
        "the host api.example is not known (name or service not known)");
  CHECK(text(diagnose(kApi, failed(NoReply::untrusted, "self-signed certificate"))) ==
        "its certificate is not trusted (self-signed certificate) | "
        "if it is your own authority's: nufi upstreams edit mine --ca-file FILE");
  CHECK(diagnose(kApi, failed(NoReply::no_tls)).hint ==
        "if it is plain HTTP: nufi upstreams edit mine --url http://…");
  CHECK(diagnose(kApi, failed(NoReply::too_slow)).detail == "no answer in time");
  CHECK(diagnose(kApi, failed(NoReply::proxy)).hint ==
        "see HTTPS_PROXY and NO_PROXY in the environment of nufid");
}

TEST_CASE("remedy: redirects, limits and trouble") {
  auto moved = reply_of(308, "");
  moved.location = "https://www.api.example/v1/models";
  CHECK(text(diagnose(kApi, moved)) ==
        "it redirects to https://www.api.example/v1/models (HTTP 308) | "
        "redirects are not followed: nufi upstreams edit mine --url URL");
  CHECK(diagnose(kApi, reply_of(429, R"({"error":{"message":"slow down"}})")).detail ==
        "it takes no more calls now: slow down (HTTP 429)");
  CHECK(diagnose(kApi, reply_of(503, R"({"error":"loading"})")).detail ==
        "it is in trouble: loading (HTTP 503)");
}

TEST_CASE("remedy: what is shown is one short line that can do no harm") {
  CHECK(shown(kApi, "  a\r\n\tb\x1b[31mc ") == "a b[31mc");
  CHECK(shown(kApi, "\xff\xfeok") == "ok");
  CHECK(shown(kApi, std::string(500, 'x')) == std::string(200, 'x') + "…");
  auto with_header = kApi;
  with_header.upstream.headers = {{"x-key", "header-secret"}};
  CHECK(shown(with_header, "you sent header-secret") == "you sent [header]");
}
