#include "cli/table.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace nufi::cli;
using nufi::domain::Money;

namespace {

Table prices() {
  Table table({{.title = "NAME", .shrinks_to = 6},
               {.title = "COST", .align = Align::point, .csv_name = "cost_usd"},
               {.title = "NOTE", .rank = 1},
               {.title = "ID", .only_raw = true}});
  table.add(
      {text_cell("a"), money_cell(Money::nanos(5'000'000'000)), text_cell("x"), text_cell("1")});
  table.add({text_cell("a long name"),
             money_cell(Money::nanos(123)),
             text_cell("tab\there"),
             text_cell("2")});
  table.add({text_cell(""), money_cell(std::nullopt), text_cell("say \"a,b\""), text_cell("3")});
  return table;
}

std::string printed(const Table& table, int width) {
  std::ostringstream out;
  table.print(out, {.is_terminal = true, .width = width, .colour = false, .unicode = true});
  return "\n" + out.str();
}

}  // namespace

TEST_CASE("table: money is aligned at the point") {
  CHECK(printed(prices(), 80) == R"(
NAME                 COST  NOTE
a            $5.00         x
a long name  $0.000000123  tab?here
-                       -  say "a,b"
)");
}

TEST_CASE("table: a narrow terminal shortens first and then leaves columns out") {
  CHECK(printed(prices(), 32) == R"(
NAME             COST  NOTE
a        $5.00         x
a long…  $0.000000123  tab?here
-                   -  say "a,b"
)");
  CHECK(printed(prices(), 24) == R"(
NAME                COST
a           $5.00
a long na…  $0.000000123
-                      -
)");
}

TEST_CASE("table: no line is ever wider than the terminal") {
  for (int width = 1; width < 60; ++width) {
    std::istringstream lines(printed(prices(), width));
    for (std::string line; std::getline(lines, line);) CHECK(display_width(line) <= width);
  }
}

TEST_CASE("table: a pipe gets every value in full, and nothing can forge a column") {
  std::ostringstream out;
  prices().print_tsv(out);
  CHECK(out.str() ==
        "a\t5\tx\t1\n"
        "a long name\t0.000000123\ttab here\t2\n"
        "\t\tsay \"a,b\"\t3\n");
}

TEST_CASE("table: a pipe gets nothing that steers the terminal it may end on") {
  Table table({{.title = "NAME"}, {.title = "NOTE"}});
  // Escape, C1 in UTF-8 and as a byte, a turn of the reading direction, and a name as it should be.
  table.add({text_cell("\x1b[31m|\u009b31m|\x9b|\u202e|\u2066"), text_cell("größe 模型")});
  std::ostringstream out;
  table.print_tsv(out);
  CHECK(out.str() == " [31m| 31m| | | \tgröße 模型\n");
}

TEST_CASE("table: CSV has a header and quotes") {
  std::ostringstream out;
  prices().print_csv(out);
  CHECK(out.str() ==
        "name,cost_usd,note,id\n"
        "a,5,x,1\n"
        "a long name,0.000000123,tab\there,2\n"
        ",,\"say \"\"a,b\"\"\",3\n");
}

TEST_CASE("table: colour is around the text, not around the spaces") {
  Table table({{.title = "A"}, {.title = "B"}});
  table.add({text_cell("x", Tone::good), text_cell("y")});
  std::ostringstream out;
  table.print(out, {.is_terminal = true, .width = 80, .colour = true, .unicode = true});
  CHECK(out.str() == "\x1b[2mA  B\x1b[0m\n\x1b[32mx\x1b[0m  y\n");
}
