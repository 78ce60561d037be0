#include "lib/service/prices.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/access.hpp"
#include "lib/domain/offer.hpp"
#include "lib/domain/price_import.hpp"
#include "lib/domain/route.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/key_terms.hpp"
#include "lib/service/price_facts.hpp"
#include "lib/service/publisher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace nufi::service {

namespace {

using domain::Bucket;
using domain::Money;
using domain::Price;

void check_rates(const domain::Rates& rates) {
  for (const auto& rate : rates.of) {
    if (rate && *rate < 0) throw Error(Errc::invalid, "a price must not be negative");
    if (rate && *rate > domain::kMostRate) {
      throw Error(Errc::invalid,
                  "a price must be at most 1000000 USD per million tokens",
                  "prices are per million tokens, not per token");
    }
  }
}

using Units = std::array<std::pair<std::string_view, Money>, 4>;

Units units_of(const domain::PriceTerms& terms) {
  return {{{"per_request", terms.per_request},
           {"per_image", terms.per_image},
           {"per_second", terms.per_second},
           {"per_character", terms.per_character}}};
}

void check_units(const Units& units) {
  for (const auto& [name, amount] : units) {
    if (amount < Money::zero()) {
      throw Error(Errc::invalid, fmt::format("{} must not be negative", name));
    }
    if (amount > domain::kMostPerUnit) {
      throw Error(Errc::invalid, fmt::format("{} must be at most 1000 USD", name));
    }
  }
}

/// A rate that was forgotten would make what it is for free of charge, and every budget a lie. What
/// is paid by the picture, second or character needs no rate of tokens at all.
bool is_whole(const domain::PriceTerms& terms) {
  const bool has_input = terms.rates.own(Bucket::input).has_value();
  const bool has_output = terms.rates.own(Bucket::output).has_value();
  if (has_input && has_output) return true;
  const auto& of = terms.rates.of;
  const bool has_rates = std::any_of(of.begin(), of.end(), [](const auto& rate) { return rate; });
  const auto units = units_of(terms);
  const bool has_unit = std::any_of(
      units.begin(), units.end(), [](const auto& unit) { return unit.second > Money::zero(); });
  return !has_rates && terms.tiers.empty() && has_unit;
}

void check_price(std::string_view model, const domain::PriceTerms& terms) {
  check_models({std::string(model)}, "model");
  if (model.find_first_of("*?") != std::string_view::npos) {
    throw Error(Errc::invalid, "a price is for one model, not for a glob");
  }
  if (!domain::is_plain_model_name(model)) {
    throw Error(Errc::invalid,
                "no call can name such a model",
                "it has invisible characters, one of # and %, or a space at an end");
  }
  check_rates(terms.rates);
  check_units(units_of(terms));
  if (terms.max_output && *terms.max_output < 1) {
    throw Error(Errc::invalid, "max_output must be at least 1");
  }
  std::int64_t above = 0;
  for (const domain::ContextTier& tier : terms.tiers) {
    check_rates(tier.rates);
    if (tier.above_tokens <= above) {
      throw Error(Errc::invalid, "tiers must be for more and more prompt tokens");
    }
    above = tier.above_tokens;
  }
  if (!terms.free && !is_whole(terms)) {
    throw Error(
        Errc::invalid,
        "a price needs input and output",
        "for example --input 2.5 --output 10; 0 for what costs nothing, --free for all of it");
  }
}

/// What looks like a mistake, but may be meant.
std::vector<std::string> warnings_of(const Price& price, const Price* listed) {
  std::vector<std::string> warnings;
  const auto& input = price.rates.own(Bucket::input);
  const auto& output = price.rates.own(Bucket::output);
  const bool makes_output = price.mode == "chat" || price.mode == "responses";
  if (makes_output && input && output && *output < *input) {
    warnings.push_back(fmt::format("output ({}) is cheaper than input ({})",
                                   domain::format_rate(*output),
                                   domain::format_rate(*input)));
  }
  if (listed != nullptr && domain::is_far_from(price, *listed)) {
    warnings.push_back(
        fmt::format("the catalogue's price is a thousand times another one: input {}, output {} "
                    "USD per million tokens",
                    domain::format_rate(listed->rates.effective(Bucket::input)),
                    domain::format_rate(listed->rates.effective(Bucket::output))));
  }
  return warnings;
}

const Price* find_price(const std::vector<Price>& prices, std::string_view model) {
  const auto found = std::find_if(
      prices.begin(), prices.end(), [&](const Price& price) { return price.model == model; });
  return found == prices.end() ? nullptr : &*found;
}

/// Whether a list about `part` (lower case: a glob, or a part of the name; "" = all) has `price`.
bool is_wanted(const std::string& part, const Price& price) {
  const std::string name = to_lower(price.model);
  if (part.find_first_of("*?") != std::string::npos) return glob_match(part, name);
  return name.find(part) != std::string::npos;
}

}  // namespace

