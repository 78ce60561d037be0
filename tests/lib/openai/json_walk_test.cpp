#include "lib/openai/json_walk.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nufi::openai;
using namespace std::string_literals;

namespace {

/// Writes the walk down as one line.
class Recorder final : public JsonVisitor {
 public:
  void open(const JsonValue& value) override {
    text += name(value) + (value.kind == JsonKind::object ? "{ " : "[ ");
  }
  void close(const JsonValue& value) override {
    text += (value.kind == JsonKind::object ? "}" : "]") + std::to_string(value.depth) + "=" +
            std::string(value.raw) + " ";
  }
  void scalar(const JsonValue& value) override {
    text += name(value) + std::string(value.raw) + " ";
  }
  std::string text;

 private:
  static std::string name(const JsonValue& value) {
    return std::to_string(value.depth) + ":" + std::string(value.parent_key) + "/" +
           std::string(value.key) + "=";
  }
};

bool is_json(std::string_view text) {
  Recorder recorder;
  return walk_json(text, recorder).empty();
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("json_walk: every value is told with its depth, its key and its parent's key") {
  Recorder recorder;
  CHECK(walk_json(R"({"a":[1,{"b":null}],"c":"x"} )", recorder).empty());
  CHECK(recorder.text ==
        R"(0:/={ 1:/a=[ 2:a/=1 2:a/={ 3:/b=null }2={"b":null} ]1=[1,{"b":null}] 1:/c="x" )"
        R"(}0={"a":[1,{"b":null}],"c":"x"} )");
}

TEST_CASE("json_walk: what RFC 8259 allows is taken") {
  for (const auto& text : {"null"s,
                           " \t\r\n true \t\r\n "s,
                           "false"s,
                           "\"\""s,
                           "0"s,
                           "-0"s,
                           "-0.0e-0"s,
                           "1E+2"s,
                           "123456789012345678901234567890.5"s,
                           "1e99999"s,
                           "[]"s,
                           "{}"s,
                           "[ ]"s,
                           "{ }"s,
                           R"({"":0})"s,
                           R"({"a":1,"a":2})"s,
                           R"("\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00\ud800")"s,
                           "\"\x7f\""s,
                           "\"\xf0\x9f\x98\x80\xed\x9f\xbf\""s,
                           nested(kMaxJsonDepth)}) {
    CAPTURE(text);
    CHECK(is_json(text));
  }
}

TEST_CASE("json_walk: what RFC 8259 does not allow is refused") {
  for (const auto& text : {""s,
                           " "s,
                           "{"s,
                           "}"s,
                           "]"s,
                           "nul"s,
                           "nulll"s,
                           "True"s,
                           "NaN"s,
                           "Infinity"s,
                           "-"s,
                           "+1"s,
                           "01"s,
                           "-01"s,
                           "1."s,
                           ".5"s,
                           "1e"s,
                           "1e+"s,
                           "0x10"s,
                           "1 2"s,
                           "[1,]"s,
                           "[,1]"s,
                           "[1 2]"s,
                           "[1"s,
                           R"({"a"})"s,
                           R"({"a":})"s,
                           R"({"a":1,})"s,
                           R"({,"a":1})"s,
                           R"({a:1})"s,
                           R"({'a':1})"s,
                           R"({1:1})"s,
                           R"({"a":1 "b":2})"s,
                           R"({"a"::1})"s,
                           "[1}"s,
                           "{\"a\":1]"s,
                           "\"abc"s,
                           R"("\x41")"s,
                           R"("\u12")"s,
                           R"("\u12g4")"s,
                           R"("\")"s,
                           "\"a\nb\""s,
                           "\"\t\""s,
                           "\"\0\""s,
                           "1\0"s,
                           "\0"s,
                           "[\0]"s,
                           "// c\n1"s,
                           "/**/1"s,
                           "\xef\xbb\xbf{}"s,
                           "\"\x80\""s,
                           "\"\xc0\x80\""s,
                           "\"\xed\xa0\x80\""s,
                           "\"\xf4\x90\x80\x80\""s,
                           "\"\xc3"s,
                           "\f1"s,
                           "\xc2\xa0"
                           "1"s,
                           nested(kMaxJsonDepth + 1)}) {
    CAPTURE(text);
    CHECK_FALSE(is_json(text));
  }
}

TEST_CASE("json_walk: a fault says at which byte it is") {
  Recorder recorder;
  CHECK(walk_json(R"({"a":tru})", recorder) == "unknown word at byte 5");
  CHECK(walk_json("{} x", recorder) == "something follows the JSON value at byte 3");
}

TEST_CASE("json_walk: no beginning of a document is a document") {
  const auto text =
      R"({"model":"a\u00e9\"b","n":[-1.5e+3,true,false,null,{}],"é":{"k":[[]],"😀":"\\"}})"s;
  REQUIRE(is_json(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    // On the heap at its exact size, so that a sanitizer sees a byte read too many.
    const std::vector<char> part(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(is_json({part.data(), part.size()}));
  }
}

TEST_CASE("json_walk: escapes stand for their characters") {
  CHECK(unescape_json(R"(a\"\\\/\b\f\n\r\t)") == "a\"\\/\b\f\n\r\t");
  CHECK(unescape_json(R"(\u0041\u00e9\u20AC)") == "A\xc3\xa9\xe2\x82\xac");
  CHECK(unescape_json(R"(\u0000)") == "\0"s);
  CHECK(unescape_json(R"(\ud83d\ude00)") == "\xf0\x9f\x98\x80");
  CHECK(unescape_json(R"(\uDBFF\uDFFF)") == "\xf4\x8f\xbf\xbf");
}

TEST_CASE("json_walk: a surrogate on its own becomes U+FFFD and takes nothing with it") {
  const auto unknown = "\xef\xbf\xbd"s;
  CHECK(unescape_json(R"(\ud83d)") == unknown);
  CHECK(unescape_json(R"(\ud83dx)") == unknown + "x");
  CHECK(unescape_json(R"(\ude00\ud83d)") == unknown + unknown);
  CHECK(unescape_json(R"(\ud83d\u0041)") == unknown + "A");
  CHECK(unescape_json(R"(\ud83d\n)") == unknown + "\n");
  CHECK(unescape_json(R"(\ud83d\ud83d\ude00)") == unknown + "\xf0\x9f\x98\x80");
}

TEST_CASE("json_walk: text is quoted so that it reads back, whatever its bytes") {
  CHECK(quote_json("a\"\\/\n\r\t\b\x01\x1f") == R"("a\"\\/\n\r\t\u0008\u0001\u001f")");
  CHECK(quote_json("\0"s) == R"("\u0000")");
  CHECK(quote_json("\xc3\xa9\xf0\x9f\x98\x80\x7f") == "\"\xc3\xa9\xf0\x9f\x98\x80\x7f\"");
  CHECK(quote_json("a\xff\xc3") == "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text(1, static_cast<char>(byte));
    CAPTURE(byte);
    const auto quoted = quote_json(text);
    CHECK(is_json(quoted));
    if (byte < 0x80) CHECK(unescape_json(quoted.substr(1, quoted.size() - 2)) == text);
  }
}
