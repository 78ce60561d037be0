#include "lib/domain/access.hpp"

#include "lib/base/text.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::domain;

namespace {

const Timestamp kNow = parse_rfc3339("2026-08-01T10:00:00Z").value();
/// Both clocks agree.
constexpr Moment at(Timestamp time) {
  return {.wall = time, .even = time};
}

}  // namespace

TEST_CASE("access: an active key may call from anywhere") {
  CHECK_FALSE(deny_key(Key(), Key().digest, at(kNow), "127.0.0.1").has_value());
}

TEST_CASE("access: a child may call as long as its parent may, from where its parent may") {
  Key parent;
  CHECK_FALSE(deny_child(parent, at(kNow), "127.0.0.1"));
  parent.allowed_ips = {"10.0.0.0/8"};
  CHECK(deny_child(parent, at(kNow), "127.0.0.1") == Denial::ip_not_allowed);
  parent.disabled = true;
  CHECK(deny_child(parent, at(kNow), "10.0.0.1") == Denial::key_disabled);
  parent.revoked_at = kNow;
  CHECK(deny_child(parent, at(kNow), "10.0.0.1") == Denial::key_revoked);
}

TEST_CASE("access: the models of a parent bind its children") {
  Key parent;
  parent.allowed_models = {"gpt-*"};
  CHECK(who_forbids({}, &parent, {}, {}, "gpt-4o").empty());
  CHECK(who_forbids({}, &parent, {}, {}, "o3") == "parent key");
}

TEST_CASE("access: a key's state is the reason, before its address") {
  Key key;
  key.allowed_ips = {"10.0.0.0/8"};
  CHECK(deny_key(key, key.digest, at(kNow), "127.0.0.1") == Denial::ip_not_allowed);
  key.expires_at = kNow;
  CHECK(deny_key(key, key.digest, at(kNow), "127.0.0.1") == Denial::key_expired);
  key.disabled = true;
  CHECK(deny_key(key, key.digest, at(kNow), "127.0.0.1") == Denial::key_disabled);
  key.revoked_at = kNow;
  CHECK(deny_key(key, key.digest, at(kNow), "127.0.0.1") == Denial::key_revoked);
}

TEST_CASE("access: a former secret opens the key until its overlap ends") {
  Key key;
  key.digest[0] = 2;
  key.former = FormerSecret{{1}, "", kNow + std::chrono::seconds(1)};
  CHECK_FALSE(deny_key(key, key.digest, at(kNow), "127.0.0.1").has_value());
  CHECK_FALSE(deny_key(key, {1}, at(kNow), "127.0.0.1").has_value());
  const Timestamp later = kNow + std::chrono::seconds(1);
  CHECK_FALSE(deny_key(key, key.digest, at(later), "127.0.0.1").has_value());
  CHECK(deny_key(key, {1}, at(later), "127.0.0.1") == Denial::key_rotated);
  CHECK_FALSE(deny_state(key, at(later)).has_value());
  key.revoked_at = kNow;
  CHECK(deny_key(key, {1}, at(later), "127.0.0.1") == Denial::key_revoked);
}

TEST_CASE("access: a lease ends when its time has passed, wherever the wall clock is set") {
  Key key;
  key.lease_expires_at = kNow + std::chrono::seconds(10);
  key.expires_at = kNow + std::chrono::hours(2);
  for (const auto jump : {std::chrono::hours(-1), std::chrono::hours(0), std::chrono::hours(1)}) {
    const Moment before{.wall = kNow + std::chrono::seconds(9) + jump,
                        .even = kNow + std::chrono::seconds(9)};
    CHECK_FALSE(deny_state(key, before));
    CHECK_FALSE(deny_child(key, before, "127.0.0.1"));
    const Moment after{.wall = kNow + std::chrono::seconds(10) + jump,
                       .even = kNow + std::chrono::seconds(10)};
    CHECK(deny_state(key, after) == Denial::key_expired);
    CHECK(deny_child(key, after, "127.0.0.1") == Denial::key_expired);
  }
  CHECK(deny_state(key, {.wall = *key.expires_at, .even = kNow}) == Denial::key_expired);
}

