#include "lib/api/fields.hpp"

namespace nufi::api {

using domain::Money;
using domain::ServiceTier;

namespace {

constexpr std::array<std::pair<ServiceTier, const char*>, 3> kServiceTiers = {
    {{ServiceTier::flex, "flex"},
     {ServiceTier::priority, "priority"},
     {ServiceTier::batch, "batch"}}};

Json service_to_json(const domain::Price& price) {
  Json json = Json::object();
  for (const auto& [tier, name] : kServiceTiers) {
    const auto& rates = price.service[static_cast<std::size_t>(tier)];
    json[name] = rates ? rates_to_json(*rates) : Json(nullptr);
  }
  return json;
}

Json price_to_json(const domain::Price& price) {
  return Json{{"id", price.id},
              {"provider", text_or_null(price.provider)},
              {"model", price.model},
              {"mode", text_or_null(price.mode)},
              {"date", text_or_null(price.date)},
              {"free", price.free},
              {"rates", rates_to_json(price.rates)},
              {"tiers", tiers_to_json(price.tiers)},
              {"service", service_to_json(price)},
              {"per_request_usd", money_to_json(price.per_request)},
              {"context_window", value_or_null(price.context_window)},
              {"max_output", value_or_null(price.max_output)},
              {"deprecates", value_or_null(price.deprecates)}};
}

domain::Price read_price(const Json& json, std::string_view field) {
  Fields fields(json, field);
  domain::Price price;
  price.id = fields.get("id", read_text);
  price.provider = fields.get("provider", read_text);
  price.model = fields.need("model", read_text);
  price.mode = fields.get("mode", read_text);
  price.date = fields.get("date", read_text);
  price.free = fields.get("free", read_flag);
  price.rates = fields.get("rates", read_rates);
  price.tiers = fields.get("tiers", read_tiers);
  if (const Json* service = fields.find("service"); service != nullptr && service->is_object()) {
    Fields tiers(*service, "service");
    for (const auto& [tier, name] : kServiceTiers) {
      price.service[static_cast<std::size_t>(tier)] = tiers.maybe(name, read_rates);
    }
  }
  price.per_request = fields.get("per_request_usd", money_from_json);
  price.context_window = fields.maybe("context_window", read_integer);
  price.max_output = fields.maybe("max_output", read_integer);
  price.deprecates = fields.maybe("deprecates", read_text);
  return price;
}

}  // namespace

Json to_json(const domain::PriceView& view) {
  Json json = price_to_json(view.price);
  json["own"] = view.own;
  return json;
}

domain::PriceView price_from_json(const Json& json) {
  Fields fields(json, "price");
  domain::PriceView view;
  view.price = read_price(json, "price");
  view.own = fields.get("own", read_flag);
  return view;
}

Json to_json(const domain::PriceTerms& terms) {
  return Json{{"free", terms.free},
              {"rates", rates_to_json(terms.rates)},
              {"tiers", tiers_to_json(terms.tiers)},
              {"per_request_usd", money_to_json(terms.per_request)},
              {"max_output", value_or_null(terms.max_output)}};
}

domain::PriceTerms price_terms_from_json(const Json& json) {
  Fields fields(json, "the body");
  domain::PriceTerms terms;
  fields.find("model");  // named beside the terms in PUT /v1/prices
  terms.free = fields.get("free", read_flag);
  terms.rates = fields.get("rates", read_rates_strictly);
  terms.tiers = fields.get("tiers", read_tiers_strictly);
  terms.per_request = Money::nanos(fields.get("per_request_usd", read_rate));
  terms.max_output = fields.maybe("max_output", read_integer);
  fields.refuse_others();
  return terms;
}

Json to_json(const domain::ModelView& view) {
  return Json{{"name", view.name},
              {"upstreams", view.upstreams},
              {"price", view.price ? price_to_json(*view.price) : Json(nullptr)}};
}

domain::ModelView model_from_json(const Json& json) {
  Fields fields(json, "model");
  domain::ModelView view;
  view.name = fields.need("name", read_text);
  view.upstreams = fields.get("upstreams", read_texts);
  view.price = fields.maybe("price", read_price);
  return view;
}

}  // namespace nufi::api
