#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

using nlohmann::ordered_json;
using nufi::test::Console;
using nufi::test::list_json;
using nufi::test::Run;
using nufi::test::upstream_json;

namespace {

/// A daemon without upstreams that takes new ones.
void takes_upstreams(Console& console) {
  console.answers("GET /v1/upstreams", list_json({}));
  console.answers("POST /v1/upstreams", upstream_json(), 201);
  console.answers("GET /v1/models", list_json({}));
}

/// What was sent to add one, "" if nothing was.
std::string posted(const Console& console) {
  const std::string start = "POST /v1/upstreams {";
  for (const std::string& request : console.asked) {
    if (request.starts_with(start)) return request.substr(start.size() - 1);
  }
  return {};
}

/// The body that `upstreams add` sends.
ordered_json added(Console& console, std::vector<std::string> options) {
  takes_upstreams(console);
  options.insert(options.begin(), {"upstreams", "add", "openai"});
  const Run run = console.run(options);
  CHECK(run.code == 0);
  REQUIRE_FALSE(posted(console).empty());
  return ordered_json::parse(posted(console));
}

}  // namespace

TEST_CASE("upstreams list: a table, TSV, names") {
  Console console;
  console.answers(
      "GET /v1/upstreams",
      list_json({upstream_json(),
                 upstream_json(
                     R"({"id":"up_2","name":"local","url":"http://127.0.0.1:11434/v1","models":[],)"
                     R"("secret":"none","health":"failing: connection refused"})")}));
  CHECK("\n" + console.on_terminal({"upstreams", "list"}, 120).out == R"(
UPSTREAM  HEALTH   URL                        MODELS  SECRET              PRIORITY
openai    ok       https://api.openai.com/v1  gpt-*   env OPENAI_API_KEY         0
local     failing  http://127.0.0.1:11434/v1  all     none                       0
)");
  CHECK(console.on_terminal({"upstreams", "list"}, 80).err ==
        "local: failing: connection refused\n");
  console.is_terminal = false;
  CHECK(console.run({"upstreams", "list"})
            .out.starts_with("openai\tok\thttps://api.openai.com/v1\tgpt-*\tenv OPENAI_API_KEY\t0\t"
                             "up_1\n"));
  CHECK(console.run({"upstreams", "list", "-q"}).out == "up_1\nup_2\n");
}

TEST_CASE("upstreams add: references go as they are, a file by its whole path") {
  Console console;
  CHECK(added(console, {"--preset", "openai", "--key-env", "OPENAI_API_KEY"}) ==
        ordered_json::parse(R"({"name":"openai","preset":"openai","secret_kind":"env",)"
                            R"("secret_reference":"OPENAI_API_KEY"})"));
  CHECK(added(console, {"--url", "http://h/v1", "--key-file", "sub/../k"})["secret_reference"] ==
        (std::filesystem::current_path() / "k").string());
  CHECK(added(console, {"--url", "http://h/v1", "--key-command", "pass show x"})["secret_kind"] ==
        "command");
}

TEST_CASE("upstreams add: a secret comes from standard input or is asked for without echo") {
  Console console;
  console.input = "  sk-from-stdin\nmore\n";
  const auto from_stdin = added(console, {"--preset", "openai", "--key-stdin"});
  CHECK(from_stdin["secret_kind"] == "stored");
  CHECK(from_stdin["secret_text"] == "sk-from-stdin");

  console.can_ask = true;
  console.typed_secret = "sk-typed\r";
  console.answers("POST /v1/upstreams/openai/test",
                  R"({"steps":[{"name":"chat","result":"ok","detail":"m","hint":null,"ms":1}]})");
  CHECK(added(console, {"--preset", "openai"})["secret_text"] == "sk-typed");

  console.input = "sk-echoed\n";
  CHECK(added(console, {"--preset", "openai", "--key-stdin"})["secret_text"] == "sk-typed");
  console.answers("PATCH /v1/upstreams/openai", upstream_json());
  CHECK(console.run({"upstreams", "edit", "openai", "--key-stdin"}).code == 0);
  CHECK(console.asked.back() ==
        R"(PATCH /v1/upstreams/openai {"secret_kind":"stored","secret_text":"sk-typed"})");
}

