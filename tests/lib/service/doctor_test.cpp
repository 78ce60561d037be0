#include "lib/service/doctor.hpp"

#include "lib/service/keys.hpp"
#include "lib/service/prices.hpp"
#include "lib/service/upstreams.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

using nufi::domain::HealthCheck;
using nufi::domain::HealthState;
using nufi::test::ControlPlane;

namespace {

/// The check called `name`; fails the test if there is none.
HealthCheck check(const std::vector<HealthCheck>& checks, const std::string& name) {
  const auto found = std::find_if(
      checks.begin(), checks.end(), [&name](const HealthCheck& one) { return one.name == name; });
  REQUIRE_MESSAGE(found != checks.end(), name);
  return *found;
}

HealthState state(const ControlPlane& house, const std::string& name) {
  return check(nufi::service::examine(house.context(), house.owner(), /*offline=*/true), name)
      .state;
}

nufi::domain::Key make_key(const ControlPlane& house, std::optional<nufi::domain::Money> budget) {
  nufi::domain::KeyTerms terms;
  terms.name = nufi::domain::Change<std::string>::set("laptop");
  if (budget) terms.budget = nufi::domain::Change<nufi::domain::Money>::set(*budget);
  return nufi::service::create_key(house.context(), house.owner(), "default", terms).key;
}

}  // namespace

TEST_CASE("doctor: keys that are old or unlimited are told to their owner and to admins") {
  ControlPlane house;
  CHECK(state(house, "keys.budget") == HealthState::ok);
  make_key(house, std::nullopt);
  CHECK(state(house, "keys.budget") == HealthState::warning);
  CHECK(state(house, "keys.rotation") == HealthState::ok);
  house.clock.advance(std::chrono::days(91));
  CHECK(state(house, "keys.rotation") == HealthState::warning);
  const auto members = nufi::service::examine(house.context(), house.member(), /*offline=*/true);
  CHECK(check(members, "keys.rotation").state == HealthState::ok);
}

TEST_CASE("doctor: a key with a budget is limited") {
  ControlPlane house;
  make_key(house, nufi::domain::Money::nanos(5'000'000'000));
  CHECK(state(house, "keys.budget") == HealthState::ok);
}

TEST_CASE("doctor: a member sees nothing of files, database and disk") {
  ControlPlane house;
  const auto checks = nufi::service::examine(house.context(), house.member(), /*offline=*/true);
  CHECK(check(checks, "storage.files").state == HealthState::skipped);
  for (const HealthCheck& one : checks) {
    CHECK(one.name != "storage.database");
    CHECK(one.finding.find(house.context().facts.data_dir) == std::string::npos);
  }
}

TEST_CASE("doctor: a clock that was set back behind the newest call is a fault") {
  ControlPlane house;
  house.call(make_key(house, std::nullopt), nufi::domain::Money::nanos(1));
  CHECK(state(house, "machine.clock") == HealthState::ok);
  house.clock.shift(-std::chrono::hours(2));
  CHECK(state(house, "machine.clock") == HealthState::fault);
}

TEST_CASE("doctor: without an upstream it says how to add one") {
  ControlPlane house;
  CHECK(state(house, "upstreams.list") == HealthState::warning);
}

TEST_CASE("doctor: a database without damage, a schema and a journal are well") {
  ControlPlane house;
  CHECK(state(house, "storage.database") == HealthState::ok);
  CHECK(state(house, "storage.schema") == HealthState::ok);
  CHECK(state(house, "storage.journal") == HealthState::ok);
}

TEST_CASE("doctor: an upstream of a provider in no price list may serve what a budget can't hold") {
  // A built-in one's price is of itself alone.
  nufi::service::Publisher::BuiltIn demo;
  demo.upstream.upstream.name = "demo";
  demo.upstream.upstream.models = {"nufi-echo"};
  demo.upstream.upstream.built_in = true;
  demo.price.model = "nufi-echo";
  ControlPlane house({demo});
  make_key(house, nufi::domain::Money::nanos(5'000'000'000));
  const auto add = [&house](const char* name, const char* url, bool free) {
    nufi::domain::UpstreamTerms terms;
    terms.name = nufi::domain::Change<std::string>::set(name);
    terms.url = nufi::domain::Change<std::string>::set(url);
    terms.secret_kind =
        nufi::domain::Change<nufi::domain::SecretKind>::set(nufi::domain::SecretKind::none);
    terms.free = nufi::domain::Change<bool>::set(free);
    nufi::service::add_upstream(house.context(), house.owner(), terms);
  };
  add("known", "https://api.openai.com/v1", false);
  add("mine", "http://127.0.0.1:9/v1", true);
  CHECK(state(house, "prices.models") == HealthState::ok);
  add("other", "http://127.0.0.1:9/v1", false);
  CHECK(state(house, "prices.models") == HealthState::warning);
  nufi::domain::PriceTerms free;
  free.free = true;
  nufi::service::set_price(house.context(), house.owner(), "mystery-1", free);
  CHECK(state(house, "prices.models") == HealthState::ok);
}

TEST_CASE("doctor: traces that can't be read are a fault, and the way out is named") {
  ControlPlane house;
  CHECK(state(house, "storage.traces") == HealthState::ok);
  std::ofstream(house.directory.path() / "traces.db") << std::string(8192, 'x');
  const HealthCheck found = check(
      nufi::service::examine(house.context(), house.owner(), /*offline=*/true), "storage.traces");
  CHECK(found.state == HealthState::fault);
  CHECK(found.remedy.ends_with("nufi traces delete --all"));
  CHECK(state(house, "storage.disk") != HealthState::skipped);
}
