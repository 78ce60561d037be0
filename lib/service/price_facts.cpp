#include "lib/service/price_facts.hpp"

#include <string>
#include <string_view>

namespace nufi::service {

namespace {

void add_rates(Facts& facts, const std::string& prefix, const domain::Rates& rates) {
  for (const domain::Bucket bucket : domain::kBuckets) {
    if (const auto& rate = rates.own(bucket)) {
      facts.decimal(prefix + std::string(domain::bucket_name(bucket)), domain::format_rate(*rate));
    }
  }
}

void add_unit(Facts& facts, std::string_view name, domain::Money amount) {
  if (amount != domain::Money::zero()) facts.money(name, amount);
}

}  // namespace

Facts facts_of(const domain::Price& price) {
  Facts facts;
  facts.text("id", price.id).flag("free", price.free);
  add_rates(facts, "", price.rates);
  for (const domain::ContextTier& tier : price.tiers) {
    add_rates(facts, "above" + std::to_string(tier.above_tokens) + ".", tier.rates);
  }
  add_unit(facts, "per_request_usd", price.per_request);
  add_unit(facts, "per_image_usd", price.per_image);
  add_unit(facts, "per_second_usd", price.per_second);
  add_unit(facts, "per_character_usd", price.per_character);
  facts.number("max_output", price.max_output);
  return facts;
}

}  // namespace nufi::service
