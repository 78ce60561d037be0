#include "lib/service/prices.hpp"

#include "lib/domain/catalogue.hpp"
#include "lib/service/upstreams.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace nufi;
using namespace nufi::service;
using domain::Bucket;
using domain::Change;
using domain::PriceTerms;
using test::ControlPlane;
using test::failure_of;

namespace {

PriceTerms price(domain::Rate input, domain::Rate output) {
  PriceTerms terms;
  terms.rates.own(Bucket::input) = input;
  terms.rates.own(Bucket::output) = output;
  return terms;
}

}  // namespace

TEST_CASE("prices: an own price hides the catalogue's, until it is taken away") {
  const ControlPlane plane;
  const auto before = list_prices(plane.context(), "GPT-4o-mini");
  REQUIRE_FALSE(before.empty());
  CHECK_FALSE(before[0].own);
  set_price(plane.context(), plane.owner(), "gpt-4o-mini", price(1, 2));
  const auto own = list_prices(plane.context(), "gpt-4o-mini");
  REQUIRE_FALSE(own.empty());
  CHECK(own[0].own);
  CHECK(own[0].price.rates.own(Bucket::output) == 2);
  CHECK(std::count_if(own.begin(), own.end(), [](const domain::PriceView& view) {
          return view.price.model == "gpt-4o-mini";
        }) == 1);
  REQUIRE(plane.data_plane.world.own_prices.size() == 1);
  CHECK(plane.data_plane.world.own_prices[0].model == "gpt-4o-mini");
  unset_price(plane.context(), plane.owner(), "gpt-4o-mini");
  CHECK(plane.data_plane.world.own_prices.empty());
  CHECK(failure_of([&] {
          unset_price(plane.context(), plane.owner(), "gpt-4o-mini");
        }).starts_with("not_found"));
}

TEST_CASE("prices: half a price is refused, a free one needs none") {
  const ControlPlane plane;
  PriceTerms half;
  half.rates.own(Bucket::input) = 1;
  CHECK(failure_of([&] { set_price(plane.context(), plane.owner(), "m", half); }) ==
        "invalid: a price needs input and output");
  PriceTerms free;
  free.free = true;
  CHECK(set_price(plane.context(), plane.owner(), "m", free).price.free);
  CHECK(failure_of([&] {
          set_price(plane.context(), plane.owner(), "gpt-*", free);
        }).starts_with("invalid"));
  CHECK(failure_of([&] {
          set_price(plane.context(), plane.owner(), "m", price(-1, 0));
        }).starts_with("invalid"));
  CHECK(failure_of([&] {
          set_price(plane.context(), plane.member(), "m", free);
        }).starts_with("not_permitted"));
}

TEST_CASE("prices: what is paid by the piece needs no price of tokens") {
  const ControlPlane plane;
  PriceTerms terms;
  terms.per_image = domain::Money::nanos(40'000'000);
  CHECK(set_price(plane.context(), plane.owner(), "painter", terms).price.per_image ==
        terms.per_image);
  terms.rates.own(Bucket::input) = 1;
  CHECK(failure_of([&] { set_price(plane.context(), plane.owner(), "painter", terms); }) ==
        "invalid: a price needs input and output");
}

TEST_CASE("prices: the absurd is refused, the strange is set with a warning") {
  const ControlPlane plane;
  constexpr domain::Rate kUsd = 1'000'000'000;
  CHECK(failure_of([&] {
          set_price(plane.context(), plane.owner(), "m", price(kUsd, 1'000'001 * kUsd));
        }) == "invalid: a price must be at most 1000000 USD per million tokens");
  CHECK(failure_of([&] {
          set_price(plane.context(), plane.owner(), "zz\x9b", price(kUsd, kUsd));
        }) == "invalid: no call can name such a model");
  PriceTerms dear;
  dear.per_image = domain::Money::nanos(1001 * kUsd);
  CHECK(failure_of([&] { set_price(plane.context(), plane.owner(), "m", dear); }) ==
        "invalid: per_image must be at most 1000 USD");
  const auto warnings = [&](const char* model, const PriceTerms& terms) {
    return set_price(plane.context(), plane.owner(), model, terms).warnings;
  };
  CHECK(warnings("m", price(kUsd, 2 * kUsd)).empty());
  REQUIRE(warnings("m", price(2 * kUsd, kUsd)).size() == 1);
  CHECK(warnings("m", price(2 * kUsd, kUsd))[0] == "output (1) is cheaper than input (2)");
  CHECK(warnings("gpt-4o", price(3 * kUsd, 12 * kUsd)).empty());
  REQUIRE(warnings("gpt-4o", price(3, 12)).size() == 1);
  CHECK(warnings("gpt-4o", price(3, 12))[0] ==
        "the catalogue's price is a thousand times another one: input 2.5, output 10 USD per "
        "million tokens");
}

