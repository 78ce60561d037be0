#include "lib/service/audit.hpp"

#include "lib/base/text.hpp"
#include "lib/service/groups.hpp"
#include "lib/service/keys.hpp"
#include "lib/service/people.hpp"
#include "lib/service/projects.hpp"
#include "lib/service/settings.hpp"
#include "lib/service/upstreams.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

using namespace nufi;
using namespace nufi::service;
using domain::Change;
using test::ControlPlane;
using test::failure_of;

namespace {

domain::AuditView newest(const ControlPlane& plane) {
  return list_audit(plane.context(), plane.owner(), {.last = 1}).data.at(0);
}

std::size_t count(const ControlPlane& plane) {
  return list_audit(plane.context(), plane.owner(), {.last = 1000}).data.size();
}

}  // namespace

TEST_CASE("audit: only what differs is told, as JSON") {
  Facts before;
  before.text("name", "a\"b").number("rpm", 5).list("models", {}).flag("free", false);
  Facts after;
  after.text("name", "a\"b")
      .number("rpm", std::nullopt)
      .list("models", {"x", "y"})
      .flag("free", true);
  CHECK(before.but_for(after) == R"({"rpm":5,"models":[],"free":false})");
  CHECK(after.but_for(before) == R"({"rpm":null,"models":["x","y"],"free":true})");
  CHECK(before.but_for(Facts()) == R"({"name":"a\"b","rpm":5})");
  CHECK(Facts().but_for(after).empty());
}

TEST_CASE("audit: money and times are told exactly") {
  Facts facts;
  facts.money("budget_usd", domain::Money::nanos(1))
      .time("expires_at", parse_rfc3339("2030-01-02"))
      .decimal("multiplier", "1.5")
      .limits({});
  CHECK(facts.but_for(Facts()) ==
        R"({"budget_usd":0.000000001,"expires_at":"2030-01-02T00:00:00Z","multiplier":1.5,)"
        R"("budget_period":"month","token_limit_period":"month"})");
}

TEST_CASE("audit: of a secret it is told that it changed, never what it is") {
  Facts before;
  before.secret("secret", "stored", "one");
  Facts after;
  after.secret("secret", "stored", "two");
  CHECK(before != after);
  CHECK(after.but_for(before) == R"({"secret":"stored"})");
}

TEST_CASE("audit: an entry says who, when, what, and the subject by id and name") {
  const ControlPlane plane;
  domain::ProjectTerms terms;
  terms.name = Change<std::string>::set("agents");
  terms.budget = Change<domain::Money>::set(*domain::parse_usd("5"));
  const auto made = create_project(plane.context(), plane.owner(), terms);

  const auto entry = newest(plane);

  CHECK(entry.account == "ada");
  CHECK(entry.account_id == plane.owner().account.text());
  CHECK(entry.uid == 1000);
  CHECK(entry.time == plane.clock.now());
  CHECK(entry.action == "project.create");
  CHECK(entry.subject == made.project.id.text());
  CHECK(entry.name == "agents");
  CHECK(entry.before.empty());
  CHECK(entry.after == R"({"name":"agents","account":"ada","budget_usd":5,"budget_period":"month",)"
                       R"("token_limit_period":"month"})");
}

TEST_CASE("audit: an edit that changes nothing, is refused or fails leaves no entry") {
  const ControlPlane plane;
  const Actor member = plane.member();
  domain::ProjectTerms terms;
  terms.name = Change<std::string>::set("agents");
  create_project(plane.context(), plane.owner(), terms);
  const std::size_t entries = count(plane);

  edit_project(plane.context(), plane.owner(), "agents", terms);
  CHECK(failure_of([&] {
          create_project(plane.context(), plane.owner(), terms);
        }).starts_with("conflict"));
  CHECK(failure_of([&] {
          delete_project(plane.context(), plane.owner(), "default");
        }).starts_with("conflict"));
  CHECK(failure_of([&] {
          change_settings(plane.context(), member, {{"hold_wait", "1s"}});
        }).starts_with("not_permitted"));
  CHECK(failure_of([&] {
          change_settings(plane.context(), plane.owner(), {{"hold_wait", "soon"}});
        }).starts_with("invalid"));
  change_settings(plane.context(), plane.owner(), {{"hold_wait", std::nullopt}});
  CHECK(count(plane) == entries);

  change_settings(plane.context(), plane.owner(), {{"hold_wait", "1s"}});
  const auto entry = newest(plane);
  CHECK(entry.subject == "hold_wait");
  CHECK(entry.before == R"({"hold_wait":null})");
  CHECK(entry.after == R"({"hold_wait":"1s"})");
}

TEST_CASE("audit: it is for admins, and comes in pages") {
  const ControlPlane plane;
  const Actor member = plane.member();
  CHECK(failure_of([&] { list_audit(plane.context(), member, {}); }) ==
        "not_permitted: only an admin may see the audit log");
  for (const char* wait : {"1s", "2s", "3s"}) {
    change_settings(plane.context(), plane.owner(), {{"hold_wait", wait}});
  }
  const auto page = list_audit(plane.context(), plane.owner(), {.last = 2});
  REQUIRE(page.data.size() == 2);
  CHECK(page.data[0].after == R"({"hold_wait":"3s"})");
  const auto next =
      list_audit(plane.context(), plane.owner(), {.last = 1, .before = *parse_integer(page.next)});
  CHECK(next.data.at(0).after == R"({"hold_wait":"1s"})");
  CHECK(failure_of([&] {
          list_audit(plane.context(), plane.owner(), {.last = 0});
        }).starts_with("invalid"));
}

TEST_CASE("audit: no secret that passed through is anywhere in the data directory") {
  const ControlPlane plane;
  const std::string planted = "planted-secret-4711";
  domain::UpstreamTerms upstream;
  upstream.name = Change<std::string>::set("openai");
  upstream.preset = Change<std::string>::set("openai");
  upstream.secret_text = Change<Secret>::set(Secret(planted));
  add_upstream(plane.context(), plane.owner(), upstream);
  domain::UpstreamTerms other;
  other.secret_text = Change<Secret>::set(Secret(planted + "-other"));
  edit_upstream(plane.context(), plane.owner(), "openai", other);
  const auto entry = newest(plane);
  CHECK(entry.action == "upstream.edit");
  CHECK(entry.after == R"({"secret":"stored"})");
  domain::KeyTerms key;
  key.name = Change<std::string>::set("laptop");
  const auto made = create_key(plane.context(), plane.owner(), "default", key);

  const std::string key_text = made.secret->expose();
  for (const auto& file : std::filesystem::recursive_directory_iterator(plane.directory.path())) {
    if (!file.is_regular_file()) continue;
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(stream), {});
    CAPTURE(file.path().string());
    CHECK(bytes.find(planted) == std::string::npos);
    CHECK(bytes.find(key_text.substr(0, 40)) == std::string::npos);
  }
}
