#include "cli/shell_line.hpp"

#include <doctest/doctest.h>

using nufi::cli::insertion;
using nufi::cli::read_shell_line;
using Words = std::vector<std::string>;

TEST_CASE("shell line: quotes and backslashes are undone as bash does") {
  CHECK(read_shell_line("").words == Words{""});
  CHECK(read_shell_line("nufi  keys ").words == Words{"nufi", "keys", ""});
  CHECK(read_shell_line("a 'b c' \"d e\" f\\ g").words == Words{"a", "b c", "d e", "f g"});
  CHECK(read_shell_line("'' x").words == Words{"", "x"});
  CHECK(read_shell_line(R"("a\"b\$c\d" 'e\f')").words == Words{"a\"b$c\\d", "e\\f"});
  CHECK(read_shell_line("a\\").words == Words{"a"});
}

TEST_CASE("shell line: the quote that is open is known") {
  CHECK(read_shell_line("x \"my k").quote == '"');
  CHECK(read_shell_line("x 'my k").quote == '\'');
  CHECK(read_shell_line("x 'my' k").quote == 0);
  CHECK(read_shell_line("x \"my k").words.back() == "my k");
}

TEST_CASE("shell line: what is inserted means the value") {
  const auto inserted = [](const char* line, const char* replaced, const char* value) {
    return insertion(read_shell_line(line), replaced, value);
  };
  CHECK(inserted("nufi my", "my", "my key") == "my\\ key");
  CHECK(inserted("nufi \"my k", "my k", "my $key") == "my \\$key");
  CHECK(inserted("nufi 'my k", "my k", "my key's") == "my key'\\''s");
  CHECK(inserted("nufi --key=la", "la", "--key=laptop") == "laptop");
  CHECK(inserted("nufi team:c", "c", "team:ci:x y") == "ci:x\\ y");
  CHECK(inserted("nufi te\\ am:c", "c", "te am:ci") == "ci");
  CHECK(inserted("nufi ", "", "größe") == "größe");
  CHECK(inserted("nufi hey", "hey", "hey!ls") == "hey\\!ls");
  CHECK(inserted("nufi \"hey", "hey", "hey!ls") == R"(hey"\!"ls)");
}