std::vector<domain::PriceView> list_prices(const Context& context, std::string_view model) {
  const std::string part = to_lower(model);
  std::vector<domain::PriceView> views;
  std::set<std::string, std::less<>> hidden;
  for (const Price& price : context.publisher.own_prices()) {
    hidden.insert(price.model);
    if (is_wanted(part, price)) views.push_back({.price = price, .own = true});
  }
  const domain::PriceBook book = context.publisher.price_book();
  const domain::Catalogue& catalogue = domain::Catalogue::built_in();
  for (const Price& price : book.listed().prices()) {
    if (hidden.contains(price.model) || !is_wanted(part, price)) continue;
    const Price* built_in = catalogue.find_exactly(price.provider, price.model);
    const bool imported = built_in == nullptr || built_in->id != price.id;
    views.push_back({.price = price, .own = false, .imported = imported});
  }
  return views;
}

domain::PriceView set_price(const Context& context,
                            const Actor& actor,
                            std::string_view model,
                            const domain::PriceTerms& terms) {
  require_admin(actor, "set prices");
  check_price(model, terms);
  const std::lock_guard lock(context.changes);
  const auto own = context.store.prices().list();
  const Price* old = find_price(own, model);
  const Timestamp now = context.clock.now();

  Price price;
  price.id = fmt::format("set/{}@{}", model, format_rfc3339(now));
  price.model = model;
  price.date = format_rfc3339(now).substr(0, 10);
  price.free = terms.free;
  price.rates = terms.rates;
  price.tiers = terms.tiers;
  price.per_request = terms.per_request;
  price.per_image = terms.per_image;
  price.per_second = terms.per_second;
  price.per_character = terms.per_character;
  price.max_output = terms.max_output;
  const domain::PriceBook book = context.publisher.price_book();
  const Price* listed = book.listed().find("", model);
  // Its limits stay what they are; a wish can only lower or raise the output bound.
  if (listed != nullptr) price.fill_limits_from(*listed);
  if (price.mode.empty()) price.mode = "chat";
  context.store.prices().set(price,
                             audit_change(context,
                                          actor,
                                          "price.set",
                                          {.id = price.model, .name = ""},
                                          old == nullptr ? Facts() : facts_of(*old),
                                          facts_of(price)));
  context.publisher.publish_world();
  auto warnings = price.free ? std::vector<std::string>() : warnings_of(price, listed);
  return {
      .price = std::move(price), .own = true, .imported = false, .warnings = std::move(warnings)};
}

void unset_price(const Context& context, const Actor& actor, std::string_view model) {
  require_admin(actor, "unset prices");
  const std::lock_guard lock(context.changes);
  const auto own = context.store.prices().list();
  const auto imported = context.store.prices().imported();
  const Price* old = find_price(own, model);
  if (old == nullptr) old = find_price(imported, model);
  if (old == nullptr) {
    throw Error(Errc::not_found,
                fmt::format("no price is set for '{}'", model),
                "only prices that were set or imported can be taken away");
  }
  context.store.prices().unset(model,
                               audit_change(context,
                                            actor,
                                            "price.unset",
                                            {.id = std::string(model), .name = ""},
                                            facts_of(*old),
                                            Facts()));
  context.publisher.publish_world();
}

std::vector<domain::ModelView> list_models(const Context& context) {
  const domain::PriceBook book = context.publisher.price_book();
  const std::string today = format_rfc3339(context.clock.now()).substr(0, 10);
  std::map<std::string, std::set<std::string>> offered;  // by whom
  std::vector<std::shared_ptr<const domain::Upstream>> all;
  const auto add = [&](domain::ModelView& view, const domain::Candidate& candidate) {
    const domain::Upstream& upstream = *candidate.upstream;
    const std::string& real = candidate.model;
    view.upstreams.push_back(upstream.name);
    if (view.price) return;
    const Price* price = book.find(upstream, real, view.name);
    if (price != nullptr) view.price = *price;
    if (upstream.free) {
      if (!view.price) view.price.emplace().model = real;
      view.price->free = true;
    }
  };
  for (const domain::ReadyUpstream& one : context.publisher.upstreams()) {
    const domain::Upstream& upstream = one.upstream;
    for (const std::string& name : domain::offered_names(upstream, book, today))
      offered[name].insert(upstream.name);
    // Whichever group may use it: the list is for all.
    auto open = std::make_shared<domain::Upstream>(upstream);
    open->groups.clear();
    all.push_back(std::move(open));
  }
  std::vector<domain::ModelView> views;
  for (const auto& [name, by] : offered) {
    domain::ModelView& view = views.emplace_back();
    view.name = name;
    for (const auto& candidate :
         domain::candidates(all, book.listed(), domain::Group(), name, /*random=*/0)) {
      if (by.contains(candidate.upstream->name)) add(view, candidate);
    }
  }
  return views;
}

}  // namespace nufi::service
