#include "lib/service/reprice.hpp"

#include "lib/service/keys.hpp"
#include "lib/service/prices.hpp"
#include "lib/service/upstreams.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace nufi;
using namespace nufi::service;
using namespace std::chrono_literals;
using domain::Bucket;
using domain::Change;
using domain::Money;
using test::ControlPlane;
using test::failure_of;

namespace {

/// A house with an upstream `openai`, a key, and three calls of it that cost 5 nano-USD each.
struct House {
  ControlPlane plane;
  domain::Key key;

  House() {
    domain::UpstreamTerms upstream;
    upstream.name = Change<std::string>::set("openai");
    upstream.url = Change<std::string>::set("https://api.openai.com/v1");
    upstream.secret_kind = Change<domain::SecretKind>::set(domain::SecretKind::none);
    add_upstream(plane.context(), plane.owner(), upstream);
    domain::KeyTerms terms;
    terms.name = Change<std::string>::set("laptop");
    key = create_key(plane.context(), plane.owner(), "default", terms).key;
    for (int i = 0; i < 3; ++i) plane.call(key, Money::nanos(5));
  }

  /// Ten tokens of input, as each call has, cost `nanos`.
  void set_price_to(std::int64_t nanos) const {
    domain::PriceTerms terms;
    terms.rates.own(Bucket::input) = nanos * 100'000;
    terms.rates.own(Bucket::output) = 0;
    set_price(plane.context(), plane.owner(), "gpt-4o-mini", terms);
  }
  [[nodiscard]] domain::RepriceReport run(domain::RepriceTerms terms) const {
    if (terms.since == Timestamp{}) terms.since = plane.clock.now() - 1h;
    if (!terms.until) terms.until = plane.clock.now() + 1h;
    return reprice(plane.context(), plane.owner(), terms);
  }
  [[nodiscard]] std::int64_t spent() const {
    return show_key(plane.context(), plane.owner(), "laptop").standing.usd.spent;
  }
};

}  // namespace

TEST_CASE("reprice: a dry run tells the difference, and the run makes it") {
  const House house;
  house.set_price_to(8);
  domain::RepriceTerms terms;
  terms.dry_run = true;
  const auto planned = house.run(terms);
  CHECK_FALSE(planned.applied);
  CHECK(planned.totals.rows == 3);
  CHECK(planned.totals.changed == 3);
  CHECK(planned.totals.old_cost == Money::nanos(15));
  CHECK(planned.totals.new_cost == Money::nanos(24));
  REQUIRE(planned.models.contains("gpt-4o-mini"));
  CHECK(planned.models.at("gpt-4o-mini").changed == 3);
  CHECK(house.spent() == 15);

  const auto done = house.run({});
  CHECK(done.applied);
  CHECK(done.totals.new_cost == Money::nanos(24));
  CHECK(house.spent() == 24);
  const auto rows = house.plane.context().store.reports().requests({});
  CHECK(rows.at(0).cost == Money::nanos(8));
  CHECK(rows.at(0).price_id.starts_with("set/gpt-4o-mini@"));
  CHECK(house.plane.context().ledger.verify().faults.empty());

  SUBCASE("the log has the wish and the sums") {
    const auto log = house.plane.context().store.audit().newest(2);
    CHECK(log.at(1).action == "ledger.reprice");
    CHECK(log.at(0).action == "ledger.repriced");
    CHECK(log.at(0).after.find(R"("old_cost_usd":0.000000015)") != std::string::npos);
    CHECK(log.at(0).after.find(R"("new_cost_usd":0.000000024)") != std::string::npos);
  }
  SUBCASE("once more changes nothing, and says nothing in the log") {
    const auto newest = house.plane.context().store.audit().newest(1).at(0).id;
    CHECK(house.run({}).totals.changed == 0);
    CHECK(house.plane.context().store.audit().newest(1).at(0).id == newest);
  }
}

TEST_CASE("reprice: only the range and the model that were asked for") {
  const House house;
  house.set_price_to(8);
  domain::RepriceTerms terms;
  terms.model = "gpt-4o";
  CHECK(house.run(terms).totals.rows == 0);
  terms.model = "gpt-4o-mini";
  terms.until = house.plane.clock.now();
  CHECK(house.run(terms).totals.rows == 0);
  terms.until = house.plane.clock.now() + 1ms;
  terms.since = house.plane.clock.now();
  CHECK(house.run(terms).totals.changed == 3);
}

TEST_CASE("reprice: goes on after a call") {
  const House house;
  house.set_price_to(8);
  house.plane.context().ledger.sync();
  const auto rows = house.plane.context().store.reports().requests({});  // newest first
  domain::RepriceTerms terms;
  terms.after = rows.at(1).id;
  CHECK(house.run(terms).totals.rows == 1);
  CHECK(house.spent() == 5 + 5 + 8);
}

TEST_CASE("reprice: calls of an upstream that is free or gone keep what they cost") {
  const House house;
  house.set_price_to(8);
  SUBCASE("free") {
    domain::UpstreamTerms terms;
    terms.free = Change<bool>::set(true);
    edit_upstream(house.plane.context(), house.plane.owner(), "openai", terms);
  }
  SUBCASE("gone") {
    remove_upstream(house.plane.context(), house.plane.owner(), "openai");
  }
  const auto report = house.run({});
  CHECK(report.totals.rows == 3);
  CHECK(report.totals.kept == 3);
  CHECK(report.totals.changed == 0);
  CHECK(house.spent() == 15);
}

TEST_CASE("reprice: more calls than one batch holds are all charged anew") {
  const House house;
  for (int i = 0; i < 450; ++i) house.plane.call(house.key, Money::nanos(5));
  house.set_price_to(7);
  CHECK(house.run({}).totals.changed == 453);
  CHECK(house.spent() == 453 * 7);
  CHECK(house.plane.context().ledger.verify().faults.empty());
}

TEST_CASE("reprice: an empty range and who is no admin are refused") {
  const House house;
  domain::RepriceTerms terms;
  terms.since = house.plane.clock.now();
  terms.until = house.plane.clock.now();
  const auto& context = house.plane.context();
  CHECK(failure_of([&] {
          reprice(context, house.plane.owner(), terms);
        }).starts_with("invalid: since must be before until"));
  CHECK(failure_of([&] {
          reprice(context, house.plane.member(), terms);
        }).starts_with("not_permitted"));
}
