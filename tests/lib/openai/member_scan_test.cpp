#include "lib/openai/member_scan.hpp"

#include <doctest/doctest.h>

#include <string>

using nufi::openai::MemberScan;

namespace {

/// The value that is found however the text is cut in two, or byte by byte; "-" if none is.
std::string found(const std::string& text, std::size_t most = 64) {
  const auto result = [](const MemberScan& scan) {
    return (scan.found() ? scan.value() : "-") + (scan.complete() ? "" : " (open)");
  };
  MemberScan bytewise("usage", most);
  for (const char c : text) bytewise.feed(std::string_view(&c, 1));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    MemberScan scan("usage", most);
    scan.feed(std::string_view(text).substr(0, cut));
    scan.feed(std::string_view(text).substr(cut));
    CAPTURE(cut);
    CHECK(result(scan) == result(bytewise));
  }
  return result(bytewise);
}

}  // namespace

TEST_CASE("member_scan: a member of the root is found wherever the text is cut") {
  CHECK(found(R"({"usage":{"a":[1,"}"]},"b":2})") == R"({"a":[1,"}"]})");
  CHECK(found(R"({"id":"x","usage":5})") == "5");
  CHECK(found(R"({"usage":"te\"x\\"})") == R"("te\"x\\")");
  CHECK(found(R"({"usage":null,"z":1})") == "null");
}

TEST_CASE("member_scan: white space around a value is not part of it") {
  CHECK(found("{ \"usage\" : null }") == "null");
  CHECK(found("{\r\n\t\"usage\": {\"a\": 1}\r\n}") == "{\"a\": 1}");
}

TEST_CASE("member_scan: the same name deeper, as a value or in text is not it") {
  CHECK(found(R"({"a":{"usage":1},"b":[{"usage":2}]})") == "-");
  CHECK(found(R"({"a":"usage","b":["usage",":",3]})") == "-");
  CHECK(found(R"({"a":"x\",\"usage\":7,\"","usage2":1,"usag":2})") == "-");
  CHECK(found(R"({"a":"{[","usage":3})") == "3");
  CHECK(found(R"([{"usage":1}])") == "-");
}

TEST_CASE("member_scan: an escaped name is not taken for the plain one") {
  CHECK(found(R"({"\u0075sage":1})") == "-");
  CHECK(found(R"({"\\usage":1,"x\"usage":2})") == "-");
}

TEST_CASE("member_scan: the last one counts if it came more than once") {
  CHECK(found(R"({"usage":1,"usage":2})") == "2");
}

TEST_CASE("member_scan: a value that is too long counts as not there") {
  CHECK(found(R"({"usage":"0123456789","b":1})", 12) == R"("0123456789")");
  CHECK(found(R"({"usage":"0123456789","b":1})", 11) == "-");
  CHECK(found(R"({"usage":[1,2,3,4,5,6,7,8,9]})", 8) == "-");
  CHECK(found(R"({"usage":[1,2,3,4,5,6,7,8,9],"usage":7})", 8) == "7");
}

TEST_CASE("member_scan: a document that is not whole says so") {
  CHECK(found(R"({"usage":1)") == "- (open)");
  CHECK(found(R"({"usage":{"a":1},"b":")") == R"({"a":1} (open))");
  CHECK(found("") == "- (open)");
}

TEST_CASE("member_scan: text that is not JSON yields nothing and does no harm") {
  CHECK(found("usage:5 }}}{{{") == "- (open)");
  CHECK(found("\"usage\":5 (open)") == "- (open)");
}

TEST_CASE("member_scan: a member of a member of the root is found, and only there") {
  const auto nested = [](const std::string& text) {
    MemberScan bytewise("usage", 64, "response");
    for (const char c : text) bytewise.feed(std::string_view(&c, 1));
    MemberScan whole("usage", 64, "response");
    whole.feed(text);
    CHECK(whole.found() == bytewise.found());
    CHECK(whole.value() == bytewise.value());
    return whole.found() ? whole.value() : "-";
  };
  CHECK(nested(R"({"type":"x","response":{"id":1,"usage":{"a":1}},"z":0})") == R"({"a":1})");
  CHECK(nested(R"({"response":{"output":[{"usage":1}],"usage":2}})") == "2");
  CHECK(nested(R"({"usage":1})") == "-");
  CHECK(nested(R"({"response":[{"usage":1}]})") == "-");
  CHECK(nested(R"({"response":{"x":{"usage":1}}})") == "-");
  CHECK(nested(R"({"x":{"usage":1},"response":{}})") == "-");
  CHECK(nested(R"({"response":"{\"usage\":1}"})") == "-");
  CHECK(nested(R"({"response":{"usage":1},"usage":2})") == "1");
}

TEST_CASE("member_scan: the items of a list are counted without keeping it") {
  const auto items = [](const std::string& text) {
    MemberScan scan("data", 0);
    for (const char c : text) scan.feed(std::string_view(&c, 1));
    CHECK(scan.begun() == (text.find("\"data\":[") != std::string::npos));
    return scan.items();
  };
  CHECK(items(R"({"data":[{"url":"x"},{"b":[{"c":{}}]},{}],"data2":[{}]})") == 3);
  CHECK(items(R"({"data":[]})") == 0);
  CHECK(items(R"({"x":[{},{}]})") == 0);
}

TEST_CASE("member_scan: what is no list of objects is told from one that is") {
  const auto shape = [](const std::string& value) {
    MemberScan scan("data", 0);
    for (const char c : R"({"x":[1,"a"],"data":)" + value + R"(,"y":["b",2]})") {
      scan.feed(std::string_view(&c, 1));
    }
    return std::string(scan.is_list() ? "list" : "") + (scan.has_strays() ? " strays" : "");
  };
  CHECK(shape(R"([ {"a":["b",1]} , {} ])") == "list");
  CHECK(shape("[]") == "list");
  CHECK(shape(" null").empty());
  CHECK(shape(R"(["a"])") == "list strays");
  CHECK(shape("[{},1]") == "list strays");
  CHECK(shape("[[{}]]") == "list strays");
  for (const auto* other : {R"("a")", "{}", R"({"a":{}})", "5", "true"}) {
    CHECK(shape(other) == " strays");
  }
}
