#include "cli/show_prices.hpp"

#include <nlohmann/json.hpp>

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

}  // namespace

Listing list_of_prices(const std::vector<domain::PriceView>& prices) {
  std::vector<Column> columns{{.title = "MODEL", .shrinks_to = 20},
                              {.title = "PROVIDER", .rank = 3, .shrinks_to = 10},
                              {.title = "INPUT", .align = Align::point},
                              {.title = "CACHED", .align = Align::point, .rank = 2},
                              {.title = "OUTPUT", .align = Align::point},
                              {.title = "DATE", .rank = 1},
                              {.title = "SET BY", .rank = 4}};
  for (const Bucket bucket : domain::kBuckets) {
    columns.push_back({.title = std::string(domain::bucket_name(bucket)), .only_raw = true});
  }
  columns.push_back({.title = "PER_REQUEST", .only_raw = true});
  Listing listing{api::Json::array(), {}, Table(std::move(columns)), "no such price"};
  for (const domain::PriceView& view : prices) {
    const Price& price = view.price;
    listing.items.push_back(api::to_json(view));
    listing.ids.push_back(price.id);
    std::vector<Cell> row{text_cell(price.model, Tone::strong),
                          text_cell(price.provider),
                          rate_cell(price, Bucket::input),
                          rate_cell(price, Bucket::cached_input),
                          rate_cell(price, Bucket::output),
                          text_cell(price.date),
                          text_cell(view.own ? "you" : "catalogue")};
    for (const Bucket bucket : domain::kBuckets) row.push_back(rate_cell(price, bucket));
    row.push_back(money_cell(price.per_request));
    listing.table.add(std::move(row));
  }
  return listing;
}

Listing list_of_models(const std::vector<domain::ModelView>& models) {
  Listing listing{api::Json::array(),
                  {},
                  Table({{.title = "MODEL", .shrinks_to = 20},
                         {.title = "UPSTREAMS", .rank = 1, .shrinks_to = 12},
                         {.title = "INPUT", .align = Align::point, .rank = 2},
                         {.title = "OUTPUT", .align = Align::point, .rank = 2}}),
                  "no model can be called; add an upstream: nufi upstreams add openai --preset "
                  "openai"};
  for (const domain::ModelView& view : models) {
    listing.items.push_back(api::to_json(view));
    listing.ids.push_back(view.name);
    listing.table.add({text_cell(view.name, Tone::strong),
                       list_cell(view.upstreams, "none"),
                       rate_cell(view.price, Bucket::input),
                       rate_cell(view.price, Bucket::output)});
  }
  return listing;
}

}  // namespace nufi::cli
