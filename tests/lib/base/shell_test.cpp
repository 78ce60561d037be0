#include "lib/base/shell.hpp"

#include <doctest/doctest.h>

TEST_CASE("shell: a plain word stays, another is quoted") {
  CHECK(nufi::shell_quoted("/home/a/nufi.db") == "/home/a/nufi.db");
  CHECK(nufi::shell_quoted("a b") == "'a b'");
  CHECK(nufi::shell_quoted("it's") == "'it'\\''s'");
  CHECK(nufi::shell_quoted("$(rm)") == "'$(rm)'");
  CHECK(nufi::shell_quoted("") == "''");
}
