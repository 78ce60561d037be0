#include "lib/service/probe.hpp"

#include <doctest/doctest.h>
#include <httplib.h>

#include <functional>
#include <mutex>
#include <thread>

using namespace nufi;
using namespace nufi::service;
using domain::ProbeResult;
using domain::ProbeStep;

namespace {

constexpr const char* kChat =
    R"({"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":1}})";
constexpr const char* kStream =
    "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\ndata: [DONE]\n\n";
constexpr const char* kEmbedding = R"({"data":[{"embedding":[1]}],"usage":{"prompt_tokens":1}})";
constexpr const char* kNotFound = R"({"error":{"message":"unknown path"}})";

/// A provider that answers as the test says.
class Provider {
 public:
  struct Answer {
    int status = 404;
    std::string body = kNotFound;
  };
  using Handler = std::function<Answer(const httplib::Request&)>;

  Provider() {
    const auto serve = [this](const httplib::Request& from, httplib::Response& to) {
      const bool is_stream = from.body.find("\"stream\":true") != std::string::npos;
      const auto& handler = from.method == "GET"                 ? models
                            : from.path.ends_with("/embeddings") ? embeddings
                            : is_stream                          ? stream
                                                                 : chat;
      {
        const std::lock_guard lock(mutex_);
        last_ = from;
      }
      const Answer answer = handler(from);
      to.status = answer.status;
      to.set_content(answer.body, is_stream ? "text/event-stream" : "application/json");
    };
    server_.Get(".*", serve);
    server_.Post(".*", serve);
    upstream.upstream.name = "mine";
    upstream.upstream.free = true;
    upstream.upstream.url.host = "127.0.0.1";
    upstream.upstream.url.path = "/v1";
    upstream.upstream.url.port = static_cast<std::uint16_t>(server_.bind_to_any_port("127.0.0.1"));
    serving_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Provider() { stop(); }
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  void stop() {
    if (!serving_.joinable()) return;
    server_.stop();
    serving_.join();
  }

  /// "models ok, chat failed, …".
  std::string run(const std::string& model = {}) {
    steps = probe(upstream, model, way, prices, clock_);
    std::string text;
    for (const ProbeStep& step : steps) {
      constexpr const char* kNames[] = {"ok", "warning", "failed", "skipped"};
      text += (text.empty() ? "" : ", ") + step.name + " " +
              kNames[static_cast<std::size_t>(step.result)];
    }
    return text;
  }

  httplib::Request last() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

  Handler models = [](const auto&) {
    return Answer{200, R"({"object":"list","data":[{"id":"m-1"},{"id":"m-2"}]})"};
  };
  Handler chat = [](const auto&) { return Answer{200, kChat}; };
  Handler stream = [](const auto&) { return Answer{200, kStream}; };
  Handler embeddings = [](const auto&) { return Answer{}; };
  domain::ReadyUpstream upstream;
  ProbeWay way;
  domain::PriceBook prices;
  std::vector<ProbeStep> steps;

 private:
  httplib::Server server_;
  const SystemClock clock_;
  std::mutex mutex_;
  httplib::Request last_;
  std::thread serving_;
};

Provider::Handler always(int status, const std::string& body) {
  return [=](const auto&) { return Provider::Answer{status, body}; };
}

}  // namespace

TEST_CASE("probe: a whole provider passes, and is asked as calls ask") {
  Provider provider;
  provider.upstream.secret = Secret("sk-secret");
  provider.upstream.upstream.headers = {{"X-Own", "value"}};
  CHECK(provider.run() == "models ok, chat ok, stream ok, usage ok");
  CHECK(provider.steps[0].detail == "2 listed: m-1, m-2");
  CHECK(provider.steps[1].detail == "m-1");
  REQUIRE(provider.steps[2].first_byte_ms);
  CHECK(*provider.steps[2].first_byte_ms <= provider.steps[2].ms);
  const auto last = provider.last();
  CHECK(last.path == "/v1/chat/completions");
  CHECK(last.get_header_value("Authorization") == "Bearer sk-secret");
  CHECK(last.get_header_value("X-Own") == "value");
  CHECK_FALSE(last.has_header("Proxy-Authorization"));
}

TEST_CASE("probe: the model asked for is sent by its real name") {
  Provider provider;
  provider.upstream.upstream.aliases = {{"nick", "org/real \"name\""}};
  provider.run("nick");
  CHECK(provider.last().body.find(R"("model":"org/real \"name\"")") != std::string::npos);
}

TEST_CASE("probe: newer models take another field for the cap") {
  Provider provider;
  provider.chat = provider.stream = [](const httplib::Request& from) {
    if (from.body.find("\"max_tokens\"") != std::string::npos) {
      return Provider::Answer{400, R"({"error":{"message":"use max_completion_tokens"}})"};
    }
    return Provider::Answer{200, from.body.find("stream") == std::string::npos ? kChat : kStream};
  };
  CHECK(provider.run() == "models ok, chat ok, stream ok, usage ok");
}

TEST_CASE("probe: usage that is missing is a loss, not a failure") {
  Provider provider;
  provider.stream = always(200, "data: {\"choices\":[]}\n\ndata: [DONE]\n\n");
  CHECK(provider.run() == "models ok, chat ok, stream ok, usage warning");
  CHECK(provider.steps[3].detail == "not reported in streams: their cost is estimated");
}

TEST_CASE("probe: stream_options may be refused") {
  Provider provider;
  provider.stream = [](const httplib::Request& from) {
    if (from.body.find("stream_options") != std::string::npos) {
      return Provider::Answer{400, R"({"error":{"message":"unknown field stream_options"}})"};
    }
    return Provider::Answer{200, "data: {\"choices\":[]}\n\n"};
  };
  CHECK(provider.run() == "models ok, chat ok, stream warning, usage warning");
  CHECK(provider.steps[2].detail ==
        "it ends without [DONE]: some clients take that for a broken answer");
}

TEST_CASE("probe: calls can do without a list of models") {
  Provider provider;
  provider.models = always(404, kNotFound);
  CHECK(provider.run() == "models failed, chat failed");
  CHECK(provider.steps[1].hint == "name one with --model");
  CHECK(provider.run("m-1") == "models warning, chat ok, stream ok, usage ok");
}

TEST_CASE("probe: a model that is not there") {
  Provider provider;
  provider.chat = always(404, R"({"error":{"message":"The model does not exist"}})");
  CHECK(provider.run("m-9") == "models ok, chat failed, stream skipped, usage skipped");
  CHECK(provider.steps[1].detail == "it has no model m-9 (HTTP 404)");
  CHECK(provider.steps[1].hint == "it has m-1, m-2; choose with --model");
}

TEST_CASE("probe: models that it lists and may not serve are told from none at all") {
  Provider provider;
  provider.upstream.upstream.models = {"other-*"};
  CHECK(provider.run() == "models ok, chat failed");
  CHECK(provider.steps[1].detail == "none of the 2 models it lists is one it may serve (other-*)");
  CHECK(provider.steps[1].hint.find("--model") != std::string::npos);
}

TEST_CASE("probe: an upstream that only makes embeddings is not broken") {
  Provider provider;
  provider.embeddings = always(200, kEmbedding);
  SUBCASE("known by its name") {
    provider.models = always(200, R"({"data":[{"id":"nomic-embed-text"}]})");
    CHECK(provider.run() == "models ok, chat skipped, stream skipped, embeddings ok, usage ok");
  }
  SUBCASE("found out") {
    provider.chat = always(400, R"({"error":{"message":"no chat template"}})");
    CHECK(provider.run() == "models ok, chat warning, embeddings ok, usage ok");
  }
  SUBCASE("a chat model is taken first") {
    provider.models = always(200, R"({"data":[{"id":"nomic-embed-text"},{"id":"llama"}]})");
    CHECK(provider.run() == "models ok, chat ok, stream ok, usage ok");
    CHECK(provider.steps[1].detail == "llama");
  }
}

TEST_CASE("probe: where nobody listens the rest is not tried") {
  Provider provider;
  provider.stop();
  CHECK(provider.run() == "models failed, chat skipped, stream skipped, usage skipped");
  CHECK(provider.steps[0].detail.starts_with("nobody listens on 127.0.0.1:"));
}

TEST_CASE("probe: a provider that says nothing is left in time") {
  std::mutex silence;  // outlives the provider, whose thread waits for it
  Provider provider;
  provider.way.total = std::chrono::milliseconds(150);
  std::unique_lock held(silence);
  provider.models = [&](const auto&) {
    const std::lock_guard wait(silence);
    return Provider::Answer{200, "{}"};
  };
  CHECK(provider.run() == "models failed, chat skipped, stream skipped, usage skipped");
  CHECK(provider.steps[0].detail == "no answer in time");
  CHECK(provider.steps[0].ms < 5'000);
  held.unlock();
}

TEST_CASE("probe: a model without a price is said, one with a price is asked rather") {
  Provider provider;
  provider.upstream.upstream.free = false;
  CHECK(provider.run() == "models ok, chat ok, stream ok, usage ok, price warning");
  CHECK(provider.steps[4].detail == "m-1 has none: refused under a budget");
  CHECK(provider.steps[4].hint.starts_with("nufi prices set m-1 --input USD --output USD, or, "));

  domain::Price price;
  price.model = "m-2";
  price.mode = "chat";
  price.rates.own(domain::Bucket::output) = 5;
  provider.prices = domain::PriceBook({price}, {});
  CHECK(provider.run() == "models ok, chat ok, stream ok, usage ok");
  CHECK(provider.steps[1].detail == "m-2");
  provider.upstream.upstream.models = {"m-1", "m-2"};
  provider.run();
  CHECK(provider.steps[1].detail == "m-2");
  CHECK(provider.run("m-1") == "models ok, chat ok, stream ok, usage ok, price warning");
}

TEST_CASE("probe: a proxy that can't be understood is never gone past") {
  domain::ReadyUpstream upstream;
  upstream.upstream.url = domain::BaseUrl::parse("https://api.example/v1");
  ProbeWay way;
  way.proxies = domain::ProxyRules("socks5://nowhere", "");
  const SystemClock clock;
  const auto steps = probe(upstream, "", way, domain::PriceBook(), clock);
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].name == "proxy");
  CHECK(steps[0].result == ProbeResult::failed);
}

TEST_CASE("probe: string fields are those of the outermost level that has any") {
  const char* text =
      R"({"data":[{"id": "a","x":{"id" :"b"}},{"id":1},{"ID":"n","id":"c\"\/d"}, {"id":"\u0041"}]})";
  CHECK(string_fields(text, "id") == std::vector<std::string>{"a", "c\"/d"});
  CHECK(string_fields(R"([{"x":{"id":"deep"}},{"id":"top"}])", "id") ==
        std::vector<std::string>{"top"});
  CHECK(string_fields(R"({"a":"id","id":"v"})", "id") == std::vector<std::string>{"v"});
  CHECK(string_fields("", "id").empty());
  CHECK(string_fields("{\"id\":\"", "id").empty());
  CHECK(string_fields("{\"id\":\"x\\", "id").empty());
}
