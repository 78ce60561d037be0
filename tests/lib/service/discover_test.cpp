#include "lib/service/discover.hpp"

#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>
#include <httplib.h>

#include <map>
#include <thread>

using namespace nufi;
using namespace nufi::service;
using test::ControlPlane;
using test::failure_of;

namespace {

/// What a server answers by path; anything else is 404.
struct Answers {
  std::map<std::string, std::string, std::less<>> bodies;
  std::string server;
  int models_status = 200;
};

std::string recognised(const Answers& answers) {
  const auto found = recognise_server([&](std::string_view path) {
    ProbeReply reply;
    const auto body = answers.bodies.find(path);
    reply.status = body == answers.bodies.end() ? 404 : 200;
    if (path == "/v1/models") reply.status = answers.models_status;
    if (body != answers.bodies.end()) reply.body = body->second;
    reply.server = answers.server;
    return reply;
  });
  if (!found) return "nothing";
  std::string text = found->preset.empty() ? "unknown" : found->preset;
  if (found->needs_key) text += " with a key";
  for (const auto& model : found->models) text += " " + model;
  return text;
}

/// A list of one model as OpenAI writes it.
std::string list(const std::string& id, const std::string& owner) {
  return R"({"object":"list","data":[{"id":")" + id + R"(","object":"model","owned_by":")" + owner +
         R"(","permission":[{"id":"modelperm-1"}]}]})";
}

/// An Ollama with one model on a port of its own.
class Ollama {
 public:
  Ollama() {
    const auto answer = [this](const char* path, const std::string& body) {
      server_.Get(path, [body](const httplib::Request&, httplib::Response& to) {
        to.set_content(body, "application/json");
      });
    };
    answer("/v1/models", list("llama3.2:3b", "library"));
    answer("/api/version", R"({"version":"0.12.0"})");
    answer("/api/tags", R"({"models":[{"name":"llama3.2:3b"}]})");
    port_ = server_.bind_to_any_port("127.0.0.1");
    serving_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Ollama() {
    server_.stop();
    serving_.join();
  }
  Ollama(const Ollama&) = delete;
  Ollama& operator=(const Ollama&) = delete;

  [[nodiscard]] std::int64_t port() const { return port_; }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread serving_;
};

}  // namespace

TEST_CASE("discover: each server is known by what only it says") {
  CHECK(recognised({{{"/v1/models", list("gemma", "llamacpp")},
                     {"/api/tags", R"({"models":[]})"},
                     {"/api/version", R"({"version":"1"})"}},
                    "llama.cpp",
                    200}) == "llamacpp gemma");
  CHECK(recognised({{{"/v1/models", list("qwen", "vllm")}}, "uvicorn", 200}) == "vllm qwen");
  CHECK(recognised({{{"/v1/models", list("qwen", "organization_owner")}}, "", 200}) ==
        "lmstudio qwen");
  CHECK(recognised({{{"/v1/models", list("qwen", "me")},
                     {"/api/v0/models", R"({"data":[{"id":"qwen","state":"not-loaded"}]})"}},
                    "",
                    200}) == "lmstudio qwen");
  CHECK(recognised({{{"/v1/models", R"({"object":"list","data":null})"},
                     {"/api/version", R"({"version":"0.12.0"})"},
                     {"/api/tags", R"({"models":[]})"}},
                    "",
                    200}) == "ollama");
}

TEST_CASE("discover: a server that is guarded or still loading is known all the same") {
  CHECK(recognised({{{"/v1/models", R"({"error":"Unauthorized"})"},
                     {"/version", R"({"version":"0.11.0"})"}},
                    "uvicorn",
                    401}) == "vllm with a key");
  CHECK(recognised(
            {{{"/v1/models", R"({"error":{"message":"Loading model"}})"}}, "llama.cpp", 503}) ==
        "llamacpp");
}

TEST_CASE("discover: a foreign server is not taken for one") {
  CHECK(recognised({{}, "nginx", 404}) == "nothing");
  CHECK(recognised({{{"/v1/models", "<html>Jenkins</html>"}}, "Jetty", 200}) == "nothing");
  CHECK(recognised({{{"/v1/models", R"({"error":"who are you"})"}}, "", 401}) == "nothing");
  CHECK(recognised({{{"/v1/models", list("m", "acme")}}, "", 200}) == "unknown m");
  CHECK(recognised({{{"/v1/models", list("m", "acme")},
                     {"/api/v0/models", R"({"error":"Unexpected endpoint"})"}},
                    "",
                    200}) == "unknown m");
  CHECK(recognised({{{"/v1/models", list("m", "acme")}, {"/api/v0/models", list("m", "acme")}},
                    "",
                    200}) == "unknown m");
}

TEST_CASE("discover: a name that no upstream could be given is left out") {
  const char* odd =
      R"({"data":[{"id":"good"},{"id":"two words"},{"id":"glob*"},{"id":"\t"},{"id":""}]})";
  CHECK(recognised({{{"/v1/models", odd}}, "llama.cpp", 200}) == "llamacpp good");
}

TEST_CASE("discover: what is found is added once, free and under its own name") {
  const ControlPlane plane;
  const Ollama first;
  const Ollama second;
  const auto look = [&](bool add) {
    return discover_upstreams(
        plane.context(), plane.owner(), {first.port(), second.port(), first.port()}, add);
  };
  const auto seen = look(/*add=*/false);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].preset == "ollama");
  CHECK(seen[0].models == std::vector<std::string>{"llama3.2:3b"});
  CHECK(seen[0].upstream.empty());
  CHECK(plane.data_plane.world.upstreams.empty());

  const auto added = look(/*add=*/true);
  REQUIRE(added.size() == 2);
  CHECK(added[0].upstream == "ollama");
  CHECK(added[0].added);
  CHECK(added[1].upstream == "ollama-" + std::to_string(second.port()));
  REQUIRE(plane.data_plane.world.upstreams.size() == 2);
  CHECK(plane.data_plane.world.upstreams[0].upstream.free);
  CHECK(plane.data_plane.world.upstreams[0].upstream.models == seen[0].models);
  CHECK(plane.data_plane.world.upstreams[0].upstream.url.text() == added[0].url);

  const auto again = look(/*add=*/true);
  CHECK(again[0].upstream == "ollama");
  CHECK_FALSE(again[0].added);
  CHECK(plane.data_plane.world.upstreams.size() == 2);
}

TEST_CASE("discover: is for admins, and for ports that are some") {
  const ControlPlane plane;
  CHECK(failure_of([&] {
          discover_upstreams(plane.context(), plane.member(), {1}, false);
        }).starts_with("not_permitted"));
  CHECK(failure_of([&] { discover_upstreams(plane.context(), plane.owner(), {0}, false); }) ==
        "invalid: 0 is no port");
  CHECK(failure_of([&] { discover_upstreams(plane.context(), plane.owner(), {65536}, false); }) ==
        "invalid: 65536 is no port");
  std::vector<std::int64_t> many;
  for (std::int64_t port = 1; port <= 17; ++port) many.push_back(port);
  CHECK(failure_of([&] { discover_upstreams(plane.context(), plane.owner(), many, false); }) ==
        "invalid: at most 16 ports at once");
}
