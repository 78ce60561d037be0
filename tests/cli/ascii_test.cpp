#include "cli/ascii.hpp"

#include <doctest/doctest.h>

#include <sstream>

using nufi::cli::AsciiOnly;
using nufi::cli::to_ascii;
using nufi::cli::to_ascii_json;

TEST_CASE("ascii: our own signs become what is nearest, others a question mark a column") {
  CHECK(to_ascii("sk-nufi-…d7c") == "sk-nufi-...d7c");
  CHECK(to_ascii("5 → 10 × 2 │─└▅█") == "5 -> 10 x 2 |-+##");
  CHECK(to_ascii("Zoë 家計 e\xCC\x81") == "Zo? ???? e");
  CHECK(to_ascii("\xff\xc3") == "??");
}

TEST_CASE("ascii: JSON says the same with escapes") {
  CHECK(to_ascii_json(R"({"a":"é…😀"})") == R"({"a":"\u00e9\u2026\ud83d\ude00"})");
}

TEST_CASE("ascii: a stream hands on whole characters, however they come") {
  std::ostringstream out;
  {
    const AsciiOnly only(out);
    for (const char c : std::string("a…é")) out.put(c);
    out << "… b" << std::flush;
    out << "\xe2\x80";  // the rest never comes
  }
  out << "é";
  CHECK(out.str() == "a...?... b??é");
}
