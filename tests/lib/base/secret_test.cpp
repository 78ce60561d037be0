#include "lib/base/secret.hpp"

#include "lib/base/error.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>
#include <set>

using namespace nufi;

namespace {

std::string hex(const Sha256& digest) {
  std::string text;
  for (const auto byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

/// Bit by bit, straight from the definition.
std::uint32_t slow_crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

const Secret kKey(std::string(32, 'k'));

}  // namespace

TEST_CASE("secret: it has no formatter and no stream operator") {
  static_assert(!fmt::is_formattable<Secret>::value);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  static_assert(!std::is_convertible_v<std::string, Secret>);
}

TEST_CASE("secret: a moved secret leaves nothing behind") {
  for (const char* text : {"short", "a text that is too long to lie in the object itself"}) {
    Secret first{std::string(text)};
    Secret second(std::move(first));
    CHECK(second.expose() == text);
    CHECK(first.empty());  // NOLINT: that is the promise
    Secret third;
    third = std::move(second);
    CHECK(third.expose() == text);
    CHECK(second.empty());  // NOLINT
  }
}

TEST_CASE("secret: a copy is independent, also of itself") {
  Secret first(std::string("one"));
  Secret second;
  second = first;
  const Secret& alias = second;
  second = alias;
  CHECK(second.expose() == "one");
  CHECK(first.expose() == "one");
}

TEST_CASE("secret: sha-256 agrees with the standard's examples") {
  CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(sha256(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("secret: constant_time_equal compares everything") {
  CHECK(constant_time_equal("", ""));
  CHECK(constant_time_equal("abc", "abc"));
  CHECK_FALSE(constant_time_equal("abc", "abd"));
  CHECK_FALSE(constant_time_equal("abc", "bbc"));
  CHECK_FALSE(constant_time_equal("abc", "abcd"));
}

TEST_CASE("secret: random bytes differ and fill any length") {
  std::set<std::array<std::uint8_t, 16>> seen;
  for (int i = 0; i < 100; ++i) {
    std::array<std::uint8_t, 16> bytes{};
    random_bytes(bytes);
    seen.insert(bytes);
  }
  CHECK(seen.size() == 100);
  random_bytes({});
  std::string large(100'000, '\0');
  random_bytes({reinterpret_cast<std::uint8_t*>(large.data()), large.size()});
  CHECK(large.substr(99'900) != std::string(100, '\0'));
}

TEST_CASE("secret: crc-32 is the one of ieee 802.3 at every length") {
  CHECK(crc32("") == 0);
  CHECK(crc32("123456789") == 0xCBF43926U);
  std::mt19937_64 random(1);
  std::string bytes;
  for (int length = 0; length < 100; ++length) {
    REQUIRE(crc32(bytes) == slow_crc32(bytes));
    bytes += static_cast<char>(random());
  }
}

TEST_CASE("secret: what was sealed can be unsealed") {
  for (const std::size_t size : {0U, 1U, 16U, 1000U}) {
    const Secret text(std::string(size, 's'));
    const std::string sealed = seal(kKey, "upstream:up_1", text);
    CHECK(sealed.size() == 12 + size + 16);
    CHECK(unseal(kKey, "upstream:up_1", sealed).expose() == text.expose());
  }
}

TEST_CASE("secret: the same text never looks the same sealed") {
  const Secret text(std::string("sk-provider"));
  CHECK(seal(kKey, "c", text) != seal(kKey, "c", text));
  CHECK(seal(kKey, "c", text).find("sk-provider") == std::string::npos);
}

TEST_CASE("secret: unseal refuses another key, context or byte") {
  const std::string sealed = seal(kKey, "upstream:up_1", Secret(std::string("sk-provider")));
  CHECK_THROWS_AS(unseal(Secret(std::string(32, 'x')), "upstream:up_1", sealed), Error);
  CHECK_THROWS_AS(unseal(kKey, "upstream:up_2", sealed), Error);
  CHECK_THROWS_AS(unseal(kKey, "upstream:up_1", sealed.substr(0, 20)), Error);
  CHECK_THROWS_AS(unseal(kKey, "upstream:up_1", ""), Error);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    REQUIRE_THROWS_AS(unseal(kKey, "upstream:up_1", changed), Error);
  }
}

TEST_CASE("secret: a key of the wrong length is refused") {
  CHECK_THROWS_AS(seal(Secret(std::string("short")), "c", Secret()), Error);
  CHECK_THROWS_AS(unseal(Secret(std::string("short")), "c", std::string(40, 'x')), Error);
}
