#include "lib/service/upstreams.hpp"

#include "daemon/demo.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <fstream>

using namespace nufi;
using namespace nufi::service;
using domain::Change;
using domain::SecretKind;
using domain::UpstreamTerms;
using test::ControlPlane;
using test::failure_of;

namespace {

UpstreamTerms local(const std::string& name) {
  UpstreamTerms terms;
  terms.name = Change<std::string>::set(name);
  terms.url = Change<std::string>::set("http://127.0.0.1:9/v1");
  return terms;
}

const domain::ReadyUpstream& published(const ControlPlane& plane) {
  REQUIRE(plane.data_plane.world.upstreams.size() == 1);
  return plane.data_plane.world.upstreams[0];
}

}  // namespace

TEST_CASE("upstreams: a stored secret reaches the data plane and nobody else") {
  const ControlPlane plane;
  UpstreamTerms terms = local("one");
  terms.secret_text = Change<Secret>::set(Secret("sk-provider-secret\n"));
  const auto view = add_upstream(plane.context(), plane.owner(), terms);
  CHECK(view.secret == "stored");
  CHECK(view.upstream.secret.reference.empty());
  CHECK(published(plane).secret.expose() == "sk-provider-secret");
  for (const char* file : {"nufi.db", "nufi.db-wal"}) {
    std::ifstream stream(plane.directory.path() / file, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    CHECK(bytes.find("sk-provider-secret") == std::string::npos);
  }
  for (const auto& entry : plane.context().store.audit().newest(10)) {
    CHECK(entry.after.find("sk-provider") == std::string::npos);
  }
}

TEST_CASE("upstreams: a secret that can't be read is a problem to see, not a failure") {
  const ControlPlane plane;
  UpstreamTerms terms = local("one");
  terms.secret_kind = Change<SecretKind>::set(SecretKind::env);
  terms.secret_reference = Change<std::string>::set("MISSING");
  const auto view = add_upstream(plane.context(), plane.owner(), terms);
  CHECK(view.secret == "env MISSING");
  CHECK(view.secret_problem == "nufid has no environment variable MISSING");
  CHECK(published(plane).problem == view.secret_problem);
}

TEST_CASE("upstreams: a file's new secret is found when secrets are refreshed") {
  const ControlPlane plane;
  const auto file = plane.directory.write("provider", "first");
  UpstreamTerms terms = local("one");
  terms.secret_kind = Change<SecretKind>::set(SecretKind::file);
  terms.secret_reference = Change<std::string>::set(file.string());
  add_upstream(plane.context(), plane.owner(), terms);
  CHECK(published(plane).secret.expose() == "first");
  CHECK_FALSE(plane.context().publisher.refresh_secrets());
  (void)plane.directory.write("provider", "second");
  CHECK(plane.context().publisher.refresh_secrets());
  plane.context().publisher.publish_world();
  CHECK(published(plane).secret.expose() == "second");
}

TEST_CASE("upstreams: a command runs when its upstream changes, not on every publish") {
  const ControlPlane plane;
  const auto count = plane.directory.path() / "count";
  UpstreamTerms terms = local("one");
  terms.secret_kind = Change<SecretKind>::set(SecretKind::command);
  terms.secret_reference =
      Change<std::string>::set("echo x >> " + count.string() + "; echo sk-command");
  add_upstream(plane.context(), plane.owner(), terms);
  plane.context().publisher.publish_world();
  CHECK(published(plane).secret.expose() == "sk-command");
  CHECK(std::filesystem::file_size(count) == 2);
}

TEST_CASE("upstreams: edit keeps the secret unless told otherwise") {
  const ControlPlane plane;
  UpstreamTerms terms = local("one");
  terms.secret_text = Change<Secret>::set(Secret("sk-one"));
  add_upstream(plane.context(), plane.owner(), terms);
  UpstreamTerms edit;
  edit.priority = Change<std::int64_t>::set(5);
  edit_upstream(plane.context(), plane.owner(), "one", edit);
  CHECK(published(plane).upstream.priority == 5);
  CHECK(published(plane).secret.expose() == "sk-one");
  UpstreamTerms bare;
  bare.secret_kind = Change<SecretKind>::set(SecretKind::none);
  CHECK(edit_upstream(plane.context(), plane.owner(), "one", bare).secret == "none");
  CHECK(published(plane).secret.empty());
}

TEST_CASE("upstreams: names are unique, and a removed one is gone") {
  const ControlPlane plane;
  add_upstream(plane.context(), plane.owner(), local("one"));
  CHECK(failure_of([&] {
          add_upstream(plane.context(), plane.owner(), local("one"));
        }).starts_with("conflict"));
  remove_upstream(plane.context(), plane.owner(), "one");
  CHECK(plane.data_plane.world.upstreams.empty());
  CHECK(failure_of([&] { remove_upstream(plane.context(), plane.owner(), "one"); }) ==
        "not_found: there is no upstream called 'one'");
}

TEST_CASE("upstreams: a wish that can't be is refused") {
  const ControlPlane plane;
  UpstreamTerms terms = local("one");
  SUBCASE("no url") {
    terms.url = {};
  }
  SUBCASE("bad url") {
    terms.url = Change<std::string>::set("ftp://x");
  }
  SUBCASE("bad name") {
    terms.name = Change<std::string>::set("a/b");
  }
  SUBCASE("unknown preset") {
    terms.preset = Change<std::string>::set("opneai");
  }
  SUBCASE("a preset that needs a secret") {
    terms.preset = Change<std::string>::set("openai");
  }
  SUBCASE("weight") {
    terms.weight = Change<std::int64_t>::set(0);
  }
  SUBCASE("a secret instead of a variable's name") {
    terms.secret_kind = Change<SecretKind>::set(SecretKind::env);
    terms.secret_reference = Change<std::string>::set("sk-oops");
  }
  SUBCASE("a relative file") {
    terms.secret_kind = Change<SecretKind>::set(SecretKind::file);
    terms.secret_reference = Change<std::string>::set("key.txt");
  }
  SUBCASE("a header that is ours") {
    terms.headers = Change<std::vector<std::pair<std::string, std::string>>>::set(
        {{"Authorization", "Bearer x"}});
  }
  SUBCASE("a header with a line break") {
    terms.headers =
        Change<std::vector<std::pair<std::string, std::string>>>::set({{"X-A", "b\r\nc: d"}});
  }
  SUBCASE("a CA file that is not there") {
    terms.ca_file = Change<std::string>::set("/nonexistent/ca.pem");
  }
  SUBCASE("a CA file that has no end") {
    terms.ca_file = Change<std::string>::set("/dev/zero");
  }
  CHECK(failure_of([&] {
          add_upstream(plane.context(), plane.owner(), terms);
        }).starts_with("invalid"));
  CHECK(plane.context().store.upstreams().list().empty());
}

TEST_CASE("upstreams: members change none and see no secret source") {
  const ControlPlane plane;
  UpstreamTerms terms = local("one");
  terms.secret_kind = Change<SecretKind>::set(SecretKind::env);
  terms.secret_reference = Change<std::string>::set("PROVIDER_KEY");
  add_upstream(plane.context(), plane.owner(), terms);
  const Actor member = plane.member();
  CHECK(list_upstreams(plane.context(), member)[0].secret.empty());
  CHECK(failure_of([&] {
          remove_upstream(plane.context(), member, "one");
        }).starts_with("not_permitted"));
  CHECK(failure_of([&] {
          test_upstream(plane.context(), member, "one", "");
        }).starts_with("not_permitted"));
}

TEST_CASE("upstreams: test makes real calls, and says what is wrong") {
  const SystemClock clock;
  const daemon::DemoUpstream demo(clock);
  const ControlPlane plane({demo.built_in()});
  const auto steps = test_upstream(plane.context(), plane.owner(), "demo", "");
  REQUIRE(steps.size() == 4);
  for (const auto& step : steps) {
    CAPTURE(step.name);
    CAPTURE(step.detail);
    CHECK(step.result == domain::ProbeResult::ok);
  }
  // Its answer ends a rest.
  CHECK(plane.data_plane.answered ==
        std::vector<domain::UpstreamId>{demo.built_in().upstream.upstream.id});

  UpstreamTerms terms = local("stranger");
  terms.url = Change<std::string>::set("http://127.0.0.1:" + std::to_string(demo.port()) + "/v1");
  terms.secret_text = Change<Secret>::set(Secret("sk-wrong"));
  terms.models = Change<std::vector<std::string>>::set({"nufi-echo"});
  add_upstream(plane.context(), plane.owner(), terms);
  const auto refused = test_upstream(plane.context(), plane.owner(), "stranger", "");
  REQUIRE_FALSE(refused.empty());
  CHECK(refused[0].result == domain::ProbeResult::failed);
  CHECK(refused[0].detail == "the secret was refused: wrong secret (HTTP 401)");
  CHECK(refused[0].detail.find("sk-wrong") == std::string::npos);
  CHECK(plane.data_plane.answered.size() == 1);
}

TEST_CASE("upstreams: a built-in one can't be changed, and its name is taken") {
  const SystemClock clock;
  const daemon::DemoUpstream demo(clock);
  const ControlPlane plane({demo.built_in()});
  CHECK(failure_of([&] { remove_upstream(plane.context(), plane.owner(), "demo"); }) ==
        "conflict: upstream 'demo' is built in");
  CHECK(failure_of([&] {
          add_upstream(plane.context(), plane.owner(), local("demo"));
        }).starts_with("conflict"));
}

TEST_CASE("upstreams: a server of one's own on this machine is free, unless told otherwise") {
  const ControlPlane plane;
  UpstreamTerms terms;
  terms.name = Change<std::string>::set("mine");
  terms.preset = Change<std::string>::set("vllm");
  bool is_free = true;
  SUBCASE("as it stands") {}
  SUBCASE("on another port") {
    terms.url = Change<std::string>::set("http://localhost:9000/v1");
  }
  SUBCASE("on another machine") {
    terms.url = Change<std::string>::set("http://gpu.example:8000/v1");
    is_free = false;
  }
  SUBCASE("said not to be") {
    terms.free = Change<bool>::set(false);
    is_free = false;
  }
  SUBCASE("a provider never is") {
    terms.preset = Change<std::string>::set("groq");
    terms.secret_text = Change<Secret>::set(Secret("gsk-secret"));
    is_free = false;
  }
  CHECK(add_upstream(plane.context(), plane.owner(), terms).upstream.free == is_free);
}

TEST_CASE("upstreams: an unknown preset gets the nearest, or all of them") {
  const ControlPlane plane;
  UpstreamTerms terms = local("one");
  const auto hint = [&](const std::string& preset) {
    terms.preset = Change<std::string>::set(preset);
    try {
      add_upstream(plane.context(), plane.owner(), terms);
    } catch (const Error& error) {
      return error.hint();
    }
    return std::string();
  };
  CHECK(hint("opneai") == "did you mean openai");
  CHECK(hint("nothing-like-one").starts_with("one of openai, "));
}

TEST_CASE("upstreams: none is called discover, which is a verb of theirs") {
  const ControlPlane plane;
  CHECK(failure_of([&] { add_upstream(plane.context(), plane.owner(), local("discover")); }) ==
        "invalid: an upstream can't be called discover");
}
