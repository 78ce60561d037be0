#include "lib/domain/price_import.hpp"

#include "lib/domain/access.hpp"
#include "lib/domain/wide.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace nufi::domain {
namespace {

/// 0.1 USD per token: nobody asks that much, but a list in USD per million tokens seems to.
constexpr Rate kMostPerToken = kMostRate / 10;
constexpr std::int64_t kFar = 1000;

constexpr std::array kServiceTiers = {
    ServiceTier::standard, ServiceTier::flex, ServiceTier::priority, ServiceTier::batch};

std::array<Money, 4> units_of(const Price& price) {
  return {price.per_request, price.per_image, price.per_second, price.per_character};
}

bool has_rates(const Rates& rates) {
  return std::any_of(rates.of.begin(), rates.of.end(), [](const auto& rate) { return rate; });
}

Rate highest(const Rates& rates) {
  return std::max(rates.dearest_prompt(), rates.dearest_completion());
}

/// The highest rate there is, of any tier.
Rate highest(const Price& price) {
  Rate rate = highest(price.rates);
  for (const ContextTier& tier : price.tiers) rate = std::max(rate, highest(tier.rates));
  for (const auto& service : price.service) {
    if (service) rate = std::max(rate, highest(*service));
  }
  return rate;
}

bool costs_nothing(const Price& price) {
  const auto units = units_of(price);
  return highest(price) == 0 && *std::max_element(units.begin(), units.end()) == Money::zero();
}

bool is_far(std::int64_t amount, std::int64_t known) {
  if (amount == 0 || known == 0) return false;
  return widen(amount) > multiply(widen(known), kFar) ||
         widen(known) > multiply(widen(amount), kFar);
}

/// Lists mark what is meant to be free in the model's name.
bool says_free(const std::string& model) {
  return model.ends_with(":free") || model.ends_with("/free");
}

std::string problem_of(const ListedPrice& listed, const Price* known) {
  const Price& price = listed.price;
  // Such a name would only be shown, and some show more than they seem to.
  if (!is_plain_model_name(price.model)) return "no call can name such a model";
  if (!price.provider.empty() && !is_plain_model_name(price.provider)) {
    return "no provider has such a name";
  }
  if (!listed.problem.empty()) return listed.problem;
  const auto units = units_of(price);
  const Money dearest_unit = *std::max_element(units.begin(), units.end());
  if (!has_rates(price.rates) && dearest_unit == Money::zero()) return "it has no price";
  if (has_rates(price.rates) && !price.rates.own(Bucket::input) && dearest_unit == Money::zero()) {
    return "it has no price of input tokens";
  }
  if (has_rates(price.rates) && !price.rates.own(Bucket::output) && dearest_unit == Money::zero()) {
    return "it has no price of output tokens";
  }
  if (highest(price) > kMostPerToken) {
    return "more than 0.1 USD per token: it looks like USD per million tokens";
  }
  if (dearest_unit > kMostPerUnit) return "more than 1000 USD for one unit";
  if (costs_nothing(price)) {
    if (known != nullptr && !costs_nothing(*known)) return "0 for a model that costs something";
    if (known == nullptr && !says_free(price.model))
      return "0 for a model that nothing is known of";
  }
  if (known != nullptr && is_far_from(price, *known)) {
    return "a thousand times, or a thousandth, of the price that is known";
  }
  return "";
}

/// The sizes of a prompt at which a price may change.
void add_sizes(const Price& price, std::set<std::int64_t>& sizes) {
  for (const ContextTier& tier : price.tiers) sizes.insert(tier.above_tokens + 1);
}

auto dearness(const Price& price) {
  return std::tuple(
      price.rates.dearest_completion(), price.rates.dearest_prompt(), units_of(price));
}

/// The prices of `list` that are named once, and of those named twice the dearer one.
std::vector<ListedPrice> without_doubles(const PriceList& list,
                                         std::vector<RefusedPrice>& refused) {
  std::vector<ListedPrice> kept;
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  for (const ListedPrice& listed : list.prices) {
    const auto [place, is_new] =
        places.try_emplace({listed.price.provider, listed.price.model}, kept.size());
    if (is_new) {
      kept.push_back(listed);
      continue;
    }
    ListedPrice& other = kept[place->second];
    if (is_same_price(other.price, listed.price) && other.problem.empty()) continue;
    refused.push_back({listed.price.provider,
                       listed.price.model,
                       "it is listed twice at different prices: the dearer one counts"});
    const bool is_better =
        listed.problem.empty() &&
        (!other.problem.empty() || dearness(listed.price) > dearness(other.price));
    if (is_better) other = listed;
  }
  return kept;
}

}  // namespace

bool is_same_price(const Price& a, const Price& b) {
  const bool is_free = a.free || costs_nothing(a);
  if (is_free != (b.free || costs_nothing(b))) return false;
  if (!is_free && units_of(a) != units_of(b)) return false;
  if (a.context_window != b.context_window || a.max_output != b.max_output) return false;
  if (is_free) return true;
  std::set<std::int64_t> sizes = {0};
  add_sizes(a, sizes);
  add_sizes(b, sizes);
  for (const ServiceTier tier : kServiceTiers) {
    for (const std::int64_t size : sizes) {
      const Rates of_a = a.rates_for(size, tier);
      const Rates of_b = b.rates_for(size, tier);
      for (const Bucket bucket : kBuckets) {
        if (of_a.effective(bucket) != of_b.effective(bucket)) return false;
      }
    }
  }
  return true;
}

bool is_far_from(const Price& price, const Price& known) {
  if (price.free || known.free) return false;
  for (const Bucket bucket : kBuckets) {
    if (is_far(price.rates.effective(bucket), known.rates.effective(bucket))) return true;
  }
  const auto units = units_of(price);
  const auto known_units = units_of(known);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (is_far(units[i].nanos(), known_units[i].nanos())) return true;
  }
  return false;
}

PriceImport compare(const PriceList& list, const PriceBook& book) {
  PriceImport result;
  result.skipped = list.skipped;
  std::vector<Price> trusted;
  for (ListedPrice& listed : without_doubles(list, result.refused)) {
    const Price* known = book.listed().find(listed.price.provider, listed.price.model);
    std::string problem = problem_of(listed, known);
    if (problem.empty()) {
      trusted.push_back(std::move(listed.price));
    } else {
      result.refused.push_back({listed.price.provider, listed.price.model, std::move(problem)});
    }
  }
  // As they will stand in the book, with what it knows beside them.
  const Catalogue merged = book.listed().with(trusted);
  for (const Price& one : trusted) {
    const Price& price = *merged.find_exactly(one.provider, one.model);
    const Price* before = book.listed().find_exactly(one.provider, one.model);
    if (before == nullptr) {
      result.added.push_back({price, std::nullopt});
    } else if (!is_same_price(price, *before)) {
      result.changed.push_back({price, *before});
    } else {
      result.unchanged += 1;
    }
  }
  return result;
}

}  // namespace nufi::domain
