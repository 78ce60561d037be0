#include "daemon/routes.hpp"
#include "lib/api/price_list.hpp"
#include "lib/service/price_import.hpp"
#include "lib/service/prices.hpp"
#include "lib/service/reprice.hpp"

namespace nufi::daemon {

using api::to_json;

Reply get_models(const RouteCall& call) {
  return list_reply(service::list_models(call.context));
}

Reply get_prices(const RouteCall& call) {
  return list_reply(service::list_prices(call.context, call.query_text("model")));
}

Reply put_price(const RouteCall& call) {
  auto body = call.body();
  const auto model = body.find("model");
  if (model == body.end() || !model->is_string()) {
    throw Error(Errc::invalid, "model must be the name of a model");
  }
  const std::string name = *model;
  body.erase(model);
  const auto terms = api::price_terms_from_json(body);
  return json_reply(to_json(service::set_price(call.context, call.actor, name, terms)));
}

Reply delete_price(const RouteCall& call) {
  const auto model = call.query("model");
  if (!model) throw Error(Errc::invalid, "model must be the name of a model");
  service::unset_price(call.context, call.actor, *model);
  return json_reply({{"removed", *model}});
}

Reply post_prices_import(const RouteCall& call) {
  auto list = api::read_price_list(call.request.body);
  return json_reply(to_json(service::import_prices(
      call.context, call.actor, std::move(list), call.query_flag("dry_run"))));
}

Reply post_ledger_reprice(const RouteCall& call) {
  const auto terms = api::reprice_terms_from_json(call.body());
  return json_reply(to_json(service::reprice(call.context, call.actor, terms)));
}

}  // namespace nufi::daemon
