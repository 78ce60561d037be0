#include "lib/domain/price_import.hpp"

#include <doctest/doctest.h>

using namespace nufi::domain;

namespace {

constexpr Rate kUsd = 1'000'000'000;

Price chat(std::string provider, std::string model, Rate input, Rate output) {
  Price price;
  price.provider = std::move(provider);
  price.model = std::move(model);
  price.mode = "chat";
  price.rates.own(Bucket::input) = input;
  price.rates.own(Bucket::output) = output;
  return price;
}

PriceList list_of(std::vector<Price> prices) {
  PriceList list;
  for (Price& price : prices) list.prices.push_back({std::move(price), ""});
  return list;
}

/// Why the only price of a list is refused.
std::string refusal_of(Price price) {
  const PriceImport report = compare(list_of({std::move(price)}), PriceBook());
  CHECK(report.added.empty());
  CHECK(report.changed.empty());
  REQUIRE(report.refused.size() == 1);
  return report.refused[0].reason;
}

}  // namespace

TEST_CASE("price import: new, changed and unchanged are told apart by what calls cost") {
  // gpt-4o is in the catalogue at 2.5 and 10, with prices of cached input and two service tiers.
  Price changed = chat("openai", "gpt-4o", 3 * kUsd, 10 * kUsd);
  changed.rates.own(Bucket::cached_input) = kUsd + kUsd / 4;
  Price same = chat("openai", "gpt-4o-mini", 150'000'000, 600'000'000);
  same.rates.own(Bucket::cached_input) = 75'000'000;
  PriceList list = list_of({changed, same, chat("acme", "one", kUsd, 2 * kUsd)});
  list.skipped = 7;
  const PriceImport report = compare(list, PriceBook());
  CHECK(report.refused.empty());
  CHECK(report.unchanged == 1);
  CHECK(report.skipped == 7);
  REQUIRE(report.added.size() == 1);
  CHECK(report.added[0].price.model == "one");
  REQUIRE(report.changed.size() == 1);
  const Price& now = report.changed[0].price;
  CHECK(now.rates.own(Bucket::input) == 3 * kUsd);
  CHECK(report.changed[0].before->rates.own(Bucket::input) == 2'500'000'000);
  SUBCASE("what the list does not know stays") {
    CHECK(now.context_window == 128'000);
    CHECK(now.max_output == 16'384);
    CHECK(now.service[static_cast<std::size_t>(ServiceTier::priority)].has_value());
  }
}

TEST_CASE("price import: what can't be trusted is refused with its reason") {
  Price unpriced;
  unpriced.model = "one";
  CHECK(refusal_of(unpriced) == "it has no price");
  Price half = chat("acme", "one", kUsd, kUsd);
  half.rates.own(Bucket::output).reset();
  CHECK(refusal_of(half) == "it has no price of output tokens");
  // 2.5 USD for a token: somebody wrote USD per million tokens.
  CHECK(refusal_of(chat("acme", "one", 2'500'000 * kUsd, kUsd)) ==
        "more than 0.1 USD per token: it looks like USD per million tokens");
  CHECK(refusal_of(chat("openai", "gpt-4o", 0, 0)) == "0 for a model that costs something");
  CHECK(refusal_of(chat("acme", "one", 0, 0)) == "0 for a model that nothing is known of");
  CHECK(refusal_of(chat("openai", "gpt-4o", 2501 * kUsd, 10 * kUsd)) ==
        "a thousand times, or a thousandth, of the price that is known");
  CHECK(refusal_of(chat("openai", "gpt-4o", 2, 10 * kUsd)) ==
        "a thousand times, or a thousandth, of the price that is known");
  Price picture;
  picture.model = "one";
  picture.per_image = Money::nanos(2'000'000'000'000);
  CHECK(refusal_of(picture) == "more than 1000 USD for one unit");
  const PriceImport report =
      compare({{{chat("acme", "one", kUsd, kUsd), "input is negative"}}, 0}, PriceBook());
  CHECK(report.refused.at(0).reason == "input is negative");
}

TEST_CASE("price import: what no call can name is refused, whatever its price is") {
  using namespace std::string_literals;
  for (const auto& name : {""s, "x\0y"s, "\x1b[31mred"s, "a\u202eb"s, "zz\x9b"s, " a"s, "a?b"s}) {
    CAPTURE(name);
    CHECK(refusal_of(chat("acme", name, kUsd, kUsd)) == "no call can name such a model");
    if (!name.empty()) {
      CHECK(refusal_of(chat(name, "one", kUsd, kUsd)) == "no provider has such a name");
    }
  }
}

TEST_CASE("price import: what says that it is free may be") {
  const PriceImport report = compare(list_of({chat("acme", "one:free", 0, 0)}), PriceBook());
  CHECK(report.added.size() == 1);
}

TEST_CASE("price import: of a model that is listed twice the dearer price counts") {
  const PriceImport report =
      compare(list_of({chat("acme", "one", kUsd, 2 * kUsd), chat("acme", "one", kUsd, 3 * kUsd)}),
              PriceBook());
  REQUIRE(report.added.size() == 1);
  CHECK(report.added[0].price.rates.own(Bucket::output) == 3 * kUsd);
  CHECK(report.refused.size() == 1);
}

TEST_CASE("price book: own prices stand over imported ones, and those over the catalogue") {
  Upstream upstream;
  upstream.provider = "openai";
  Price imported = chat("openai", "gpt-4o", 3 * kUsd, 12 * kUsd);
  Price own = chat("", "gpt-4o", 4 * kUsd, 16 * kUsd);
  const auto input = [&](const PriceBook& book, const char* model, const char* asked) {
    const Price* price = book.find(upstream, model, asked);
    return price == nullptr ? -1 : price->rates.effective(Bucket::input);
  };
  CHECK(input(PriceBook(), "gpt-4o", "fast") == 2'500'000'000);
  CHECK(input(PriceBook({}, {imported}), "gpt-4o", "fast") == 3 * kUsd);
  CHECK(input(PriceBook({own}, {imported}), "gpt-4o", "fast") == 4 * kUsd);
  own.model = "fast";
  CHECK(input(PriceBook({own}, {imported}), "gpt-4o", "fast") == 4 * kUsd);
  CHECK(input(PriceBook(), "no-such-model", "no-such-model") == -1);
  SUBCASE("an imported price counts at its provider; where none is known, the dearest does") {
    imported.provider = "acme";
    CHECK(input(PriceBook({}, {imported}), "gpt-4o", "gpt-4o") == 2'500'000'000);
    upstream.provider = "";
    CHECK(input(PriceBook({}, {imported}), "gpt-4o", "gpt-4o") == 3 * kUsd);
  }
}