TEST_CASE("access: key, project and group must all allow the model") {
  Key key;
  Project project;
  Group group;
  CHECK(who_forbids(key, nullptr, project, group, "gpt-4o").empty());
  key.allowed_models = {"claude-*", "gpt-4*"};
  CHECK(who_forbids(key, nullptr, project, group, "gpt-4o").empty());
  CHECK_FALSE(who_forbids(key, nullptr, project, group, "GPT-4o").empty());
  project.allowed_models = {"gpt-4o"};
  CHECK(who_forbids(key, nullptr, project, group, "gpt-4o").empty());
  CHECK_FALSE(who_forbids(key, nullptr, project, group, "gpt-4o-mini").empty());
  group.allowed_models = {"o3"};
  CHECK_FALSE(who_forbids(key, nullptr, project, group, "gpt-4o").empty());
  CHECK(who_forbids(key, nullptr, project, group, "gpt-4o") == "group");
  CHECK(who_forbids(key, nullptr, project, group, "gpt-4o-mini") == "project");
  CHECK(who_forbids(key, nullptr, project, group, "o3") == "key");
  CHECK(who_forbids(key, nullptr, project, Group(), "gpt-4o").empty());
}

TEST_CASE("access: addresses are matched by block") {
  const std::vector<std::string> blocks = {"10.0.0.0/8", "192.168.1.7", "2001:db8::/33", "::1"};
  for (const char* ip : {"10.0.0.0",
                         "10.255.255.255",
                         "192.168.1.7",
                         "2001:db8::5",
                         "2001:db8:7fff::",
                         "::1",
                         "::ffff:10.1.2.3"}) {
    CAPTURE(ip);
    CHECK(is_ip_allowed(blocks, ip));
  }
  for (const char* ip : {"11.0.0.0",
                         "9.255.255.255",
                         "192.168.1.8",
                         "2001:db8:8000::",
                         "::2",
                         "::ffff:11.0.0.1",
                         "",
                         "localhost",
                         "10.0.0",
                         "10.0.0.1 ",
                         "010.0.0.1"}) {
    CAPTURE(ip);
    CHECK_FALSE(is_ip_allowed(blocks, ip));
  }
  CHECK_FALSE(is_ip_allowed(blocks, std::string("10.0.0.1\0x", 10)));
  CHECK(is_ip_allowed({}, "anything"));
}

TEST_CASE("access: prefixes that end inside a byte and of length 0 work") {
  CHECK(is_ip_allowed({"10.0.0.128/25"}, "10.0.0.129"));
  CHECK_FALSE(is_ip_allowed({"10.0.0.128/25"}, "10.0.0.127"));
  CHECK(is_ip_allowed({"0.0.0.0/0"}, "203.0.113.9"));
  CHECK_FALSE(is_ip_allowed({"0.0.0.0/0"}, "2001:db8::1"));
  CHECK(is_ip_allowed({"::/0"}, "2001:db8::1"));
  CHECK(is_ip_allowed({"10.1.2.3/8"}, "10.9.9.9"));
  CHECK(is_ip_allowed({"::ffff:10.0.0.0/104"}, "10.9.9.9"));
  CHECK(is_ip_allowed({"fe80::/10"}, "fe80::1%eth0"));
}

TEST_CASE("access: only addresses and blocks are valid") {
  for (const char* text : {"10.0.0.0/8", "1.2.3.4", "1.2.3.4/32", "::1", "::/0", "2001:db8::/32"}) {
    CAPTURE(text);
    CHECK(is_valid_cidr(text));
  }
  for (const char* text : {"",
                           "/8",
                           "10.0.0.0/",
                           "10.0.0.0/33",
                           "10.0.0.0/-1",
                           "10.0.0.0/+8",
                           "10.0.0.0/8/8",
                           "::1/129",
                           "10.0.0/8",
                           "example.com",
                           "10.0.0.0/ 8"}) {
    CAPTURE(text);
    CHECK_FALSE(is_valid_cidr(text));
  }
}

TEST_CASE("access: names of models as providers and local servers have them are plain") {
  for (const auto* name : {"gpt-4o-mini",
                           "openai/gpt-4o:free",
                           "llama3.1:8b-instruct-q4_K_M",
                           "/models/llama 3/model.gguf",
                           "../models/llama.gguf",
                           "../../a/b",
                           "C:\\models\\llama.gguf",
                           "models//x",
                           "ft:gpt-4o-mini:org::id",
                           "@cf/meta/llama",
                           "accounts/a/models/b..c",
                           "\u6A21\u578B"}) {
    CAPTURE(name);
    CHECK(is_plain_model_name(name));
  }
}

