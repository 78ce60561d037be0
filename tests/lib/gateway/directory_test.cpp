#include "lib/gateway/directory.hpp"

#include "lib/gateway/live_calls.hpp"
#include "lib/gateway/url.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nufi;
using namespace nufi::gateway;
using namespace std::chrono_literals;

namespace {

domain::ReadyUpstream upstream(const domain::UpstreamId& id, const std::string& url) {
  domain::ReadyUpstream given;
  given.upstream.id = id;
  given.upstream.name = "up";
  given.upstream.url = domain::BaseUrl::parse(url);
  given.secret = Secret("s3cret");
  return given;
}

const ReadyUpstream& put(Directory& directory, const domain::ReadyUpstream& given) {
  domain::World world;
  world.upstreams.push_back(given);
  directory.put_world(std::move(world));
  return directory.world()->ready.at(given.upstream.id);
}

}  // namespace

TEST_CASE("directory: what is known of an upstream outlives a change of its settings") {
  Directory directory("");
  const auto id = domain::UpstreamId::random();
  const auto first = put(directory, upstream(id, "http://127.0.0.1:1/v1"));
  first.health->enter(SteadyTime{})->failed("x", std::nullopt, SteadyTime{});
  first.refuses_stream_options->store(true);
  auto changed = upstream(id, "http://127.0.0.1:1/v1");
  changed.upstream.weight = 7;
  put(directory, changed);
  CHECK(directory.health(id, SteadyTime{}) == "failing: x");
  changed.secret = Secret("other");
  const auto second = put(directory, changed);
  CHECK(second.target == first.target);
  CHECK(second.authorization == "Bearer other");
  CHECK(second.refuses_stream_options->load());
  CHECK(put(directory, upstream(id, "http://127.0.0.1:2/v1")).target != first.target);
}

TEST_CASE("directory: a change of where and with what an upstream is asked ends its rest") {
  Directory directory("");
  const auto id = domain::UpstreamId::random();
  auto given = upstream(id, "https://127.0.0.1:1/v1");
  const SteadyTime now{1000s};
  const auto rest = [&] {
    const auto& ready = put(directory, given);
    for (int i = 0; i < 2; ++i) ready.health->enter(now)->failed("x", std::nullopt, now);
    REQUIRE(put(directory, given).health->standing("m", now).state ==
            UpstreamHealth::State::resting);
  };
  const auto is_resting = [&] {
    return put(directory, given).health->standing("m", now).state == UpstreamHealth::State::resting;
  };
  rest();
  given.upstream.priority = 5;
  given.upstream.models = {"a"};
  CHECK(is_resting());
  given.upstream.url = domain::BaseUrl::parse("https://127.0.0.1:2/v1");
  CHECK_FALSE(is_resting());
  rest();
  given.secret = Secret("new");
  CHECK_FALSE(is_resting());
  rest();
  given.upstream.headers = {{"x-team", "web"}};
  CHECK_FALSE(is_resting());
  rest();
  directory.upstream_answered(id);
  CHECK_FALSE(is_resting());
  CHECK(directory.health(id, now) == "ok");
  directory.upstream_answered(domain::UpstreamId::random());
}

TEST_CASE("directory: an upstream without a secret sends no Authorization") {
  Directory directory("");
  auto given = upstream(domain::UpstreamId::random(), "http://127.0.0.1:1");
  given.secret = Secret();
  CHECK(put(directory, given).authorization.empty());
}

TEST_CASE("directory: an upstream whose roots can't be read is usable once they can") {
  test::TempDir files;
  Directory directory("");
  auto given = upstream(domain::UpstreamId::random(), "https://api.example");
  given.upstream.ca_file = (files.path() / "ca.pem").string();
  CHECK_FALSE(put(directory, given).problem.empty());
  CHECK_FALSE(put(directory, given).problem.empty());
  given.upstream.ca_file.clear();
  const auto ready = put(directory, given);
  CHECK(ready.problem.empty());
  CHECK(ready.target);
}

TEST_CASE("directory: an upstream is ready again when its file of roots appears") {
  test::TempDir files;
  Directory directory("");
  auto given = upstream(domain::UpstreamId::random(), "https://api.example");
  given.upstream.ca_file = (files.path() / "ca.pem").string();
  REQUIRE_FALSE(put(directory, given).problem.empty());
  const auto command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
      "-subj /CN=test -keyout /dev/null -out " +
      given.upstream.ca_file + " 2>/dev/null";
  REQUIRE(std::system(command.c_str()) == 0);
  const auto ready = put(directory, given);
  CHECK(ready.problem.empty());
  CHECK(ready.target);
}

