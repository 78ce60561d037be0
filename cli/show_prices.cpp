#include "cli/show_prices.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace nufi::cli {

using domain::Bucket;
using domain::Money;
using domain::Price;

namespace {

/// USD per million tokens.
Cell rate_cell(const Price& price, Bucket bucket) {
  if (price.free) return {"free", "0", Tone::good};
  const auto& rate = price.rates.own(bucket);
  return money_cell(rate ? std::optional(Money::nanos(*rate)) : std::nullopt);
}

Cell rate_cell(const std::optional<Price>& price, Bucket bucket) {
  return price ? rate_cell(*price, bucket) : Cell{"unknown", "", Tone::warning};
}

struct Unit {
  const char* name;
  Money Price::*amount;
};
constexpr std::array kUnits = {Unit{"request", &Price::per_request},
                               Unit{"image", &Price::per_image},
                               Unit{"second", &Price::per_second},
                               Unit{"character", &Price::per_character}};

/// "$0.04/image"; what is paid by other units than tokens.
Cell units_cell(const Price& price) {
  std::string text;
  for (const Unit& unit : kUnits) {
    const Money amount = price.*unit.amount;
    if (amount == Money::zero()) continue;
    text += (text.empty() ? "" : ", ") + human_money(amount) + "/" + unit.name;
  }
  return text_cell(text);
}

/// "200,000: $2.50, $15.00"; what long prompts cost: the rates of input and output above so many
/// tokens of context. In a pipe "200000: input 2.5, output 15", with every rate.
Cell tiers_cell(const Price& price) {
  std::string shown;
  std::string raw;
  for (const domain::ContextTier& tier : price.tiers) {
    std::string rates;
    for (const Bucket bucket : domain::kBuckets) {
      const auto& rate = tier.rates.own(bucket);
      if (!rate) continue;
      rates += fmt::format("{}{} {}",
                           rates.empty() ? "" : ", ",
                           domain::bucket_name(bucket),
                           domain::format_usd(Money::nanos(*rate)));
    }
    const auto price_of = [&tier](Bucket bucket) {
      const auto& rate = tier.rates.own(bucket);
      return rate ? human_money(Money::nanos(*rate)) : "-";
    };
    shown += fmt::format("{}{}: {}, {}",
                         shown.empty() ? "" : "; ",
                         human_count(tier.above_tokens),
                         price_of(Bucket::input),
                         price_of(Bucket::output));
    raw += fmt::format("{}{}: {}", raw.empty() ? "" : "; ", tier.above_tokens, rates);
  }
  return {shown.empty() ? "-" : shown, raw, shown.empty() ? Tone::dim : Tone::plain};
}

std::string origin_of(const domain::PriceView& view) {
  if (view.price.id.starts_with("demo/")) return "demo";
  if (view.own) return "you";
  return view.imported ? "import" : "catalogue";
}

std::string amount_or_none(const std::optional<std::int64_t>& amount) {
  return amount ? domain::format_usd(Money::nanos(*amount)) : "none";
}

/// What differs, as "input 2.5 -> 3, per_image 0.04 -> 0.05".
class Differences {
 public:
  void add(const std::string& name,
           const std::optional<std::int64_t>& old,
           const std::optional<std::int64_t>& now) {
    if (old != now) add(name, amount_or_none(old), amount_or_none(now));
  }
  void add(const std::string& name, const std::string& old, const std::string& now) {
    text_ += (text_.empty() ? "" : ", ") + name + " " + old + " -> " + now;
  }
  void add_rates(const std::string& prefix, const domain::Rates& old, const domain::Rates& now) {
    for (const Bucket bucket : domain::kBuckets) {
      add(prefix + std::string(domain::bucket_name(bucket)), old.own(bucket), now.own(bucket));
    }
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::map<std::int64_t, domain::Rates> tiers_of(const Price& price) {
  std::map<std::int64_t, domain::Rates> tiers;
  for (const domain::ContextTier& tier : price.tiers) tiers[tier.above_tokens] = tier.rates;
  return tiers;
}

std::string count_or_none(const std::optional<std::int64_t>& count) {
  return count ? std::to_string(*count) : "none";
}

std::string differences(const Price& old, const Price& now) {
  Differences all;
  all.add_rates("", old.rates, now.rates);
  auto old_tiers = tiers_of(old);
  auto new_tiers = tiers_of(now);
  for (const auto& [above, rates] : old_tiers) new_tiers.try_emplace(above);
  for (const auto& [above, rates] : new_tiers) {
    all.add_rates("above" + std::to_string(above) + ".", old_tiers[above], rates);
  }
  constexpr std::array<const char*, 4> kServices = {"", "flex.", "priority.", "batch."};
  for (std::size_t i = 1; i < kServices.size(); ++i) {
    all.add_rates(kServices[i],
                  old.service[i].value_or(domain::Rates()),
                  now.service[i].value_or(domain::Rates()));
  }
  for (const Unit& unit : kUnits) {
    all.add(
        std::string("per_") + unit.name, (old.*unit.amount).nanos(), (now.*unit.amount).nanos());
  }
  if (old.context_window != now.context_window) {
    all.add("context", count_or_none(old.context_window), count_or_none(now.context_window));
  }
  if (old.max_output != now.max_output) {
    all.add("max_output", count_or_none(old.max_output), count_or_none(now.max_output));
  }
  return all.text();
}

/// "input 2.5, output 10".
std::string amounts(const Price& price) {
  std::string text;
  const auto add = [&text](const std::string& name, Money amount) {
    text += (text.empty() ? "" : ", ") + name + " " + domain::format_usd(amount);
  };
  for (const Bucket bucket : domain::kBuckets) {
    const auto& rate = price.rates.own(bucket);
    if (rate) add(std::string(domain::bucket_name(bucket)), Money::nanos(*rate));
  }
  for (const Unit& unit : kUnits) {
    if (price.*unit.amount != Money::zero())
      add(std::string("per_") + unit.name, price.*unit.amount);
  }
  return text;
}

}  // namespace

Listing list_of_import(const domain::PriceImport& report) {
  Listing listing{{},
                  {},
                  Table({{.title = "CHANGE"},
                         {.title = "MODEL", .shrinks_to = 20},
                         {.title = "PROVIDER", .rank = 1, .shrinks_to = 10},
                         {.title = "WHAT", .shrinks_to = 20}}),
                  "the prices are those that are known"};
  const auto add = [&listing](const char* change, Tone tone, const Price& price, std::string what) {
    listing.ids.push_back(price.id.empty() ? price.model : price.id);
    listing.table.add({text_cell(change, tone),
                       text_cell(price.model, Tone::strong),
                       text_cell(price.provider),
                       text_cell(what)});
  };
  for (const domain::PriceChange& change : report.added) {
    add("new", Tone::good, change.price, amounts(change.price));
  }
  for (const domain::PriceChange& change : report.changed) {
    add("changed", Tone::warning, change.price, differences(*change.before, change.price));
  }
  for (const domain::RefusedPrice& refused : report.refused) {
    listing.table.add({text_cell("refused", Tone::bad),
                       text_cell(refused.model, Tone::strong),
                       text_cell(refused.provider),
                       text_cell(refused.reason)});
  }
  return listing;
}

std::string summary_of(const domain::PriceImport& report) {
  return fmt::format("{} new, {} changed, {} unchanged, {} refused, {} skipped",
                     report.added.size(),
                     report.changed.size(),
                     report.unchanged,
                     report.refused.size(),
                     report.skipped);
}

Listing list_of_prices(const std::vector<domain::PriceView>& prices) {
  std::vector<Column> columns{{.title = "MODEL", .shrinks_to = 20},
                              {.title = "PROVIDER", .rank = 3, .shrinks_to = 10},
                              {.title = "INPUT", .align = Align::point},
                              {.title = "CACHED", .align = Align::point, .rank = 2},
                              {.title = "OUTPUT", .align = Align::point},
                              {.title = "EACH", .rank = 5},
                              {.title = "DATE", .rank = 1},
                              {.title = "SET BY", .rank = 4}};
  for (const Bucket bucket : domain::kBuckets) {
    columns.push_back({.title = std::string(domain::bucket_name(bucket)), .only_raw = true});
  }
  for (const char* name : {"PER_REQUEST", "PER_IMAGE", "PER_SECOND", "PER_CHARACTER"}) {
    columns.push_back({.title = name, .only_raw = true});
  }
  const bool has_tiers = std::any_of(
      prices.begin(), prices.end(), [](const auto& view) { return !view.price.tiers.empty(); });
  columns.push_back({.title = "ABOVE", .rank = 2, .shrinks_to = 24, .only_raw = !has_tiers});
  Listing listing{items_of(prices), {}, Table(std::move(columns)), "no such price"};
  for (const domain::PriceView& view : prices) {
    const Price& price = view.price;
    listing.ids.push_back(price.id);
    std::vector<Cell> row{text_cell(price.model, Tone::strong),
                          text_cell(price.provider),
                          rate_cell(price, Bucket::input),
                          rate_cell(price, Bucket::cached_input),
                          rate_cell(price, Bucket::output),
                          units_cell(price),
                          text_cell(price.date),
                          text_cell(origin_of(view))};
    for (const Bucket bucket : domain::kBuckets) row.push_back(rate_cell(price, bucket));
    for (const Unit& unit : kUnits) row.push_back(money_cell(price.*unit.amount));
    row.push_back(tiers_cell(price));
    listing.table.add(std::move(row));
  }
  return listing;
}

Listing list_of_reprice(const domain::RepriceReport& report) {
  Listing listing{{},
                  {},
                  Table({{.title = "MODEL", .shrinks_to = 20},
                         {.title = "CALLS", .align = Align::right, .rank = 1},
                         {.title = "CHANGED", .align = Align::right},
                         {.title = "COST", .align = Align::point},
                         {.title = "NEW COST", .align = Align::point}}),
                  "every call was charged what it costs now"};
  for (const auto& [model, sums] : report.models) {
    if (sums.changed == 0) continue;
    listing.ids.push_back(model);
    listing.table.add({text_cell(model, Tone::strong),
                       count_cell(sums.rows),
                       count_cell(sums.changed),
                       money_cell(sums.old_cost),
                       money_cell(sums.new_cost)});
  }
  return listing;
}

Listing list_of_models(const std::vector<domain::ModelView>& models) {
  Listing listing{items_of(models),
                  {},
                  Table({{.title = "MODEL", .shrinks_to = 20},
                         {.title = "UPSTREAMS", .rank = 1, .shrinks_to = 12},
                         {.title = "INPUT", .align = Align::point, .rank = 2},
                         {.title = "OUTPUT", .align = Align::point, .rank = 2}}),
                  "no model can be called; add an upstream: nufi upstreams add openai --preset "
                  "openai"};
  for (const domain::ModelView& view : models) {
    listing.ids.push_back(view.name);
    listing.table.add({text_cell(view.name, Tone::strong),
                       list_cell(view.upstreams, "none"),
                       rate_cell(view.price, Bucket::input),
                       rate_cell(view.price, Bucket::output)});
  }
  return listing;
}

}  // namespace nufi::cli
