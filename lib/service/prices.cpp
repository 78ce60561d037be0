#include "lib/service/prices.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/catalogue.hpp"
#include "lib/service/key_terms.hpp"
#include "lib/service/publisher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <set>
#include <string>

namespace nufi::service {

namespace {

using domain::Bucket;

/// Own prices and those of built-in upstreams.
std::vector<domain::Price> set_prices(const Context& context) {
  std::vector<domain::Price> prices = context.store.prices().list();
  for (const Publisher::BuiltIn& built_in : context.publisher.built_ins()) {
    const bool is_set = std::any_of(prices.begin(), prices.end(), [&](const domain::Price& price) {
      return price.model == built_in.price.model;
    });
    if (!is_set) prices.push_back(built_in.price);
  }
  return prices;
}

void check_rates(const domain::Rates& rates) {
  for (const auto& rate : rates.of) {
    if (rate && *rate < 0) throw Error(Errc::invalid, "a price must not be negative");
  }
}

void check_price(std::string_view model, const domain::PriceTerms& terms) {
  check_models({std::string(model)}, "model");
  if (model.find_first_of("*?") != std::string_view::npos) {
    throw Error(Errc::invalid, "a price is for one model, not for a glob");
  }
  check_rates(terms.rates);
  if (terms.per_request < domain::Money::zero()) {
    throw Error(Errc::invalid, "per_request must not be negative");
  }
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
  // A rate that was forgotten would make what it is for free of charge, and every budget a lie.
  const bool is_whole = terms.rates.own(Bucket::input) && terms.rates.own(Bucket::output);
  if (!terms.free && !is_whole) {
    throw Error(
        Errc::invalid,
        "a price needs input and output",
        "for example --input 2.5 --output 10; 0 for what costs nothing, --free for all of it");
  }
}

std::string describe(const domain::Price& price) {
  if (price.free) return "model=" + price.model + " free";
  return fmt::format("model={} input={} output={} per_request={} tiers={}",
                     price.model,
                     domain::format_rate(price.rates.effective(Bucket::input)),
                     domain::format_rate(price.rates.effective(Bucket::output)),
                     domain::format_usd(price.per_request),
                     price.tiers.size());
}

const domain::Price* find_price(const std::vector<domain::Price>& prices, std::string_view model) {
  const auto found = std::find_if(prices.begin(), prices.end(), [&](const domain::Price& price) {
    return price.model == model;
  });
  return found == prices.end() ? nullptr : &*found;
}

std::string date_of(Timestamp instant) {
  return format_rfc3339(instant).substr(0, 10);
}

}  // namespace

std::vector<domain::PriceView> list_prices(const Context& context, std::string_view part) {
  const std::string wanted = to_lower(part);
  const auto is_wanted = [&](const domain::Price& price) {
    return wanted.empty() || to_lower(price.model).find(wanted) != std::string::npos;
  };
  std::vector<domain::PriceView> views;
  std::set<std::string, std::less<>> hidden;
  for (const domain::Price& price : set_prices(context)) {
    hidden.insert(price.model);
    if (is_wanted(price)) views.push_back({.price = price, .own = true});
  }
  for (const domain::Price& price : domain::Catalogue::built_in().prices()) {
    if (!hidden.contains(price.model) && is_wanted(price)) {
      views.push_back({.price = price, .own = false});
    }
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
  const domain::Price* old = find_price(own, model);
  const Timestamp now = context.clock.now();

  domain::Price price;
  price.id = fmt::format("set/{}@{}", model, format_rfc3339(now));
  price.model = model;
  price.mode = "chat";
  price.date = date_of(now);
  price.free = terms.free;
  price.rates = terms.rates;
  price.tiers = terms.tiers;
  price.per_request = terms.per_request;
  price.max_output = terms.max_output;
  if (const domain::Price* listed = domain::Catalogue::built_in().find("", model)) {
    // Its limits stay what they are; a wish can only lower or raise the output bound.
    price.mode = listed->mode;
    price.context_window = listed->context_window;
    if (!price.max_output) price.max_output = listed->max_output;
  }
  context.store.prices().set(price,
                             audit_entry(context,
                                         actor,
                                         "price.set",
                                         price.model,
                                         old == nullptr ? "" : describe(*old),
                                         describe(price)));
  context.publisher.publish_world();
  return {.price = std::move(price), .own = true};
}

void unset_price(const Context& context, const Actor& actor, std::string_view model) {
  require_admin(actor, "unset prices");
  const std::lock_guard lock(context.changes);
  const auto own = context.store.prices().list();
  const domain::Price* old = find_price(own, model);
  if (old == nullptr) {
    throw Error(Errc::not_found,
                fmt::format("no price is set for '{}'", model),
                "only prices set with nufi prices set can be taken away");
  }
  context.store.prices().unset(
      model, audit_entry(context, actor, "price.unset", std::string(model), describe(*old), ""));
  context.publisher.publish_world();
}

std::vector<domain::ModelView> list_models(const Context& context) {
  const std::vector<domain::Price> own = set_prices(context);
  const domain::Catalogue& catalogue = domain::Catalogue::built_in();
  const std::string today = date_of(context.clock.now());
  std::map<std::string, domain::ModelView> models;
  const auto add = [&](const domain::Upstream& upstream, const std::string& name) {
    const auto real = upstream.serves(name);
    if (!real) return;
    domain::ModelView& view = models[name];
    view.name = name;
    view.upstreams.push_back(upstream.name);
    if (view.price) return;
    const domain::Price* price = find_price(own, name);
    if (price == nullptr) price = find_price(own, *real);
    if (price == nullptr) price = catalogue.find(upstream.provider, *real);
    if (price != nullptr) view.price = *price;
    if (upstream.free) {
      if (!view.price) view.price.emplace().model = *real;
      view.price->free = true;
    }
  };
  for (const domain::ReadyUpstream& one : context.publisher.upstreams()) {
    const domain::Upstream& upstream = one.upstream;
    std::set<std::string> names;
    for (const auto& [alias, real] : upstream.aliases) names.insert(alias);
    for (const std::string& model : upstream.models) {
      if (model.find_first_of("*?") == std::string::npos) names.insert(model);
    }
    for (const domain::Price& price : catalogue.prices()) {
      const bool is_offered = !upstream.provider.empty() && price.provider == upstream.provider;
      const bool is_gone = price.deprecates && *price.deprecates <= today;
      if (is_offered && !is_gone && upstream.serves(price.model)) names.insert(price.model);
    }
    for (const domain::Price& price : own) {
      if (upstream.serves(price.model)) names.insert(price.model);
    }
    for (const std::string& name : names) add(upstream, name);
  }
  std::vector<domain::ModelView> views;
  for (auto& [name, view] : models) views.push_back(std::move(view));
  return views;
}

}  // namespace nufi::service
