#include "cli/progress.hpp"

#include <doctest/doctest.h>

using nufi::cli::display_width;
using nufi::cli::progress_line;
using std::chrono::seconds;

TEST_CASE("progress: a bar as long as there is room, in blocks or ASCII") {
  CHECK(progress_line("copying", 43, 100, seconds(2), 30, true) ==
        "copying  [█████░░░░░░░]   43 %");
  CHECK(progress_line("copying", 100, 100, seconds(2), 30, false) ==
        "copying  [############]  100 %");
  CHECK(progress_line("copying", 0, 100, seconds(2), 16, true) == "copying    0 %");
  CHECK(display_width(progress_line("copying", 5, 10, seconds(0), 200, true)) < 60);
}

TEST_CASE("progress: what has no total shows its time, and no number is out of bounds") {
  CHECK(progress_line("checking", 0, 0, seconds(12), 40, true) == "checking  12 s");
  CHECK(progress_line("checking", 7, 5, seconds(1), 20, true) == "checking  100 %");
  CHECK(progress_line("checking", -7, 5, seconds(1), 20, true) == "checking    0 %");
  CHECK(display_width(progress_line("checking the books", 1, 5, seconds(1), 10, true)) <= 10);
}