TEST_CASE("upstreams add: without a secret and nobody to ask it is refused") {
  Console console;
  const Run run = console.run({"upstreams", "add", "openai", "--preset", "openai"});
  CHECK(run.code == 2);
  CHECK(run.err ==
        "error: it is not said where the secret of 'openai' is\n"
        "hint: add --key-env OPENAI_API_KEY if nufid has it, or --key-file, --key-stdin or "
        "--key-command\n");
  CHECK(console.run({"upstreams", "add", "x", "--url", "http://h/v1"})
            .err.ends_with("hint: add --key-env, --key-file, --key-stdin, --key-command or "
                           "--no-key\n"));
  CHECK(console.run({"upstreams", "add", "x", "--preset", "openai", "--key-stdin"}).code == 2);
  CHECK(console.asked.empty());
}

TEST_CASE("upstreams add: local presets need no secret, --no-key says so of any") {
  Console console;
  CHECK(added(console, {"--preset", "ollama"})["secret_kind"] == "none");
  CHECK(added(console, {"--url", "http://h/v1", "--no-key"})["secret_kind"] == "none");
  CHECK(console.run({"upstreams", "add", "x"}).code == 2);
  CHECK(
      console.run({"upstreams", "add", "x", "--url", "http://h", "--no-key", "--key-stdin"}).code ==
      2);
  CHECK(console.run({"upstreams", "add", "x", "--preset", "opnai"})
            .err.ends_with("hint: did you mean openai?\n"));
}

TEST_CASE("upstreams add: the other options reach the daemon") {
  Console console;
  CHECK(added(console,
              {"--url", "http://h/v1", "--no-key", "--model",  "a*",      "--model",
               "b",     "--alias",     "fast=a-1", "--header", "X-A=1=2", "--group",
               "g",     "--priority",  "-1",       "--weight", "2",       "--max-connections",
               "9",     "--ca-file",   "/ca.pem",  "--free"}) ==
        ordered_json::parse(
            R"({"name":"openai","url":"http://h/v1","secret_kind":"none","models":["a*","b"],)"
            R"("aliases":{"fast":"a-1"},"headers":{"X-A":"1=2"},"groups":["g"],"priority":-1,)"
            R"("weight":2,"free":true,"max_connections":9,"ca_file":"/ca.pem"})"));
  CHECK(console.run({"upstreams", "add", "x", "--url", "u", "--no-key", "--alias", "fast"}).code ==
        2);
}

TEST_CASE("upstreams edit: changes what is said, and nothing else") {
  Console console;
  console.answers("PATCH /v1/upstreams/openai", upstream_json());
  console.run({"upstreams", "edit", "openai", "--model", "none", "--name", "new"});
  CHECK(console.asked ==
        std::vector<std::string>{R"(PATCH /v1/upstreams/openai {"name":"new","models":null})"});
  CHECK(console.run({"upstreams", "edit", "openai"}).code == 2);
}

TEST_CASE("upstreams test: prints the steps with remedies, and fails when one does") {
  Console console;
  console.answers(
      "POST /v1/upstreams/openai/test",
      R"({"steps":[{"name":"models","result":"ok","detail":"40 listed","hint":null,"ms":120,"first_byte_ms":null},)"
      R"({"name":"chat","result":"failed","detail":"the secret was refused",)"
      R"("hint":"give it another: nufi upstreams edit openai --key-stdin","ms":80},)"
      R"({"name":"stream","result":"skipped","detail":"the chat did not work","ms":0}]})");
  const Run run = console.on_terminal({"upstreams", "test", "openai"});
  CHECK(run.code == 1);
  CHECK("\n" + run.out == R"(
STEP    RESULT    TIME  DETAIL
models  ok       120ms  40 listed
chat    failed    80ms  the secret was refused
stream  skipped         the chat did not work
)");
  CHECK(run.err == "chat: give it another: nufi upstreams edit openai --key-stdin\n");
  console.is_terminal = false;
  CHECK(console.run({"upstreams", "test", "openai"})
            .out.starts_with("models\tok\t120\t\t40 listed\t\nchat\tfailed\t80\t\tthe secret"));
  console.run({"upstreams", "test", "openai", "--model", "gpt-4o"});
  CHECK(console.asked.back() == "POST /v1/upstreams/openai/test?model=gpt-4o");
}

