#include "lib/api/fields.hpp"
#include "lib/base/text.hpp"

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
              {"per_image_usd", money_to_json(price.per_image)},
              {"per_second_usd", money_to_json(price.per_second)},
              {"per_character_usd", money_to_json(price.per_character)},
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
  price.per_image = fields.get("per_image_usd", money_from_json);
  price.per_second = fields.get("per_second_usd", money_from_json);
  price.per_character = fields.get("per_character_usd", money_from_json);
  price.context_window = fields.maybe("context_window", read_integer);
  price.max_output = fields.maybe("max_output", read_integer);
  price.deprecates = fields.maybe("deprecates", read_text);
  return price;
}

/// The items of an array.
std::vector<Json> read_array(const Json& json, std::string_view field) {
  if (!json.is_array()) throw Error(Errc::invalid, std::string(field) + " must be a list");
  return {json.begin(), json.end()};
}

domain::RequestId read_request_id(const Json& json, std::string_view field) {
  const auto id = domain::RequestId::parse(read_text(json, field));
  if (id == domain::RequestId()) {
    throw Error(Errc::invalid, std::string(field) + " must be the id of a request");
  }
  return id;
}

Json id_or_null(domain::RequestId id) {
  return id == domain::RequestId() ? Json(nullptr) : Json(id.text());
}

Json sums_to_json(const domain::RepriceSums& sums) {
  return Json{{"rows", sums.rows},
              {"changed", sums.changed},
              {"kept", sums.kept},
              {"old_cost_usd", money_to_json(sums.old_cost)},
              {"new_cost_usd", money_to_json(sums.new_cost)}};
}

domain::RepriceSums read_sums(Fields& fields) {
  domain::RepriceSums sums;
  sums.rows = fields.get("rows", read_integer);
  sums.changed = fields.get("changed", read_integer);
  sums.kept = fields.get("kept", read_integer);
  sums.old_cost = fields.get("old_cost_usd", money_from_json);
  sums.new_cost = fields.get("new_cost_usd", money_from_json);
  return sums;
}

}  // namespace

Json to_json(const domain::PriceView& view) {
  Json json = price_to_json(view.price);
  json["own"] = view.own;
  json["imported"] = view.imported;
  json["warnings"] = view.warnings;
  return json;
}

domain::PriceView price_from_json(const Json& json) {
  Fields fields(json, "price");
  domain::PriceView view;
  view.price = read_price(json, "price");
  view.own = fields.get("own", read_flag);
  view.imported = fields.get("imported", read_flag);
  view.warnings = fields.get("warnings", read_texts);
  return view;
}

Json to_json(const domain::PriceTerms& terms) {
  return Json{{"free", terms.free},
              {"rates", rates_to_json(terms.rates)},
              {"tiers", tiers_to_json(terms.tiers)},
              {"per_request_usd", money_to_json(terms.per_request)},
              {"per_image_usd", money_to_json(terms.per_image)},
              {"per_second_usd", money_to_json(terms.per_second)},
              {"per_character_usd", money_to_json(terms.per_character)},
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
  terms.per_image = Money::nanos(fields.get("per_image_usd", read_rate));
  terms.per_second = Money::nanos(fields.get("per_second_usd", read_rate));
  terms.per_character = Money::nanos(fields.get("per_character_usd", read_rate));
  terms.max_output = fields.maybe("max_output", read_integer);
  fields.refuse_others();
  return terms;
}

Json to_json(const domain::PriceImport& report) {
  Json json{{"applied", report.applied},
            {"added", Json::array()},
            {"changed", Json::array()},
            {"unchanged", report.unchanged},
            {"skipped", report.skipped},
            {"refused", Json::array()}};
  for (const domain::PriceChange& change : report.added) {
    json["added"].push_back(price_to_json(change.price));
  }
  for (const domain::PriceChange& change : report.changed) {
    Json before = change.before ? price_to_json(*change.before) : Json(nullptr);
    json["changed"].push_back(
        Json{{"price", price_to_json(change.price)}, {"before", std::move(before)}});
  }
  for (const domain::RefusedPrice& refused : report.refused) {
    json["refused"].push_back(Json{{"provider", text_or_null(refused.provider)},
                                   {"model", refused.model},
                                   {"reason", refused.reason}});
  }
  return json;
}

domain::PriceImport price_import_from_json(const Json& json) {
  Fields fields(json, "import");
  domain::PriceImport report;
  report.applied = fields.get("applied", read_flag);
  report.unchanged = fields.get("unchanged", read_integer);
  report.skipped = fields.get("skipped", read_integer);
  for (const Json& price : fields.get("added", read_array)) {
    report.added.push_back({read_price(price, "added"), std::nullopt});
  }
  for (const Json& item : fields.get("changed", read_array)) {
    Fields change(item, "changed");
    report.changed.push_back(
        {change.need("price", read_price), change.maybe("before", read_price)});
  }
  for (const Json& item : fields.get("refused", read_array)) {
    Fields refused(item, "refused");
    report.refused.push_back({refused.get("provider", read_text),
                              refused.need("model", read_text),
                              refused.need("reason", read_text)});
  }
  return report;
}

Json to_json(const domain::RepriceTerms& terms) {
  return Json{{"since", format_rfc3339(terms.since)},
              {"until", time_or_null(terms.until)},
              {"model", text_or_null(terms.model)},
              {"after", id_or_null(terms.after)},
              {"dry_run", terms.dry_run}};
}

domain::RepriceTerms reprice_terms_from_json(const Json& json) {
  Fields fields(json, "the body");
  domain::RepriceTerms terms;
  terms.since = fields.need("since", read_time);
  terms.until = fields.maybe("until", read_time);
  terms.model = fields.get("model", read_text);
  terms.after = fields.get("after", read_request_id);
  terms.dry_run = fields.get("dry_run", read_flag);
  fields.refuse_others();
  return terms;
}

Json to_json(const domain::RepriceReport& report) {
  Json json{{"applied", report.applied},
            {"from", format_rfc3339(report.from)},
            {"to", format_rfc3339(report.to)}};
  json.update(sums_to_json(report.totals));
  json["next"] = id_or_null(report.next.value_or(domain::RequestId()));
  json["models"] = Json::array();
  for (const auto& [model, sums] : report.models) {
    Json item{{"model", model}};
    item.update(sums_to_json(sums));
    json["models"].push_back(std::move(item));
  }
  return json;
}

domain::RepriceReport reprice_from_json(const Json& json) {
  Fields fields(json, "reprice");
  domain::RepriceReport report;
  report.applied = fields.get("applied", read_flag);
  report.from = fields.need("from", read_time);
  report.to = fields.need("to", read_time);
  report.totals = read_sums(fields);
  report.next = fields.maybe("next", read_request_id);
  for (const Json& item : fields.get("models", read_array)) {
    Fields model(item, "models");
    auto name = model.need("model", read_text);
    report.models.emplace(std::move(name), read_sums(model));
  }
  return report;
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