TEST_CASE("live_calls: a cut ends the streams of one key on one loop, while they live") {
  LiveCalls calls(2);
  const auto key = domain::KeyId::random();
  std::vector<int> cut;
  auto first = std::make_unique<LiveCalls::Entry>(calls, 0, key, [&] { cut.push_back(1); });
  const LiveCalls::Entry second(calls, 0, key, [&] { cut.push_back(2); });
  const LiveCalls::Entry other_key(calls, 0, domain::KeyId::random(), [&] { cut.push_back(3); });
  const LiveCalls::Entry other_loop(calls, 1, key, [&] { cut.push_back(4); });
  first.reset();
  calls.cut(0, key);
  CHECK(cut == std::vector<int>{2});
  calls.cut(1, key);
  CHECK(cut == std::vector<int>{2, 4});
}

TEST_CASE("live_calls: a cut may end the entry it belongs to") {
  LiveCalls calls(1);
  const auto key = domain::KeyId::random();
  std::unique_ptr<LiveCalls::Entry> entry;
  int cuts = 0;
  entry = std::make_unique<LiveCalls::Entry>(calls, 0, key, [&] {
    ++cuts;
    entry.reset();
  });
  calls.cut(0, key);
  calls.cut(0, key);
  CHECK(cuts == 1);
}

TEST_CASE("url: a path is decoded, a broken escape and NUL are refused") {
  CHECK(decode_path("org%2Fname") == "org/name");
  CHECK(decode_path("a%c3%A9+b") == "a\xc3\xa9+b");
  CHECK(decode_path("") == "");
  CHECK(decode_path("%25") == "%");
  for (const auto* path : {"%", "%2", "a%2g", "%g2", "%00", "%-1", "%+1", "% 1", "%%20"}) {
    CAPTURE(path);
    CHECK_FALSE(decode_path(path));
  }
}

TEST_CASE("directory: a rotated key is found by its two last secrets, a removed one by none") {
  Directory directory("");
  domain::Key key;
  key.id = domain::KeyId("key_1");
  key.digest = {1};
  directory.put_keys({key});

  key.former = domain::FormerSecret{{1}, "", Timestamp{}};
  key.digest = {2};
  directory.put_keys({key});
  CHECK(directory.find_key({1}) == directory.find_key({2}));
  CHECK(directory.find_key({2})->digest == Sha256{2});

  key.former = domain::FormerSecret{{2}, "", Timestamp{}};
  key.digest = {3};
  directory.put_keys({key});
  CHECK_FALSE(directory.find_key({1}));
  CHECK(directory.find_key({2}) == directory.find_key({3}));

  directory.remove_key(key);
  CHECK_FALSE(directory.find_key({2}));
  CHECK_FALSE(directory.find_key({3}));
}

TEST_CASE("directory: a limit of connections and the proxy are part of the way to an upstream") {
  Directory directory("", domain::ProxyRules("http://ada:hush@proxy:3128", "direct.example"));
  const auto id = domain::UpstreamId::random();
  auto given = upstream(id, "https://up.example/v1");
  const auto first = put(directory, given).target;
  REQUIRE(first->tunnel);
  CHECK(first->tunnel->host == "proxy");
  CHECK(first->tunnel->authorization.expose() == "Basic YWRhOmh1c2g=");
  CHECK(!first->limit);
  given.upstream.max_connections = 2;
  const auto second = put(directory, given).target;
  CHECK(second != first);
  CHECK(second->limit);
  CHECK(put(directory, given).target == second);
  CHECK(!put(directory, upstream(id, "https://direct.example/v1")).target->tunnel);
}

TEST_CASE("directory: an upstream behind a proxy that is not understood is not reached past it") {
  Directory directory("", domain::ProxyRules("socks5://proxy:1080", ""));
  const auto id = domain::UpstreamId::random();
  const auto ready = put(directory, upstream(id, "https://up.example/v1"));
  CHECK(!ready.target);
  CHECK(ready.problem.starts_with("HTTPS_PROXY must begin with http://"));
  CHECK(put(directory, upstream(id, "http://127.0.0.1:1/v1")).target);
}