TEST_CASE("prices: the list has all, or those of a part of the name or a glob") {
  const ControlPlane plane;
  const auto count = [&](const char* model) { return list_prices(plane.context(), model).size(); };
  CHECK(count("") == domain::Catalogue::built_in().prices().size());
  CHECK(count("gpt-4o-mini") >= 1);
  CHECK(count("GPT-4?") >= 1);
  CHECK(count("GPT-4?") < count("gpt-4"));
  CHECK(count("no-such-model") == 0);
}

TEST_CASE("prices: models are what the upstreams can be asked for by name") {
  const ControlPlane plane;
  CHECK(list_models(plane.context()).empty());
  domain::UpstreamTerms terms;
  terms.name = Change<std::string>::set("openai");
  terms.preset = Change<std::string>::set("openai");
  terms.secret_kind = Change<domain::SecretKind>::set(domain::SecretKind::env);
  terms.secret_reference = Change<std::string>::set("PROVIDER_KEY");
  terms.models = Change<std::vector<std::string>>::set({"gpt-4o*", "my-finetune"});
  terms.aliases =
      Change<std::vector<std::pair<std::string, std::string>>>::set({{"fast", "gpt-4o-mini"}});
  add_upstream(plane.context(), plane.owner(), terms);
  const auto models = list_models(plane.context());
  const auto find = [&](const std::string& name) {
    return std::find_if(models.begin(), models.end(), [&](const domain::ModelView& view) {
      return view.name == name;
    });
  };
  REQUIRE(find("fast") != models.end());
  CHECK(find("fast")->price->model == "gpt-4o-mini");
  REQUIRE(find("my-finetune") != models.end());
  CHECK_FALSE(find("my-finetune")->price);
  REQUIRE(find("gpt-4o-mini") != models.end());
  CHECK(find("gpt-4o-mini")->upstreams == std::vector<std::string>{"openai"});
  CHECK(find("claude-opus-4-1") == models.end());
}

TEST_CASE("prices: of a host nobody knows what others list and a glob names is known") {
  const ControlPlane plane;
  domain::UpstreamTerms terms;
  terms.name = Change<std::string>::set("mine");
  terms.url = Change<std::string>::set("http://127.0.0.1:9/v1");
  terms.models = Change<std::vector<std::string>>::set({"*"});
  add_upstream(plane.context(), plane.owner(), terms);
  CHECK(list_models(plane.context()).empty());
  terms = {};
  terms.models = Change<std::vector<std::string>>::set({"gpt-4o*"});
  edit_upstream(plane.context(), plane.owner(), "mine", terms);
  const auto models = list_models(plane.context());
  const auto is = [](const char* name) {
    return [name](const domain::ModelView& view) { return view.name == name; };
  };
  CHECK(std::count_if(models.begin(), models.end(), is("gpt-4o-mini")) == 1);
  CHECK(std::count_if(models.begin(), models.end(), is("gpt-4.1")) == 0);
}

TEST_CASE("prices: a model's upstreams stand in the order in which calls ask them") {
  const ControlPlane plane;
  const auto add = [&](const char* name, const char* preset, std::int64_t priority) {
    domain::UpstreamTerms terms;
    terms.name = Change<std::string>::set(name);
    terms.preset = Change<std::string>::set(preset);
    terms.secret_kind = Change<domain::SecretKind>::set(domain::SecretKind::env);
    terms.secret_reference = Change<std::string>::set("PROVIDER_KEY");
    terms.models = Change<std::vector<std::string>>::set({"gpt-4o-mini"});
    terms.priority = Change<std::int64_t>::set(priority);
    add_upstream(plane.context(), plane.owner(), terms);
  };
  add("first-by-name", "groq", 0);
  add("urgent", "openai", 1);
  const auto models = list_models(plane.context());
  REQUIRE(models.size() == 1);
  CHECK(models[0].upstreams == std::vector<std::string>{"urgent", "first-by-name"});
}

TEST_CASE("prices: a model with an own price is known at an upstream that takes every name") {
  const ControlPlane plane;
  domain::UpstreamTerms terms;
  terms.name = Change<std::string>::set("local");
  terms.url = Change<std::string>::set("http://127.0.0.1:9/v1");
  add_upstream(plane.context(), plane.owner(), terms);
  CHECK(list_models(plane.context()).empty());
  set_price(plane.context(), plane.owner(), "my-model", price(1, 2));
  const auto models = list_models(plane.context());
  REQUIRE(models.size() == 1);
  CHECK(models[0].name == "my-model");
  CHECK(models[0].price->rates.own(Bucket::output) == 2);
}
