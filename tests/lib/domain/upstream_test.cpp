#include "lib/domain/upstream.hpp"

#include "lib/base/error.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::domain;

TEST_CASE("upstream: a base url is taken apart and put together again") {
  const BaseUrl url = BaseUrl::parse("HTTPS://API.OpenAI.com/v1/");
  CHECK(url.tls);
  CHECK(url.host == "api.openai.com");
  CHECK(url.port == 443);
  CHECK(url.path == "/v1");
  CHECK(url.text() == "https://api.openai.com/v1");
  CHECK(url.authority() == "api.openai.com");
}

TEST_CASE("upstream: the port is shown only when it is not the default") {
  CHECK(BaseUrl::parse("http://127.0.0.1:11434/v1").authority() == "127.0.0.1:11434");
  CHECK(BaseUrl::parse("http://localhost:80").text() == "http://localhost");
  CHECK(BaseUrl::parse("https://localhost:80//").text() == "https://localhost:80");
  CHECK(BaseUrl::parse("http://[::1]:8080/v1").host == "::1");
  CHECK(BaseUrl::parse("http://[::1]:8080/v1").text() == "http://[::1]:8080/v1");
  CHECK(BaseUrl::parse("http://[::1]/").authority() == "[::1]");
}

TEST_CASE("upstream: what is no base url is refused with a hint") {
  for (const char* text : {"",
                           "api.openai.com",
                           "ftp://x/",
                           "https://",
                           "https:///v1",
                           "http://:80/",
                           "http://x:/",
                           "http://x:0/",
                           "http://x:65536/",
                           "http://x:80a/",
                           "http://user@x/",
                           "http://user:pw@x/",
                           "http://x/?a=b",
                           "http://x/#f",
                           "http://x y/",
                           "http://x/a b",
                           "http://[::1/",
                           "http://[x]/",
                           "http://[::1]x/",
                           "http://::1/",
                           "http://x/a/../b",
                           "http://x\\y/",
                           "http://x/\n",
                           "http://é/",
                           "http://.x/",
                           "http://a..b/"}) {
    CAPTURE(text);
    try {
      BaseUrl::parse(text);
      FAIL("it was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::invalid);
      CHECK_FALSE(error.hint().empty());
    }
  }
}

TEST_CASE("upstream: it serves its globs and aliases, or everything") {
  Upstream upstream;
  CHECK(upstream.serves("anything") == "anything");
  upstream.models = {"gpt-4*", "o?"};
  CHECK(upstream.serves("gpt-4o") == "gpt-4o");
  CHECK(upstream.serves("o3") == "o3");
  CHECK_FALSE(upstream.serves("claude").has_value());
  upstream.aliases = {{"claude", "claude-sonnet-4-5"}, {"gpt-4o", "gpt-4.1"}};
  CHECK(upstream.serves("claude") == "claude-sonnet-4-5");
  CHECK(upstream.serves("gpt-4o") == "gpt-4.1");
}

TEST_CASE("upstream: providers are known by their host") {
  CHECK(provider_of_host("api.openai.com") == "openai");
  CHECK(provider_of_host("Generativelanguage.GoogleApis.com") == "google");
  CHECK(provider_of_host("openrouter.ai") == "openrouter");
  CHECK(provider_of_host("127.0.0.1").empty());
  CHECK(provider_of_host("api.openai.com.evil.example").empty());
}

TEST_CASE("upstream: every preset has a valid url and the provider of its host") {
  CHECK(presets().size() == 12);
  for (const Preset& preset : presets()) {
    CAPTURE(preset.name);
    const BaseUrl url = BaseUrl::parse(preset.url);
    CHECK(url.text() == preset.url);
    CHECK(provider_of_host(url.host) == preset.provider);
    CHECK(url.tls == preset.needs_key);
    CHECK(find_preset(preset.name) == &preset);
  }
  CHECK(find_preset("gemini")->provider == "google");
  CHECK(find_preset("nobody") == nullptr);
}

TEST_CASE("upstream: secret kinds are known by name") {
  for (int i = 0; i <= static_cast<int>(SecretKind::command); ++i) {
    const auto kind = static_cast<SecretKind>(i);
    CHECK(secret_kind_from_name(secret_kind_name(kind)) == kind);
  }
  CHECK_FALSE(secret_kind_from_name("vault").has_value());
}

TEST_CASE("upstream: who may speak Anthropic's form") {
  const auto speaks = [](const std::string& url) {
    Upstream upstream;
    upstream.url = BaseUrl::parse(url);
    upstream.provider = provider_of_host(upstream.url.host);
    return upstream.speaks_messages();
  };
  CHECK(speaks("https://api.anthropic.com/v1"));
  CHECK(speaks("https://openrouter.ai/api/v1"));
  CHECK(speaks("http://127.0.0.1:8080/v1"));
  CHECK(speaks("https://llm.example.com/v1"));
  CHECK(speaks("https://api.deepseek.com/anthropic/v1"));
  CHECK_FALSE(speaks("https://api.deepseek.com"));
  CHECK_FALSE(speaks("https://api.openai.com/v1"));
  CHECK_FALSE(speaks("https://api.groq.com/openai/v1"));
  CHECK_FALSE(speaks("https://api.mistral.ai/v1"));
  CHECK_FALSE(speaks("https://generativelanguage.googleapis.com/v1beta/openai"));
  Upstream demo;
  demo.built_in = true;
  CHECK_FALSE(demo.speaks_messages());
}
