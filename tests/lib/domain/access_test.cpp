#include "lib/domain/access.hpp"

#include "lib/base/text.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::domain;

namespace {

const Timestamp kNow = parse_rfc3339("2026-08-01T10:00:00Z").value();

}  // namespace

TEST_CASE("access: an active key may call from anywhere") {
  CHECK_FALSE(deny_key(Key(), Key().digest, kNow, "127.0.0.1").has_value());
}

TEST_CASE("access: a key's state is the reason, before its address") {
  Key key;
  key.allowed_ips = {"10.0.0.0/8"};
  CHECK(deny_key(key, key.digest, kNow, "127.0.0.1") == Denial::ip_not_allowed);
  key.expires_at = kNow;
  CHECK(deny_key(key, key.digest, kNow, "127.0.0.1") == Denial::key_expired);
  key.disabled = true;
  CHECK(deny_key(key, key.digest, kNow, "127.0.0.1") == Denial::key_disabled);
  key.revoked_at = kNow;
  CHECK(deny_key(key, key.digest, kNow, "127.0.0.1") == Denial::key_revoked);
}

TEST_CASE("access: a former secret opens the key until its overlap ends") {
  Key key;
  key.digest[0] = 2;
  key.former = FormerSecret{{1}, "", kNow + std::chrono::seconds(1)};
  CHECK_FALSE(deny_key(key, key.digest, kNow, "127.0.0.1").has_value());
  CHECK_FALSE(deny_key(key, {1}, kNow, "127.0.0.1").has_value());
  const Timestamp later = kNow + std::chrono::seconds(1);
  CHECK_FALSE(deny_key(key, key.digest, later, "127.0.0.1").has_value());
  CHECK(deny_key(key, {1}, later, "127.0.0.1") == Denial::key_rotated);
  CHECK_FALSE(deny_state(key, later).has_value());
  key.revoked_at = kNow;
  CHECK(deny_key(key, {1}, later, "127.0.0.1") == Denial::key_revoked);
}

TEST_CASE("access: key, project and group must all allow the model") {
  Key key;
  Project project;
  Group group;
  CHECK(is_model_allowed(key, project, group, "gpt-4o"));
  key.allowed_models = {"claude-*", "gpt-4*"};
  CHECK(is_model_allowed(key, project, group, "gpt-4o"));
  CHECK_FALSE(is_model_allowed(key, project, group, "GPT-4o"));
  project.allowed_models = {"gpt-4o"};
  CHECK(is_model_allowed(key, project, group, "gpt-4o"));
  CHECK_FALSE(is_model_allowed(key, project, group, "gpt-4o-mini"));
  group.allowed_models = {"o3"};
  CHECK_FALSE(is_model_allowed(key, project, group, "gpt-4o"));
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
