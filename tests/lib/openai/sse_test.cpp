#include "lib/openai/sse.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

using nufi::openai::SseEvent;
using nufi::openai::SseSplitter;

namespace {

struct Read {
  std::string datas;  ///< each in <>
  std::string bytes;  ///< raw of all events and what is left over
};

void take(SseSplitter& splitter, Read& read) {
  SseEvent event;
  while (splitter.next(event)) {
    if (!event.data.empty()) read.datas += "<" + std::string(event.data) + ">";
    read.bytes += event.raw;
  }
}

/// Reads `text` cut in two at every place and byte by byte: the data is the same, no byte is lost.
std::string read(const std::string& text) {
  Read bytewise;
  SseSplitter splitter;
  for (const char c : text) {
    splitter.feed(std::string_view(&c, 1));
    take(splitter, bytewise);
  }
  bytewise.bytes += splitter.partial();
  CHECK(bytewise.bytes == text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    CAPTURE(cut);
    Read halves;
    SseSplitter other;
    other.feed(std::string_view(text).substr(0, cut));
    take(other, halves);
    other.feed(std::string_view(text).substr(cut));
    take(other, halves);
    halves.bytes += other.partial();
    CHECK(halves.bytes == text);
    CHECK(halves.datas == bytewise.datas);
  }
  return bytewise.datas;
}

}  // namespace

TEST_CASE("sse: events end with an empty line, whatever ends a line") {
  CHECK(read("data: a\n\ndata: b\n\n") == "<a><b>");
  CHECK(read("data: a\r\n\r\ndata: b\r\n\r\n") == "<a><b>");
  CHECK(read("data: a\r\rdata: b\r\r") == "<a><b>");
  CHECK(read("data: a\r\n\ndata: b\n\r\ndata: c\r\r\n") == "<a><b><c>");
}

TEST_CASE("sse: an event without its empty line is not whole") {
  CHECK(read("data: a\n\ndata: b\n") == "<a>");
  CHECK(read("data: a") == "");
  CHECK(read("") == "");
}

TEST_CASE("sse: one space behind the colon is not part of the data") {
  CHECK(read("data:a\n\ndata:  b\n\ndata: \n\n") == "<a>< b>");
}

TEST_CASE("sse: comments and other fields pass and are no data") {
  CHECK(read(": OPENROUTER PROCESSING\n\nevent: x\nid: 7\ndata: a\nretry: 9\n\n") == "<a>");
  CHECK(read("database: no\n\n") == "");
}

TEST_CASE("sse: several data lines are one text") {
  CHECK(read("data: a\ndata: b\r\ndata:c\n\n") == "<a\nb\nc>");
  CHECK(read("data: a\n: between\ndata: b\n\n") == "<a\nb>");
}

TEST_CASE("sse: empty lines before and between events do no harm") {
  CHECK(read("\n\ndata: a\n\n\n\n\ndata: b\n\n") == "<a><b>");
  CHECK(read("\r\n\r\n\r\ndata: a\r\n\r\n") == "<a>");
}

TEST_CASE("sse: a LF that comes later belongs to no event") {
  SseSplitter splitter;
  SseEvent event;
  splitter.feed("data: a\r\n\r");
  REQUIRE(splitter.next(event));
  CHECK_FALSE(splitter.next(event));
  splitter.feed("\ndata: b");
  REQUIRE(splitter.next(event));
  CHECK(event.raw == "\n");
  CHECK(event.data.empty());
  CHECK_FALSE(splitter.next(event));
  CHECK(splitter.partial() == "data: b");
}

TEST_CASE("sse: an event that is whole is there at once") {
  SseSplitter splitter;
  SseEvent event;
  splitter.feed("data: a\r\n\r\n");
  REQUIRE(splitter.next(event));
  CHECK(event.raw == "data: a\r\n\r\n");
  splitter.feed("data: b\r\r");
  REQUIRE(splitter.next(event));
  CHECK(event.data == "b");
  CHECK(splitter.partial().empty());
}

TEST_CASE("sse: an event that is too long comes in pieces and loses no byte") {
  const std::string text = "data: " + std::string(5000, 'x') + "\n\n: short\n\ndata: b\n\n";
  for (std::size_t step = 1; step < 200; step += 7) {
    SseSplitter splitter(100);
    Read all;
    std::string pieces;
    std::size_t most = 0;
    SseEvent event;
    for (std::size_t at = 0; at < text.size(); at += step) {
      splitter.feed(std::string_view(text).substr(at, step));
      while (splitter.next(event)) {
        all.bytes += event.raw;
        if (!event.data.empty()) all.datas += "<" + std::string(event.data) + ">";
        pieces += event.begins ? "(" : "";
        pieces += event.ends ? ")" : "";
      }
      most = std::max(most, splitter.partial().size());
    }
    CHECK(all.bytes == text);
    CHECK(all.datas == "<b>");
    CHECK(pieces == "()()()");
    CHECK(most <= 100 + step);
  }
}

TEST_CASE("sse: the end of the stream ends its last event") {
  SseSplitter splitter;
  SseEvent event;
  splitter.feed("data: a\n\ndata: b\ndata: c");
  REQUIRE(splitter.next(event));
  CHECK_FALSE(splitter.next(event));
  REQUIRE(splitter.last(event));
  CHECK(event.data == "b\nc");
  CHECK(event.raw == "data: b\ndata: c");
  CHECK_FALSE(splitter.last(event));
}

TEST_CASE("sse: a byte order mark in front of the stream is passed over") {
  SseSplitter splitter;
  SseEvent event;
  splitter.feed(
      "\xef\xbb\xbf"
      "data: a\n\n\xef\xbb\xbf"
      "data: b\n\n");
  REQUIRE(splitter.next(event));
  CHECK(event.data == "a");
  CHECK(event.raw ==
        "\xef\xbb\xbf"
        "data: a\n\n");
  REQUIRE(splitter.next(event));
  CHECK(event.data.empty());
}
