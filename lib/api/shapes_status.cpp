#include "lib/api/fields.hpp"
#include "lib/base/text.hpp"

namespace nufi::api {

Json to_json(const domain::StatusView& view) {
  Json upstreams = Json::array();
  for (const domain::UpstreamView& upstream : view.upstreams) {
    upstreams.push_back(to_json(upstream));
  }
  Json spend = Json::object();
  put_standing(spend, view.spend);
  return Json{{"version", view.version},
              {"pid", view.pid},
              {"started_at", format_rfc3339(view.started_at)},
              {"inference_url", view.inference_url},
              {"console_url", text_or_null(view.console_url)},
              {"socket", view.socket},
              {"data_dir", view.data_dir},
              {"durability", view.durability},
              {"timezone", view.timezone},
              {"schema_version", view.schema_version},
              {"ledger_writable", view.ledger_writable},
              {"ledger_problem", text_or_null(view.ledger_problem)},
              {"draining", view.draining},
              {"calls_in_flight", view.calls_in_flight},
              {"held_usd", money_to_json(view.held)},
              {"spend", std::move(spend)},
              {"upstreams", std::move(upstreams)},
              {"live_keys", view.live_keys},
              {"catalogue_date", text_or_null(view.catalogue_date)}};
}

domain::StatusView status_from_json(const Json& json) {
  Fields fields(json, "status");
  domain::StatusView view;
  view.version = fields.need("version", read_text);
  view.pid = fields.get("pid", read_integer);
  view.started_at = fields.get("started_at", read_time);
  view.inference_url = fields.get("inference_url", read_text);
  view.console_url = fields.get("console_url", read_text);
  view.socket = fields.get("socket", read_text);
  view.data_dir = fields.get("data_dir", read_text);
  view.durability = fields.get("durability", read_text);
  view.timezone = fields.get("timezone", read_text);
  view.schema_version = static_cast<int>(fields.get("schema_version", read_integer));
  view.ledger_writable = fields.maybe("ledger_writable", read_flag).value_or(true);
  view.ledger_problem = fields.get("ledger_problem", read_text);
  view.draining = fields.get("draining", read_flag);
  view.calls_in_flight = fields.get("calls_in_flight", read_integer);
  view.held = fields.get("held_usd", money_from_json);
  view.spend = fields.get("spend", [](const Json& spend, std::string_view name) {
    Fields inner(spend, name);
    return read_standing(inner);
  });
  view.upstreams = fields.get("upstreams", [](const Json& list, std::string_view name) {
    if (!list.is_array()) throw Error(Errc::invalid, std::string(name) + " must be a list");
    std::vector<domain::UpstreamView> upstreams;
    for (const Json& item : list) upstreams.push_back(upstream_from_json(item));
    return upstreams;
  });
  view.live_keys = fields.get("live_keys", read_integer);
  view.catalogue_date = fields.get("catalogue_date", read_text);
  return view;
}

}  // namespace nufi::api
