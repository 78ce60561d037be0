#include "lib/gateway/admit.hpp"

#include "lib/base/secret.hpp"
#include "tests/support/fake_exchange.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::gateway;

namespace {

const Timestamp kWall{std::chrono::milliseconds(1'780'000'000'000)};
/// Somebody has set the clock an hour forward.
const Moment kNow{.wall = kWall, .even = kWall - std::chrono::hours(1)};

/// One key of one account in the directory.
struct Fixture {
  Fixture() {
    domain::World world;
    world.accounts.emplace_back().id = key.account;
    world.projects.emplace_back().id = key.project;
    world.groups.emplace_back().id = key.group;
    directory.put_world(std::move(world));
    key.digest = sha256(secret.expose());
    key.name = "laptop";
    directory.put_keys({key});
  }
  /// "ok NAME", or code of the refusal.
  std::string with(const std::string& authorization, const std::string& ip = "127.0.0.1") {
    test::FakeExchange exchange;
    exchange.ip = ip;
    if (!authorization.empty()) exchange.request.fields.add("Authorization", authorization);
    return verdict(exchange);
  }
  std::string verdict(const net::Exchange& exchange) {
    const auto result = identify(exchange, directory, kNow);
    if (const auto* no = std::get_if<No>(&result)) {
      CHECK(no->error.message.find(secret.expose()) == std::string::npos);
      return no->error.code;
    }
    return "ok " + std::get<Caller>(result).key->name;
  }
  Secret secret = domain::mint_key();
  domain::Key key = [] {
    domain::Key made;
    made.id = domain::KeyId::random();
    made.account = domain::AccountId::random();
    made.project = domain::ProjectId::random();
    made.group = domain::GroupId::random();
    return made;
  }();
  Directory directory{""};
};

}  // namespace

TEST_CASE("admit: a child is let in as long as its parent may call") {
  Fixture f;
  domain::Key parent = f.key;
  parent.id = domain::KeyId::random();
  parent.name = "ci";
  parent.digest = {7};
  f.key.parent = parent.id;
  f.directory.put_keys({f.key});
  const auto bearer = "Bearer " + f.secret.expose();
  const auto with = [&](const domain::Key& now) {
    f.directory.put_keys({now});
    return f.with(bearer);
  };
  CHECK(f.with(bearer) == "key_revoked");  // nobody knows the parent
  CHECK(with(parent) == "ok laptop");
  auto changed = parent;
  changed.disabled = true;
  CHECK(with(changed) == "key_disabled");
  changed = parent;
  changed.expires_at = kWall;
  CHECK(with(changed) == "key_expired");
  changed = parent;
  changed.allowed_ips = {"10.0.0.0/8"};
  CHECK(with(changed) == "ip_not_allowed");
  CHECK(f.with(bearer, "10.0.0.1") == "ok laptop");
  changed.revoked_at = kWall;
  CHECK(with(changed) == "key_revoked");
  CHECK(with(parent) == "ok laptop");
  f.directory.remove_key(parent);
  CHECK(f.with(bearer) == "key_revoked");
}

TEST_CASE("admit: a key is taken behind Bearer in any case") {
  Fixture f;
  const auto& key = f.secret.expose();
  for (const auto* scheme : {"Bearer ", "bearer ", "BEARER ", "Bearer   "}) {
    CHECK(f.with(scheme + key) == "ok laptop");
  }
  CHECK(f.with("Bearer " + key + " ") == "ok laptop");
}

TEST_CASE("admit: no key, no scheme, another scheme") {
  Fixture f;
  const auto& key = f.secret.expose();
  for (const auto& value : {std::string(),
                            key,
                            "Basic " + key,
                            std::string("Bearer"),
                            std::string("Bearer "),
                            "Bearer" + key,
                            "Bearer\t" + key}) {
    CAPTURE(value);
    CHECK(f.with(value) == "invalid_api_key");
  }
}

TEST_CASE("admit: a typo and an unknown key are refused alike") {
  Fixture f;
  auto typo = f.secret.expose();
  typo[12] = typo[12] == 'a' ? 'b' : 'a';
  CHECK(f.with("Bearer " + typo) == "invalid_api_key");
  CHECK(f.with("Bearer " + domain::mint_key().expose()) == "invalid_api_key");
  CHECK(f.with("Bearer " + f.secret.expose() + "x") == "invalid_api_key");
}

TEST_CASE("admit: a typo is refused without a lookup") {
  Fixture f;
  auto typo = f.secret.expose();
  typo[12] = typo[12] == 'a' ? 'b' : 'a';
  f.key.digest = sha256(typo);
  f.directory.put_keys({f.key});
  CHECK(f.with("Bearer " + typo) == "invalid_api_key");
}

