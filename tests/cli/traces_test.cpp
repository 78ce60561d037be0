#include "cli/show_traces.hpp"
#include "tests/cli/console.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::cli;

namespace {

domain::Trace call(std::int64_t total_us, std::vector<domain::TraceSpan> spans) {
  domain::Trace trace;
  trace.head.total_us = total_us;
  trace.spans = std::move(spans);
  return trace;
}

}  // namespace

TEST_CASE("traces: say why a call was slow, and by what else if that is worth telling") {
  CHECK(why_slow(call(2'000'000, {{"upstream", "openai", 0, 1'900'000}})) ==
        "slow because 'openai' took 1.9s to its first byte");
  CHECK(why_slow(
            call(3'000'000, {{"hold", "", 0, 1'800'000}, {"upstream", "openai", 0, 1'000'000}})) ==
        "slow because it waited 1.8s for room in its budgets and limits, and 'openai' took 1.0s to "
        "its first byte");
  auto blocked = call(9'000'000, {{"reply", "openai", 0, 9'000'000}});
  blocked.client_blocked_us = 8'000'000;
  CHECK(why_slow(blocked) == "slow because the client read slowly: the reply waited 8.0s for it");
  CHECK(why_slow(call(200'000, {{"upstream", "", 0, 190'000}})) ==
        "quick; most of 200ms: the upstream took 190ms to its first byte");
  CHECK(why_slow({}) == "nothing in it took any time");
}

TEST_CASE("traces: the waterfall is on one scale, and what took next to nothing is seen") {
  const auto trace = call(1'000'000, {{"body", "", 0, 1000}, {"reply", "a", 500'000, 500'000}});
  Screen screen;
  screen.is_terminal = true;
  screen.width = 40;
  const std::string half(11, ' ');
  CHECK(
      draw_waterfall(trace, screen) ==
      std::vector<std::string>{"request    1.0ms  |", "reply      500ms  " + half + "###########"});
  screen.unicode = true;
  CHECK(draw_waterfall(trace, screen)[1] == "reply      500ms  " + half + "███████████");
  screen.width = 10;
  for (const auto& line : draw_waterfall(trace, screen)) CHECK(display_width(line) <= 30);
  CHECK(draw_waterfall({}, screen).empty());
}

TEST_CASE("traces: only what was said to be deleted is") {
  test::Console console;
  CHECK(console.run({"traces", "delete"}).code == 2);
  CHECK(console.run({"traces", "delete", "--all"}).code == 2);
  CHECK(console.run({"traces", "delete", "req_1", "--all", "--yes"}).code == 2);
  CHECK(console.asked.empty());
  console.answers("DELETE /v1/traces", R"({"deleted":2})");
  const auto run = console.run({"traces", "delete", "--all", "--yes"});
  CHECK(run.code == 0);
  CHECK(run.err == "2 traces are deleted\n");
  test::Console damaged;
  damaged.answers("DELETE /v1/traces", R"({"deleted":null})");
  const auto uncounted = damaged.run({"traces", "delete", "--all", "--yes", "--json"});
  CHECK(uncounted.code == 0);
  CHECK(api::Json::parse(uncounted.out)["deleted"].is_null());
}

TEST_CASE("traces: a person who lists them is told that none can be kept now") {
  test::Console console;
  console.answers(
      "GET /v1/traces?last=50",
      test::list_json(
          {R"({"id":"req_1",)"
           R"("time":"2026-08-15T11:57:00Z","account":"ana","key":"key_1","key_name":"k",)"
           R"("endpoint":"chat/completions","model":"m","upstream":null,"status":"ok",)"
           R"("http_status":200,"error_code":null,"cost_usd":0,"total_ms":1})"}));
  console.answers("GET /v1/traces/mode",
                  R"({"mode":"on","key":null,"file":"/t.db","days":7,"most_bytes":1,"bytes":0,)"
                  R"("dropped":1,"problem":"the disk of /t.db has 3 MiB free"})");
  CHECK(console.run({"traces", "list"}).err.empty());
  CHECK(console.on_terminal({"traces", "list"}).err ==
        "none can be kept now: the disk of /t.db has 3 MiB free\n");
}

TEST_CASE("traces: a member is told so, with the exit code for it") {
  test::Console console;
  console.answers(
      "GET /v1/traces/req_1",
      R"({"error":{"message":"only an admin may see traces","hint":"","code":"not_permitted"}})",
      403);
  CHECK(console.run({"traces", "show", "req_1"}).code == 4);
}

TEST_CASE("traces: a long answer is told by its beginning, unless all of it is wanted") {
  std::string lines;
  for (int i = 1; i <= 60; ++i) lines += "line " + std::to_string(i) + "\\n";
  test::Console console;
  console.answers(
      "GET /v1/traces/req_1",
      R"({"id":"req_1","time":"2026-08-15T11:57:00Z","status":"ok","answer":")" + lines + "\"}");
  const auto part = console.on_terminal({"traces", "show", "req_1"});
  CHECK(part.out.find("line 40\n") != std::string::npos);
  CHECK(part.out.find("line 41\n") == std::string::npos);
  CHECK(part.out.find("--full") != std::string::npos);
  const auto full = console.on_terminal({"traces", "show", "req_1", "--full"});
  CHECK(full.out.find("line 60\n") != std::string::npos);
}
