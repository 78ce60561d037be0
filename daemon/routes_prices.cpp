#include "daemon/routes.hpp"
#include "lib/service/prices.hpp"

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

}  // namespace nufi::daemon
