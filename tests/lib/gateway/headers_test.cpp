#include "lib/gateway/headers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace nufi;
using namespace nufi::gateway;

namespace {

struct Fixture {
  Fixture() {
    client.method = "POST";
    client.target = "/v1/chat/completions";
    upstream.upstream = own;
    upstream.authorization = "Bearer secret";
  }
  std::string head(std::size_t body_size = 2) const {
    return upstream_request_head(client, upstream, "/chat/completions", body_size);
  }
  std::shared_ptr<domain::Upstream> own = [] {
    auto made = std::make_shared<domain::Upstream>();
    made->url = domain::BaseUrl::parse("https://api.example:8443/base/v1");
    return made;
  }();
  net::RequestHead client;
  ReadyUpstream upstream;
};

bool has(const std::string& head, const std::string& text) {
  return head.find(text) != std::string::npos;
}

std::string passed(const net::Fields& from, bool with_rates = true) {
  net::Fields to;
  pass_reply_fields(from, to, with_rates);
  std::string text;
  for (std::size_t i = 0; i < to.size(); ++i) {
    text += std::string(to.at(i).name) + "=" + std::string(to.at(i).value) + ";";
  }
  return text;
}

}  // namespace

TEST_CASE("headers: the head for an upstream is whole") {
  Fixture f;
  f.client.fields.add("Host", "127.0.0.1:6834");
  f.client.fields.add("Authorization", "Bearer sk-nufi-x");
  f.client.fields.add("User-Agent", "python");
  CHECK(f.head(17) ==
        "POST /base/v1/chat/completions HTTP/1.1\r\nHost: api.example:8443\r\nAuthorization: "
        "Bearer secret\r\n"
        "User-Agent: python\r\nAccept-Encoding: identity\r\nContent-Type: application/json\r\n"
        "Content-Length: 17\r\n\r\n");
}

TEST_CASE("headers: a form goes under its own type, with its length or in chunks") {
  Fixture f;
  f.client.fields.add("Content-Type", "multipart/form-data; boundary=b");
  f.client.fields.add("Transfer-Encoding", "chunked");
  const auto with = [&](std::optional<std::uint64_t> size) {
    return upstream_request_head(
        f.client, f.upstream, "/x", size, "multipart/form-data; boundary=b");
  };
  CHECK(has(with(9), "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9\r\n\r\n"));
  CHECK_FALSE(has(with(9), "chunked"));
  CHECK(has(with({}), "boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"));
  CHECK_FALSE(has(with({}), "Content-Length"));
}

TEST_CASE("headers: what is the client's, or of its hop, is never forwarded") {
  Fixture f;
  for (const auto* name : {"Authorization",
                           "x-api-key",
                           "API-Key",
                           "Cookie",
                           "Host",
                           "Content-Length",
                           "Content-Encoding",
                           "Content-Type",
                           "Expect",
                           "Accept-Encoding",
                           "X-Nufi-Trace",
                           "Connection",
                           "Keep-Alive",
                           "Proxy-Authorization",
                           "Proxy-Connection",
                           "Proxy-Authenticate",
                           "TE",
                           "Trailer",
                           "Transfer-Encoding",
                           "Upgrade",
                           "Forwarded",
                           "X-Forwarded-For",
                           "X-Forwarded-Proto",
                           "Via",
                           "X-Real-IP",
                           "True-Client-IP",
                           "CF-Connecting-IP",
                           "X-Client-IP",
                           "X-Forwarded",
                           "X-Original-URL",
                           "X-HTTP-Method-Override",
                           "Proxy",
                           "X_Forwarded_For",
                           "x-real_ip",
                           "CONTENT_LENGTH",
                           "Transfer_Encoding",
                           "x_api_key",
                           "X_Nufi_Trace"}) {
    f.client.fields.add(name, "marked-value");
  }
  CHECK_FALSE(has(f.head(), "marked-value"));
}

TEST_CASE("headers: a field with our key in it is not forwarded, whatever its name") {
  Fixture f;
  f.client.fields.add("X-Custom", "sk-nufi-abc");
  f.client.target += "?api-version=1&key=sk-nufi-abc";
  CHECK_FALSE(has(f.head(), "sk-nufi-"));
}

TEST_CASE("headers: the query goes along") {
  Fixture f;
  f.client.target += "?api-version=2024-10-21";
  CHECK(f.head().starts_with("POST /base/v1/chat/completions?api-version=2024-10-21 HTTP/1.1\r\n"));
}

TEST_CASE("headers: fields named by any Connection field stay on their hop") {
  Fixture f;
  f.client.fields.add("Connection", "close, X-One");
  f.client.fields.add("connection", "x-two");
  f.client.fields.add("X-One", "marked");
  f.client.fields.add("X-Two", "marked");
  f.client.fields.add("X-Three", "kept");
  CHECK_FALSE(has(f.head(), "marked"));
  CHECK(has(f.head(), "X-Three: kept\r\n"));
}

TEST_CASE("headers: a Connection field takes nothing of ours away") {
  Fixture f;
  f.client.fields.add("Connection", "authorization, host, content-length, accept-encoding, x_one");
  f.client.fields.add("X_One", "marked");
  const auto head = f.head();
  CHECK(has(head, "\r\nHost: "));
  CHECK(has(head, "\r\nAuthorization: Bearer secret\r\n"));
  CHECK(has(head, "\r\nContent-Length: "));
  CHECK(has(head, "\r\nAccept-Encoding: identity\r\n"));
  CHECK_FALSE(has(head, "marked"));
}

