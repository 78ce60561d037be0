#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

namespace nufi::store {

using namespace examples;

TEST_CASE("settings: what is set last holds, what is unset is gone") {
  auto under_test = StoreUnderTest::make();
  auto& settings = under_test->store().settings();

  settings.set("timezone", "UTC", audit("setting.set"));
  settings.set("timezone", "Europe/Berlin", audit("setting.set"));
  settings.set("hold_wait", "2s", audit("setting.set"));
  settings.unset("hold_wait", audit("setting.unset"));
  settings.unset("never_set", audit("setting.unset"));

  under_test->reopen();
  CHECK(under_test->store().settings().all() ==
        std::map<std::string, std::string>{{"timezone", "Europe/Berlin"}});
}

TEST_CASE("prices: one per model, whole as it was set") {
  auto under_test = StoreUnderTest::make();
  domain::Price price;
  price.id = "set/gpt-4o@2026-08-01";
  price.model = "gpt-4o";
  price.mode = "chat";
  price.date = "2026-08-01";
  price.rates.own(domain::Bucket::input) = 2'500'000'000;
  price.rates.own(domain::Bucket::output) = 10'000'000'000;
  price.tiers = {{200'000, price.rates}};
  price.tiers[0].rates.own(domain::Bucket::cached_input) = 0;
  price.service[static_cast<std::size_t>(domain::ServiceTier::flex)] = price.rates;
  price.per_request = domain::Money::nanos(7);
  price.per_image = domain::Money::nanos(8);
  price.per_second = domain::Money::nanos(9);
  price.per_character = domain::Money::nanos(10);
  price.context_window = 128'000;
  price.max_output = 16'384;
  price.deprecates = "2027-01-01";

  auto first = price;
  first.free = true;
  under_test->store().prices().set(first, audit("price.set"));
  under_test->store().prices().set(price, audit("price.set"));
  under_test->reopen();
  auto& prices = under_test->store().prices();
  const auto list = prices.list();

  REQUIRE(list.size() == 1);
  const auto& out = list[0];
  CHECK(out.id == price.id);
  CHECK(out.model == price.model);
  CHECK(out.provider.empty());
  CHECK(out.mode == price.mode);
  CHECK(out.date == price.date);
  CHECK_FALSE(out.free);
  CHECK(out.rates.of == price.rates.of);
  REQUIRE(out.tiers.size() == 1);
  CHECK(out.tiers[0].above_tokens == 200'000);
  CHECK(out.tiers[0].rates.of == price.tiers[0].rates.of);
  CHECK_FALSE(out.service[0]);
  REQUIRE(out.service[1]);
  CHECK(out.service[1]->of == price.rates.of);
  CHECK(out.per_request == price.per_request);
  CHECK(out.per_image == price.per_image);
  CHECK(out.per_second == price.per_second);
  CHECK(out.per_character == price.per_character);
  CHECK(out.context_window == price.context_window);
  CHECK(out.max_output == price.max_output);
  CHECK(out.deprecates == price.deprecates);

  prices.unset("gpt-4o", audit("price.unset"));
  CHECK(prices.list().empty());
  CHECK(error_of([&] { prices.unset("gpt-4o", audit("price.unset")); }) ==
        "not_found: no price is set for gpt-4o");
}

TEST_CASE("prices: imported ones stand beside those that were set, one per model and provider") {
  auto under_test = StoreUnderTest::make();
  auto& prices = under_test->store().prices();
  const auto price_at = [](const char* provider, std::int64_t per_image) {
    domain::Price price;
    price.model = "m";
    price.provider = provider;
    price.per_image = domain::Money::nanos(per_image);
    return price;
  };
  prices.import({price_at("a", 1), price_at("b", 2)}, audit("price.import"));
  prices.import({price_at("b", 3)}, audit("price.import"));
  prices.set(price_at("", 4), audit("price.set"));

  REQUIRE(prices.imported().size() == 2);
  CHECK(prices.imported()[1].per_image == domain::Money::nanos(3));
  REQUIRE(prices.list().size() == 1);
  CHECK(prices.list()[0].per_image == domain::Money::nanos(4));

  prices.unset("m", audit("price.unset"));
  CHECK(prices.list().empty());
  CHECK(prices.imported().size() == 2);
  prices.unset("m", audit("price.unset"));
  CHECK(prices.imported().empty());
}

}  // namespace nufi::store
