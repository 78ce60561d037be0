#include "lib/api/fields.hpp"
#include "lib/base/text.hpp"

namespace nufi::api {

namespace {

/// What was written as a JSON object is sent as one; anything else (an entry of an older nufid) as
/// the text it is.
Json told(const std::string& text) {
  if (text.empty()) return Json(nullptr);
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json(text);
}

std::string read_told(const Json& json, std::string_view /*field*/) {
  return json.is_string() ? json.get<std::string>() : to_text(json);
}

}  // namespace

Json to_json(const domain::AuditView& view) {
  return Json{{"id", view.id},
              {"time", format_rfc3339(view.time)},
              {"account", text_or_null(view.account)},
              {"account_id", view.account_id},
              {"uid", view.uid < 0 ? Json(nullptr) : Json(view.uid)},
              {"via", text_or_null(view.via)},
              {"action", view.action},
              {"subject", view.subject},
              {"name", text_or_null(view.name)},
              {"before", told(view.before)},
              {"after", told(view.after)}};
}

domain::AuditView audit_from_json(const Json& json) {
  Fields fields(json, "entry");
  domain::AuditView view;
  view.id = fields.need("id", read_integer);
  view.time = fields.need("time", read_time);
  view.account = fields.get("account", read_text);
  view.account_id = fields.get("account_id", read_text);
  view.uid = fields.maybe("uid", read_integer).value_or(-1);
  view.via = fields.get("via", read_text);
  view.action = fields.need("action", read_text);
  view.subject = fields.get("subject", read_text);
  view.name = fields.get("name", read_text);
  view.before = fields.get("before", read_told);
  view.after = fields.get("after", read_told);
  return view;
}

}  // namespace nufi::api