TEST_CASE("upstreams test: what only loses something is no failure") {
  Console console;
  console.answers("POST /v1/upstreams/openai/test",
                  R"({"steps":[{"name":"stream","result":"ok","ms":210,"first_byte_ms":90},)"
                  R"({"name":"usage","result":"warning","detail":"not reported","ms":0}]})");
  const Run run = console.run({"upstreams", "test", "openai"});
  CHECK(run.code == 0);
  CHECK(run.out == "stream\tok\t210\t90\t\t\nusage\twarning\t0\t\tnot reported\t\n");
  CHECK(ordered_json::parse(console.run({"upstreams", "test", "openai", "--json"})
                                .out)["data"][0]["first_byte_ms"] == 90);
}

TEST_CASE("upstreams discover: says what answers where, and how to go on") {
  Console console;
  console.answers(
      "GET /v1/upstreams/discover",
      R"({"data":[{"preset":"ollama","url":"http://127.0.0.1:11434/v1","models":["llama3.2:3b","qwen3:8b","nomic-embed-text:latest"],"needs_key":false,"upstream":"ollama","added":false},)"
      R"({"preset":"llamacpp","url":"http://127.0.0.1:8080/v1","models":["gemma-3-4b"],"needs_key":false,"upstream":null,"added":false},)"
      R"({"preset":"vllm","url":"http://127.0.0.1:8000/v1","models":[],"needs_key":true,"upstream":null,"added":false},)"
      R"({"preset":null,"url":"http://127.0.0.1:1234/v1","models":["m"],"needs_key":false,"upstream":null,"added":false}],"next":null})");
  const Run run = console.on_terminal({"upstreams", "discover"});
  CHECK(run.code == 0);
  CHECK("\n" + run.out == R"(
SERVER    URL                        UPSTREAM  MODELS
ollama    http://127.0.0.1:11434/v1  ollama    llama3.2:3b, qwen3:8b, nomic-emb…
llamacpp  http://127.0.0.1:8080/v1   none      gemma-3-4b
vllm      http://127.0.0.1:8000/v1   none      needs a key
unknown   http://127.0.0.1:1234/v1   none      m
)");
  CHECK("\n" + run.err == R"(
nufi upstreams add vllm --preset vllm --url http://127.0.0.1:8000/v1 --key-stdin
not known; if you trust it: nufi upstreams add NAME --url http://127.0.0.1:1234/v1 --no-key
add them with: nufi upstreams discover --add
)");
  console.is_terminal = false;
  CHECK(console.run({"upstreams", "discover"})
            .out.starts_with("ollama\thttp://127.0.0.1:11434/v1\tollama\t"
                             "llama3.2:3b,qwen3:8b,nomic-embed-text:latest\n"
                             "llamacpp\thttp://127.0.0.1:8080/v1\t\tgemma-3-4b\n"));
}

TEST_CASE("upstreams discover: adds when told, where it is told, and nothing found is no error") {
  Console console;
  console.answers(
      "POST /v1/upstreams/discover?ports=9001%2C9002",
      R"({"data":[{"preset":"ollama","url":"http://127.0.0.1:9001/v1","models":[],"needs_key":false,"upstream":"ollama","added":true}],"next":null})");
  const Run run =
      console.on_terminal({"upstreams", "discover", "--add", "--port", "9001", "--port", "9002"});
  CHECK("\n" + run.out == R"(
SERVER  URL                       UPSTREAM  MODELS
ollama  http://127.0.0.1:9001/v1  + ollama  none
)");
  console.answers("GET /v1/upstreams/discover", R"({"data":[],"next":null})");
  console.is_terminal = false;
  const Run none = console.run({"upstreams", "discover"});
  CHECK(none.code == 0);
  CHECK(none.out.empty());
  CHECK(none.err == "no model server answers on this machine; name its port with --port\n");
  CHECK(ordered_json::parse(console.run({"upstreams", "discover", "--json"}).out) ==
        ordered_json::parse(R"({"data":[],"next":null})"));
  CHECK(console.run({"upstreams", "discover", "--port", "none"}).code == 2);
}

TEST_CASE("upstreams add: a person is asked for what was not said") {
  Console console;
  console.can_ask = true;
  console.input = "who\n9\n";
  console.typed_secret = " s3cret ";
  takes_upstreams(console);
  console.answers("POST /v1/upstreams/openai/test",
                  R"({"steps":[{"name":"chat","result":"ok","detail":"m","hint":null,"ms":1}]})");
  const Run run = console.run({"upstreams", "add", "mine"});
  CHECK(run.code == 0);
  CHECK(run.err.find("9 mistral") != std::string::npos);
  CHECK(run.err.find("answer with a number") != std::string::npos);
  CHECK(posted(console) == R"({"name":"mine","preset":"mistral","secret_kind":"stored",)"
                           R"("secret_text":"s3cret"})");
}

TEST_CASE("upstreams add: whoever is asked for anything sees it tried out") {
  Console console;
  console.can_ask = true;
  console.typed_secret = "s3cret";
  takes_upstreams(console);
  console.answers(
      "POST /v1/upstreams/openai/test",
      R"({"steps":[{"name":"chat","result":"failed","detail":"nobody listens","hint":"start it","ms":0}]})");
  const Run run = console.run({"upstreams", "add", "mine", "--url", "http://h/v1"});
  CHECK(run.code == 1);
  CHECK(run.err.find("trying it out") != std::string::npos);
  CHECK(run.err.find("chat: start it") != std::string::npos);
  // No secret would make it listen.
  CHECK(run.err.find("another secret") == std::string::npos);
}

TEST_CASE("upstreams add: a secret that was refused is asked for again") {
  Console console;
  console.can_ask = true;
  console.typed_secret = "s3cret";
  takes_upstreams(console);
  console.answers(
      "POST /v1/upstreams/openai/test",
      R"({"steps":[{"name":"chat","result":"failed","detail":"the secret was refused","hint":)"
      R"("give it another: nufi upstreams edit openai --key-stdin","ms":3}]})");
  console.answers("POST /v1/upstreams/openai/test",
                  R"({"steps":[{"name":"chat","result":"ok","detail":"m","hint":null,"ms":1}]})");
  console.answers("PATCH /v1/upstreams/openai", upstream_json());
  CHECK(console.run({"upstreams", "add", "mine", "--url", "http://h/v1"}).code == 0);
  CHECK(console.asked.at(3) ==
        R"(PATCH /v1/upstreams/openai {"secret_kind":"stored","secret_text":"s3cret"})");
}

TEST_CASE("upstreams add: a name that can't be is asked for again, before the secret") {
  Console console;
  console.can_ask = true;
  console.input = "http://h/v1\na b\nopenai\n\n";
  takes_upstreams(console);
  console.answers("POST /v1/upstreams/openai/test", R"({"steps":[]})");
  const Run run = console.run({"upstreams", "add"});
  CHECK(run.err.find("its name [other]: name of an upstream must be") != std::string::npos);
  CHECK(ordered_json::parse(posted(console))["name"] == "openai");

  CHECK(console.run({"upstreams", "add", "a b", "--url", "http://h/v1"}).code == 2);
  CHECK(posted(console).empty());
  console.can_ask = false;
  const Run piped = console.run({"upstreams", "add", "--preset", "ollama"});
  CHECK(piped.code == 2);
  CHECK(piped.err.starts_with("error: it is not said how it is called\n"));
}

TEST_CASE("upstreams add: a name that is taken is not offered, and asked for again") {
  Console console;
  console.can_ask = true;
  console.input = "openai\nopenai\n\n";
  console.typed_secret = "s3cret";
  console.answers("GET /v1/upstreams", list_json({upstream_json()}));
  takes_upstreams(console);
  console.answers("POST /v1/upstreams/openai/test", R"({"steps":[]})");
  const Run run = console.run({"upstreams", "add"});
  CHECK(run.err.find("its name [openai-2]: there is an upstream called 'openai' already\n") !=
        std::string::npos);
  CHECK(ordered_json::parse(posted(console))["name"] == "openai-2");
}

TEST_CASE("upstreams add: without a known price a person is asked for one") {
  const char* unpriced =
      R"({"steps":[{"name":"chat","result":"ok","detail":"m-1","hint":null,"ms":1},)"
      R"({"name":"price","result":"warning","detail":"m-1 has none","hint":"set it","ms":0}]})";
  Console console;
  console.can_ask = true;
  console.typed_secret = "s3cret";
  takes_upstreams(console);
  console.answers("POST /v1/upstreams/openai/test", unpriced);
  console.answers("PUT /v1/prices", R"({"model":"m-1","warnings":["output is cheaper"]})");
  console.answers("PATCH /v1/upstreams/openai", upstream_json());
  const std::vector<std::string> words = {"upstreams", "add", "mine", "--url", "http://h/v1"};
  console.input = "cheap\n$2.5 1\n";
  const Run priced = console.run(words);
  CHECK(priced.err.find("answer with free, or with two amounts like 2.5 10") != std::string::npos);
  CHECK(priced.err.find("warning: output is cheaper\n") != std::string::npos);
  CHECK(console.asked.at(3).starts_with(R"(PUT /v1/prices {"model":"m-1")"));
  CHECK(console.asked.at(3).find(R"("rates":{"input":2.5)") != std::string::npos);
  console.input = "free\n";
  console.run(words);
  CHECK(console.asked.at(3) == R"(PATCH /v1/upstreams/openai {"free":true})");
  console.input = "\n";
  const Run left = console.run(words);
  CHECK(left.code == 0);
  CHECK(left.err.find("price: set it\n") != std::string::npos);
}

TEST_CASE("upstreams add: in a pipe it says what a budget will refuse") {
  Console console;
  takes_upstreams(console);
  const Run run = console.run({"upstreams", "add", "openai", "--url", "http://h/v1", "--no-key"});
  CHECK(run.err.find("clients can't list its models until they are named") != std::string::npos);
  CHECK(run.err.find("models without a price are refused under a budget") != std::string::npos);
}

TEST_CASE("upstreams add: a name that is a preset's is the default, its variable is offered") {
  Console console;
  console.can_ask = true;
  console.input = "\n";
  console.environment = {"GROQ_API_KEY=gsk-1"};
  takes_upstreams(console);
  CHECK(console.run({"upstreams", "add", "groq", "-q"}).err.find("[groq]") != std::string::npos);
  CHECK(posted(console) == R"({"name":"groq","preset":"groq","secret_kind":"env",)"
                           R"("secret_reference":"GROQ_API_KEY"})");
}

TEST_CASE("upstreams add: whoever leaves or gives no secret changes nothing") {
  Console left;
  left.can_ask = true;
  takes_upstreams(left);
  CHECK(left.run({"upstreams", "add", "mine"}).code == 2);
  Console empty;
  empty.can_ask = true;
  takes_upstreams(empty);
  CHECK(empty.run({"upstreams", "add", "openai", "--preset", "openai"}).code == 2);
  CHECK(posted(empty).empty());
}

TEST_CASE("upstreams remove: a pipe needs --yes") {
  Console console;
  console.answers("DELETE /v1/upstreams/openai", R"({"removed":"openai"})");
  console.answers("GET /v1/upstreams/openai", upstream_json());
  CHECK(console.run({"upstreams", "remove", "openai"}).code == 2);
  CHECK(console.asked == std::vector<std::string>{"GET /v1/upstreams/openai"});
  CHECK(console.run({"upstreams", "remove", "no-such-upstream"}).code == 3);
  CHECK(console.run({"upstreams", "remove", "openai", "--yes"}).err ==
        "upstream 'openai' removed\n");
}