TEST_CASE("headers: an upstream's own fields win over the client's") {
  Fixture f;
  f.own->headers = {{"X-Title", "nufi"}};
  f.client.fields.add("x-title", "mine");
  CHECK(has(f.head(), "X-Title: nufi\r\n"));
  CHECK_FALSE(has(f.head(), "mine"));
}

TEST_CASE("headers: no value can bring a line of its own") {
  Fixture f;
  f.own->headers = {{"X-A", "a\r\nX-Evil: 1"}, {"X-B", "b\nX-Evil: 1"}, {"X-C", "c"}};
  f.upstream.authorization = "Bearer secret\n";
  const auto head = f.head();
  CHECK_FALSE(has(head, "Evil"));
  CHECK_FALSE(has(head, "secret"));
  CHECK(has(head, "X-C: c\r\n"));
}

TEST_CASE("headers: without a body there is no length, without a secret no Authorization") {
  Fixture f;
  f.upstream.authorization.clear();
  f.client.method = "GET";
  CHECK(f.head(0) ==
        "GET /base/v1/chat/completions HTTP/1.1\r\nHost: api.example:8443\r\nAccept-Encoding: "
        "identity\r\n\r\n");
}

TEST_CASE("headers: back goes everything but hop-by-hop, cookies, CORS and ours") {
  net::Fields fields;
  fields.add("Content-Type", "application/json");
  for (const auto* name : {"Connection",
                           "Keep-Alive",
                           "Transfer-Encoding",
                           "Trailer",
                           "Upgrade",
                           "Content-Length",
                           "Set-Cookie",
                           "Set-Cookie2",
                           "Access-Control-Allow-Origin",
                           "X-Nufi-Upstream",
                           "Proxy-Authenticate",
                           "X-Hop"}) {
    fields.add(name, "x-hop");
  }
  fields.add("OpenAI-Processing-Ms", "12");
  fields.add("Content-Encoding", "gzip");
  CHECK(passed(fields) ==
        "Content-Type=application/json;OpenAI-Processing-Ms=12;Content-Encoding=gzip;");
}

TEST_CASE("headers: an upstream's own rates pass unless the key has limits of its own") {
  net::Fields from;
  from.add("X-RateLimit-Limit-Requests", "9");
  from.add("x-other", "1");
  CHECK(passed(from) == "X-RateLimit-Limit-Requests=9;x-other=1;");
  CHECK(passed(from, /*with_rates=*/false) == "x-other=1;");
}

TEST_CASE("headers: Anthropic gets its secret and a version as it asks for them") {
  Fixture f;
  f.client.target = "/v1/messages?beta=true";
  f.upstream.api_key = "secret";
  f.client.fields.add("x-api-key", "sk-nufi-x");
  f.client.fields.add("anthropic-beta", "tools-1");
  const auto head = [&] { return upstream_request_head(f.client, f.upstream, "/messages", 2); };
  // Others who speak its form take a bearer.
  CHECK(has(head(), "POST /base/v1/messages?beta=true HTTP/1.1\r\n"));
  CHECK(has(head(), "Authorization: Bearer secret\r\n"));
  CHECK_FALSE(has(head(), "x-api-key"));
  CHECK(has(head(), "anthropic-version: 2023-06-01\r\n"));
  CHECK(has(head(), "anthropic-beta: tools-1\r\n"));

  f.own->provider = "anthropic";
  CHECK(has(head(), "x-api-key: secret\r\n"));
  CHECK_FALSE(has(head(), "Authorization"));
  CHECK_FALSE(has(head(), "sk-nufi"));
  // Its endpoint in OpenAI's form takes a bearer.
  f.client.target = "/v1/chat/completions";
  CHECK(has(f.head(), "Authorization: Bearer secret\r\n"));
  CHECK_FALSE(has(f.head(), "x-api-key"));
  CHECK_FALSE(has(f.head(), "anthropic-version"));

  f.client.target = "/v1/messages";
  f.client.fields.add("Anthropic-Version", "2099-01-01");
  CHECK(has(head(), "Anthropic-Version: 2099-01-01\r\n"));
  CHECK_FALSE(has(head(), "2023-06-01"));
}

TEST_CASE("headers: an upstream's own version of Anthropic's form goes before the client's") {
  Fixture f;
  f.client.target = "/v1/messages";
  f.client.fields.add("anthropic-version", "2099-01-01");
  f.own->headers.emplace_back("anthropic-version", "2030-01-01");
  const auto head = upstream_request_head(f.client, f.upstream, "/messages", 2);
  CHECK(has(head, "anthropic-version: 2030-01-01\r\n"));
  CHECK_FALSE(has(head, "2099"));
  CHECK_FALSE(has(head, "2023"));
}

TEST_CASE("headers: the coding of a body that was decoded is not passed on") {
  net::Fields from;
  from.add("Content-Encoding", "gzip");
  from.add("X-Own", "1");
  net::Fields coded;
  pass_reply_fields(from, coded, /*with_rates=*/true);
  CHECK(coded.find("content-encoding") == "gzip");
  net::Fields decoded;
  pass_reply_fields(from, decoded, /*with_rates=*/true, /*is_decoded=*/true);
  CHECK(decoded.count("content-encoding") == 0);
  CHECK(decoded.find("x-own") == "1");
}
