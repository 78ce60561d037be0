#include "lib/base/utf8.hpp"

#include <doctest/doctest.h>

using namespace nufi;

TEST_CASE("utf8: every valid character is read back as it was written") {
  for (char32_t code = 0; code <= 0x10FFFF; code += code < 0x3000 ? 1 : 97) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, code);
    const Utf8Character character = first_character(text + "x");
    REQUIRE(character.valid);
    REQUIRE(character.code == code);
    REQUIRE(character.length == text.size());
  }
}

TEST_CASE("utf8: broken bytes are one invalid character each") {
  using namespace std::string_view_literals;
  for (const auto bytes : {"\x80"sv,
                           "\xc0\x80"sv,
                           "\xc1\xbf"sv,
                           "\xc3"sv,
                           "\xc3("sv,
                           "\xe0\x80\x80"sv,
                           "\xed\xa0\x80"sv,
                           "\xf0\x80\x80\x80"sv,
                           "\xf4\x90\x80\x80"sv,
                           "\xf5\x80\x80\x80"sv,
                           "\xff"sv}) {
    const Utf8Character character = first_character(bytes);
    CHECK_FALSE(character.valid);
    CHECK(character.length == 1);
    CHECK(character.code == 0xFFFD);
  }
}

TEST_CASE("utf8: what moves the cursor or the direction is not printable") {
  for (const char32_t code : {0x00,
                              0x0A,
                              0x1B,
                              0x7F,
                              0x85,
                              0x9B,
                              0x200B,
                              0x200E,
                              0x2028,
                              0x202E,
                              0x2066,
                              0xFEFF,
                              0x061C,
                              0xE0001}) {
    CHECK_FALSE(is_printable(code));
  }
  for (const char32_t code : {0x20, 0x7E, 0xE4, 0x2026, 0x4E2D, 0x1F600}) {
    CHECK(is_printable(code));
  }
}
