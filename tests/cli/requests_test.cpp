#include "lib/domain/ids.hpp"
#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using nufi::test::Console;
using nufi::test::list_json;
using nufi::test::request_json;
using nufi::test::Run;

namespace {

std::string id_of(std::int64_t value) {
  return nufi::domain::RequestId{value}.text();
}

std::string row(std::int64_t value, const std::string& status = "ok") {
  return request_json(R"({"id":")" + id_of(value) + R"(","status":")" + status + R"("})");
}

}  // namespace

TEST_CASE("requests: none of a kind is not none at all") {
  Console console;
  console.answers("GET /v1/requests?last=50", list_json({}));
  console.answers("GET /v1/requests?last=50&status=cut", list_json({}));
  CHECK(console.on_terminal({"requests"}).err == "no calls yet\n");
  CHECK(console.on_terminal({"requests", "--status", "cut"}).err == "no such calls\n");
}

TEST_CASE("requests: a table on a terminal, TSV in a pipe") {
  Console console;
  console.answers("GET /v1/requests?last=50",
                  list_json({row(2),
                             request_json(R"({"status":"running","cost_usd":12.5,)"
                                          R"("key_name":"a-very-long-key-name",)"
                                          R"("timing":{"total":null}})")}));
  CHECK("\n" + console.on_terminal({"requests"}, 84).out == R"(
  TIME  KEY                   MODEL   STATUS    IN  CACHED  OUT        COST  LATENCY
3m ago  laptop                gpt-4o  ok       120      20   40   $0.000005    250ms
3m ago  a-very-long-key-name  gpt-4o  running  120      20   40  $12.50            -
)");
  console.is_terminal = false;
  CHECK(console.run({"requests"})
            .out.starts_with(
                "2026-08-15T11:57:00Z\tlaptop\tgpt-4o\tok\t120\t20\t40\t0.00000491\t250.500\t" +
                id_of(2) + "\t200\t\topenai\n"));
  CHECK(console.run({"requests", "-q"}).out.starts_with(id_of(2) + "\n"));
}

TEST_CASE("requests: filters reach the daemon") {
  Console console;
  console.run({"requests",
               "--last",
               "5",
               "--key",
               "laptop",
               "--model",
               "gpt-4o",
               "--status",
               "cut",
               "--since",
               "2h"});
  CHECK(console.asked ==
        std::vector<std::string>{"GET /v1/requests?last=5&key=laptop&model=gpt-4o&status=cut&since="
                                 "2026-08-15T10%3A00%3A00Z"});
  CHECK(console.run({"requests", "--status", "okay"}).err.ends_with("hint: did you mean ok?\n"));
}

TEST_CASE("requests: more than a page are read page by page") {
  Console console;
  console.answers("GET /v1/requests?last=2",
                  R"({"data":[)" + row(9) + R"(],"next":")" + id_of(9) + R"("})");
  console.answers("GET /v1/requests?last=2&before=" + id_of(9), list_json({row(8), row(7)}));
  CHECK(console.run({"requests", "--last", "2", "-q"}).out == id_of(9) + "\n" + id_of(8) + "\n");
}

TEST_CASE("requests --follow: each call once, oldest first, when it has ended") {
  Console console;
  console.pauses = 2;
  console.answers("GET /v1/requests?last=50", list_json({row(2, "running"), row(1)}));
  // The look goes back to before the call that runs, and no row is told twice.
  const std::string from_first = "GET /v1/requests?last=500&after=" + id_of(1);
  console.answers(from_first, list_json({row(2, "running"), row(3)}));
  console.answers(from_first, list_json({row(2), row(3), row(4)}));

  const Run run = console.run({"requests", "--follow", "-q"});

  CHECK(run.code == 0);
  CHECK(run.out == id_of(1) + "\n" + id_of(3) + "\n" + id_of(2) + "\n" + id_of(4) + "\n");
}

TEST_CASE("requests: what went wrong and who served it are shown where rows differ in it") {
  Console console;
  console.answers(
      "GET /v1/requests?last=50",
      list_json({row(3),
                 request_json(R"({"status":"upstream_error","http_status":502,)"
                              R"("error_code":"upstream_error","upstream":"spare"})")}));
  CHECK("\n" + console.on_terminal({"requests"}, 140).out == R"(
  TIME  KEY     MODEL   STATUS           IN  CACHED  OUT       COST  LATENCY  ID               ERROR               UPSTREAM
3m ago  laptop  gpt-4o  ok              120      20   40  $0.000005    250ms  req_00000000003                      openai
3m ago  laptop  gpt-4o  upstream_error  120      20   40  $0.000005    250ms  req_00000000001  502 upstream_error  spare
)");
  CHECK("\n" + console.on_terminal({"requests"}, 60).out == R"(
  TIME  KEY     MODEL   STATUS               COST  LATENCY
3m ago  laptop  gpt-4o  ok              $0.000005    250ms
3m ago  laptop  gpt-4o  upstream_error  $0.000005    250ms
)");
}

TEST_CASE("requests --follow: on a terminal one table grows, with the time of the person's clock") {
  Console console;
  console.pauses = 1;
  console.time_zone = "Europe/Berlin";
  console.answers("GET /v1/requests?last=50", list_json({}));
  console.answers(
      "GET /v1/requests?last=500",
      list_json(
          {request_json(R"({"id":")" + id_of(2) + R"(","key_name":"a-longer-name"})"), row(1)}));
  CHECK("\n" + console.on_terminal({"requests", "--follow"}, 100).out == R"(
    TIME  KEY      MODEL         STATUS            IN  CACHED    OUT       COST  LATENCY
13:57:00  laptop   gpt-4o        ok               120      20     40  $0.000005    250ms
13:57:00  a-long…  gpt-4o        ok               120      20     40  $0.000005    250ms
)");
}

TEST_CASE("requests --follow: rows that come later stand below the first, at 80 columns, too") {
  Console console;
  console.pauses = 1;
  console.answers("GET /v1/requests?last=50", list_json({request_json(R"({"cost_usd":0})")}));
  console.answers(
      "GET /v1/requests?last=500&after=req_00000000001",
      list_json({request_json(
          R"({"id":"req_00000000002","cost_usd":1.25,"status":"upstream_error","error_code":"x"})")}));
  CHECK("\n" + console.on_terminal({"requests", "--follow"}, 80).out == R"(
    TIME  KEY      MODEL         STATUS            IN    OUT       COST  LATENCY
11:57:00  laptop   gpt-4o        ok               120     40  $0.00        250ms
11:57:00  laptop   gpt-4o        upstream_er…     120     40  $1.25        250ms
)");
}

TEST_CASE("requests --follow: an empty ledger is followed from its first row on") {
  Console console;
  console.pauses = 2;
  console.answers("GET /v1/requests?last=50", list_json({}));
  console.answers("GET /v1/requests?last=500", list_json({row(2), row(1)}));
  console.answers("GET /v1/requests?last=500&after=" + id_of(2), list_json({row(3)}));

  const Run run = console.run({"requests", "--follow", "--json"});

  std::size_t lines = 0;
  for (const char c : run.out) lines += c == '\n' ? 1 : 0;
  CHECK(lines == 3);
  const auto first = nlohmann::ordered_json::parse(run.out.substr(0, run.out.find('\n')));
  CHECK(first["id"] == id_of(1));
}