TEST_CASE("access: a name that a server could read as another one is not plain") {
  for (const std::string_view name : {std::string_view(""),
                                      std::string_view("gpt-4o\0-mini", 12),
                                      std::string_view("gpt-4o\n"),
                                      std::string_view("gpt-4o\r\nX: y"),
                                      std::string_view("gpt\x7f"),
                                      std::string_view("gpt\xC2\x85"),
                                      std::string_view("gpt-4o "),
                                      std::string_view(" gpt-4o"),
                                      std::string_view("gpt-4o\xC2\xA0"),
                                      std::string_view("\xE3\x80\x80gpt-4o"),
                                      std::string_view("gpt-\xE2\x80\x8B"
                                                       "4o"),
                                      std::string_view("gpt-\xE2\x80\xAE"
                                                       "o4"),
                                      std::string_view("\xEF\xBB\xBFgpt-4o"),
                                      std::string_view("gpt-4o\xEF\xBF\xBD"),
                                      std::string_view("gpt-4o\xFF"),
                                      std::string_view("allowed/../gpt-4o"),
                                      std::string_view("allowed\\..\\gpt-4o"),
                                      std::string_view("../a/.."),
                                      std::string_view("gpt-4o?x=-mini"),
                                      std::string_view("gpt-4o#-mini"),
                                      std::string_view("gpt-4o%00-mini")}) {
    CAPTURE(name);
    CHECK_FALSE(is_plain_model_name(name));
  }
}

TEST_CASE("access: an allowlist is of bytes, so that no other spelling passes it") {
  Key key;
  key.allowed_models = {"gpt-4o-mini", "small-*"};
  for (const auto* model : {"GPT-4o-mini",
                            "gpt-4o-mini.",
                            "gpt-4o-mini:online",
                            "gpt\xE2\x80\x90"
                            "4o-mini",                 // another hyphen
                            "gpt-4\xD0\xBE-mini",      // Cyrillic o
                            "\xEF\xBD\x87pt-4o-mini",  // full-width g
                            "openai/gpt-4o-mini",
                            "gpt-4o",
                            "gpt-4o-min",
                            "gpt-4o-mini,gpt-4o",
                            "Small-x",
                            "xsmall-x"}) {
    CAPTURE(model);
    CHECK_FALSE(who_forbids(key, nullptr, {}, {}, model).empty());
  }
  CHECK(who_forbids(key, nullptr, {}, {}, "gpt-4o-mini").empty());
  CHECK(who_forbids(key, nullptr, {}, {}, "small-one").empty());
}

TEST_CASE("access: an IPv4 address is one, in whatever form of IPv6 it is written") {
  for (const auto* ip : {"10.1.2.3",
                         "::ffff:10.1.2.3",
                         "::FFFF:10.1.2.3",
                         "::ffff:a01:203",
                         "0:0:0:0:0:ffff:10.1.2.3",
                         "0000:0000:0000:0000:0000:ffff:0a01:0203"}) {
    CAPTURE(ip);
    CHECK(is_ip_allowed({"10.0.0.0/8"}, ip));
    CHECK(is_ip_allowed({"::ffff:10.0.0.0/104"}, ip));
    CHECK(is_ip_allowed({"::ffff:a01:203"}, ip));
    CHECK_FALSE(is_ip_allowed({"11.0.0.0/8"}, ip));
    CHECK_FALSE(is_ip_allowed({"::ffff:11.0.0.0/104"}, ip));
    CHECK_FALSE(is_ip_allowed({"::1"}, ip));
  }
  // Forms that are not it: compatible, translated, with zeros in front, with space, short, as one
  // number.
  for (const auto* ip : {"::10.1.2.3",
                         "64:ff9b::10.1.2.3",
                         "2002:a01:203::",
                         "010.1.2.3",
                         "10.1.2.3 ",
                         " 10.1.2.3",
                         "10.1.515",
                         "167838211",
                         "0x0a.1.2.3",
                         "10.1.2.3.",
                         "10.1.2.3, 10.1.2.3",
                         "::ffff:10.1.2",
                         ""}) {
    CAPTURE(ip);
    CHECK_FALSE(is_ip_allowed({"10.0.0.0/8"}, ip));
  }
}
