#include "lib/service/price_import.hpp"

#include "lib/service/audit.hpp"
#include "lib/service/prices.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::service;
using domain::Bucket;
using test::ControlPlane;
using test::failure_of;

namespace {

constexpr domain::Rate kUsd = 1'000'000'000;

domain::PriceList list_with(domain::Rate input) {
  domain::Price price;
  price.provider = "openai";
  price.model = "gpt-4o";
  price.mode = "chat";
  price.rates.own(Bucket::input) = input;
  price.rates.own(Bucket::output) = 12 * kUsd;
  domain::Price broken = price;
  broken.model = "gpt-4o-mini";
  return {{{price, ""}, {broken, "input is negative"}}, 3};
}

}  // namespace

TEST_CASE("price import: a dry run changes nothing, the import all that can be trusted") {
  const ControlPlane plane;
  const auto planned = import_prices(plane.context(), plane.owner(), list_with(3 * kUsd), true);
  CHECK_FALSE(planned.applied);
  CHECK(planned.changed.size() == 1);
  CHECK(planned.refused.size() == 1);
  CHECK(plane.context().store.prices().imported().empty());

  const auto done = import_prices(plane.context(), plane.owner(), list_with(3 * kUsd), false);
  CHECK(done.applied);
  REQUIRE(plane.data_plane.world.imported_prices.size() == 1);
  const domain::Price& price = plane.data_plane.world.imported_prices[0];
  CHECK(price.id == "import/openai/gpt-4o@2026-08-20T12:00:00Z");
  CHECK(price.date == "2026-08-20");
  CHECK(price.context_window == 128'000);
  const auto listed = list_prices(plane.context(), "gpt-4o");
  REQUIRE_FALSE(listed.empty());
  const auto entry = plane.context().store.audit().newest(1).at(0);
  CHECK(entry.action == "price.import");
  CHECK(entry.after.find(R"("changed_models":["openai/gpt-4o"])") != std::string::npos);

  SUBCASE("the same list again changes nothing") {
    const auto again = import_prices(plane.context(), plane.owner(), list_with(3 * kUsd), false);
    CHECK(again.unchanged == 1);
    CHECK(again.changed.empty());
    CHECK(plane.context().store.audit().newest(2).at(0).id == entry.id);
  }
  SUBCASE("what was set stays over it, and goes first") {
    domain::PriceTerms terms;
    terms.free = true;
    set_price(plane.context(), plane.owner(), "gpt-4o", terms);
    CHECK(list_prices(plane.context(), "gpt-4o").at(0).own);
    unset_price(plane.context(), plane.owner(), "gpt-4o");
    CHECK(plane.context().store.prices().imported().size() == 1);
    unset_price(plane.context(), plane.owner(), "gpt-4o");
    CHECK(plane.context().store.prices().imported().empty());
  }
}

TEST_CASE("price import: only an admin may") {
  const ControlPlane plane;
  CHECK(failure_of([&] {
          import_prices(plane.context(), plane.member(), list_with(kUsd), true);
        }).starts_with("not_permitted"));
}