TEST_CASE("admit: the former secret of a rotated key serves until its overlap ends") {
  Fixture f;
  const Secret second = domain::mint_key();
  domain::rotate(f.key, second, std::chrono::hours(1), kWall - std::chrono::minutes(59));
  f.directory.put_keys({f.key});
  CHECK(f.with("Bearer " + f.secret.expose()) == "ok laptop");
  CHECK(f.with("Bearer " + second.expose()) == "ok laptop");

  f.key.former->dies_at = kWall;
  f.directory.put_keys({f.key});
  CHECK(f.with("Bearer " + f.secret.expose()) == "key_revoked");
  CHECK(f.with("Bearer " + second.expose()) == "ok laptop");
}

TEST_CASE("admit: two Authorization fields are ambiguous") {
  Fixture f;
  test::FakeExchange exchange;
  exchange.request.fields.add("Authorization", "Bearer " + f.secret.expose());
  exchange.request.fields.add("authorization", "Bearer other");
  CHECK(f.verdict(exchange) == "invalid_value");
}

TEST_CASE("admit: a change of the key counts for the next call") {
  Fixture f;
  const auto bearer = "Bearer " + f.secret.expose();
  f.key.expires_at = kWall;
  f.directory.put_keys({f.key});
  CHECK(f.with(bearer) == "key_expired");
  f.key.disabled = true;
  f.directory.put_keys({f.key});
  CHECK(f.with(bearer) == "key_disabled");
  f.key.revoked_at = kWall;
  f.directory.put_keys({f.key});
  CHECK(f.with(bearer) == "key_revoked");
}

TEST_CASE("admit: a key may be bound to addresses") {
  Fixture f;
  const auto bearer = "Bearer " + f.secret.expose();
  f.key.allowed_ips = {"10.0.0.0/8", "2001:db8::/32"};
  f.directory.put_keys({f.key});
  CHECK(f.with(bearer, "10.1.2.3") == "ok laptop");
  CHECK(f.with(bearer, "2001:db8::5") == "ok laptop");
  CHECK(f.with(bearer, "11.1.2.3") == "ip_not_allowed");
}

TEST_CASE("admit: loopback names, the own address and named hosts are answered") {
  const std::vector<std::string> allowed = {"gateway.example", "other.example:8080"};
  for (const auto* host : {"localhost",
                           "LocalHost:6834",
                           "app.localhost",
                           "127.0.0.1",
                           "127.0.0.1:6834",
                           "127.5.5.5",
                           "[::1]",
                           "[::1]:6834",
                           "192.168.1.5:80",
                           "gateway.example",
                           "GATEWAY.example:99",
                           "other.example:8080"}) {
    CAPTURE(host);
    CHECK(is_host_allowed(host, "192.168.1.5", allowed));
  }
  for (const auto* host : {"",
                           ":80",
                           "evil.example",
                           "localhost.evil.example",
                           "127.0.0.1.evil.example",
                           "evil.example:127.0.0.1",
                           "notlocalhost",
                           "192.168.1.6",
                           "[::2]",
                           "[::1",
                           "[::1]evil.example",
                           "[::1]:evil",
                           "localhost:evil.example",
                           "127.0.0.1:80:80",
                           "127.0.0.1%evil.example",
                           "127.0.0.1 ",
                           "::1",
                           "gateway.example.evil",
                           "0.0.0.0",
                           "other.example:8081"}) {
    CAPTURE(host);
    CHECK_FALSE(is_host_allowed(host, "192.168.1.5", allowed));
  }
}

TEST_CASE("admit: x-api-key is a key where Anthropic's form is spoken, and nowhere else") {
  Fixture f;
  const auto& key = f.secret.expose();
  const auto with = [&](const std::string& target,
                        const std::string& api_key,
                        const std::string& authorization = "") {
    test::FakeExchange exchange;
    exchange.ip = "127.0.0.1";
    exchange.request.target = target;
    exchange.request.fields.add("x-api-key", api_key);
    if (!authorization.empty()) exchange.request.fields.add("Authorization", authorization);
    return f.verdict(exchange);
  };
  for (const auto* target :
       {"/v1/messages", "/v1/messages?beta=true", "/v1/messages/count_tokens"}) {
    CHECK(with(target, key) == "ok laptop");
    CHECK(with(target, key, "Bearer " + key) == "ok laptop");
    CHECK(with(target, "", "Bearer " + key) == "ok laptop");
    CHECK(with(target, key, "Basic eDp5") == "ok laptop");
    CHECK(with(target, key, "Bearer " + domain::mint_key().expose()) == "invalid_api_key");
    CHECK(with(target, "sk-ant-other", "Bearer " + key) == "invalid_api_key");
    CHECK(with(target, "sk-ant-other") == "invalid_api_key");
    CHECK(with(target, "") == "invalid_api_key");
  }
  for (const auto* target : {"/v1/chat/completions", "/v1/models", "/v1/messagesx", "/messages"}) {
    CHECK(with(target, key) == "invalid_api_key");
  }
  test::FakeExchange twice;
  twice.ip = "127.0.0.1";
  twice.request.target = "/v1/messages";
  twice.request.fields.add("x-api-key", key);
  twice.request.fields.add("X-Api-Key", key);
  CHECK(f.verdict(twice) == "invalid_value");
}
