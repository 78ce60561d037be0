#include "lib/base/inflate.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <zlib.h>

using namespace nufi;
using Coding = Inflater::Coding;

namespace {

constexpr int kGzip = 15 + 16;
constexpr int kZlib = 15;
constexpr int kBare = -15;

std::string deflated(std::string_view text, int frame) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, frame, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string coded(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  coded.resize(coded.size() - stream.avail_out);
  deflateEnd(&stream);
  return coded;
}

/// Undoes `coded`, fed in pieces of `size` bytes.
std::string inflated(Inflater& inflater, std::string_view coded, std::size_t size) {
  std::string text;
  for (std::size_t at = 0; at < coded.size(); at += size) {
    const std::string piece(coded.substr(at, size));  // not readable beyond its end
    inflater.feed(piece);
    while (true) {
      const auto block = inflater.next();
      if (block.empty()) break;
      CHECK(block.size() <= Inflater::kBlock);
      text += block;
    }
  }
  return text;
}

std::string sample() {
  std::mt19937 random(3);
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += static_cast<char>('a' + random() % 4);
  return text;
}

}  // namespace

TEST_CASE("inflate: gzip, zlib and bare deflate come back, split anywhere") {
  const auto text = sample();
  for (const int frame : {kGzip, kZlib, kBare}) {
    for (const std::size_t size : {1, 2, 3, 1000, 1 << 20}) {
      CAPTURE(frame);
      CAPTURE(size);
      Inflater inflater(frame == kGzip ? Coding::gzip : Coding::deflate);
      const auto coded = deflated(text, frame);
      CHECK(inflated(inflater, coded, size) == text);
      CHECK(inflater.is_complete());
      CHECK(!inflater.is_broken());
      CHECK(inflater.given() == text.size());
    }
  }
}

TEST_CASE("inflate: members of gzip in a row are one text, padding behind them is passed over") {
  const auto coded = deflated("one ", kGzip) + deflated("two", kGzip) + std::string(5, '\0');
  for (const std::size_t size : {1, 7, 1000}) {
    Inflater inflater(Coding::gzip);
    CHECK(inflated(inflater, coded, size) == "one two");
    CHECK(inflater.is_complete());
  }
}

TEST_CASE("inflate: what is cut off is not complete, what is damaged is broken") {
  const auto coded = deflated(sample(), kGzip);
  Inflater cut(Coding::gzip);
  inflated(cut, coded.substr(0, coded.size() - 1), 1000);
  CHECK(!cut.is_complete());
  CHECK(!cut.is_broken());
  Inflater damaged(Coding::gzip);
  auto bad = coded;
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 0x55);
  inflated(damaged, bad, 1000);
  CHECK(!damaged.is_complete());
  Inflater text(Coding::gzip);
  CHECK(inflated(text, R"({"not":"compressed"})", 1000).empty());
  CHECK(text.is_broken());
}

TEST_CASE("inflate: a little that stands for much comes in small blocks") {
  const auto coded = deflated(std::string(50'000'000, ' '), kGzip);
  CHECK(coded.size() < 60'000);
  Inflater inflater(Coding::gzip);
  std::uint64_t total = 0;
  inflater.feed(coded);
  for (auto block = inflater.next(); !block.empty(); block = inflater.next()) total += block.size();
  CHECK(total == 50'000'000);
}
