#include "lib/domain/offer.hpp"

#include "lib/base/error.hpp"
#include "lib/domain/upstream_name.hpp"

#include <doctest/doctest.h>

using namespace nufi::domain;

namespace {

Price listed(const char* provider, const char* model) {
  Price price;
  price.provider = provider;
  price.model = model;
  return price;
}

bool offers(const Upstream& upstream, const PriceBook& prices, const char* model) {
  return offered_names(upstream, prices, "2026-08-15").contains(model);
}

}  // namespace

TEST_CASE("offer: a known provider has what it lists, through its globs") {
  Price gone = listed("acme", "old");
  gone.deprecates = "2026-08-15";
  const PriceBook prices({}, {listed("acme", "m-1"), listed("acme", "x-1"), gone});
  Upstream upstream;
  upstream.provider = "acme";
  CHECK(offered_names(upstream, prices, "2026-08-15") == std::set<std::string>{"m-1", "x-1"});
  CHECK(offered_names(upstream, prices, "2026-08-14").contains("old"));
  upstream.models = {"m-*", "fine-tune"};
  upstream.aliases = {{"fast", "m-1"}};
  CHECK(offered_names(upstream, prices, "2026-08-15") ==
        std::set<std::string>{"fast", "fine-tune", "m-1"});
}

TEST_CASE("offer: a host nobody knows has what its globs name and others list") {
  const PriceBook prices({listed("", "own-1")}, {listed("acme", "m-1"), listed("acme", "x-1")});
  Upstream upstream;
  CHECK(offers(upstream, prices, "own-1"));
  CHECK_FALSE(offers(upstream, prices, "m-1"));
  upstream.models = {"*"};
  CHECK_FALSE(offers(upstream, prices, "m-1"));
  upstream.models = {"m-?"};
  CHECK(offers(upstream, prices, "m-1"));
  CHECK_FALSE(offers(upstream, prices, "x-1"));
  CHECK_FALSE(offers(upstream, prices, "own-1"));
}

TEST_CASE("upstream name: stands in URLs, and is no verb") {
  CHECK_NOTHROW(check_upstream_name("local-llama_2.b"));
  for (const char* name : {"", "a b", "ü", "a/b", "discover"}) {
    CHECK_THROWS_AS(check_upstream_name(name), nufi::Error);
  }
  CHECK_THROWS_AS(check_upstream_name(std::string(65, 'a')), nufi::Error);
}
