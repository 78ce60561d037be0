#include "lib/api/fields.hpp"
#include "lib/base/text.hpp"

namespace nufi::api {

Json to_json(const domain::ProjectView& view) {
  const domain::Project& project = view.project;
  Json json{{"id", project.id.text()},
            {"name", project.name},
            {"account", view.account},
            {"created_at", format_rfc3339(project.created_at)}};
  put_standing(json, view.standing);
  json["allowed_models"] = project.allowed_models;
  json["live_keys"] = view.live_keys;
  return json;
}

domain::ProjectView project_from_json(const Json& json) {
  Fields fields(json, "project");
  domain::ProjectView view;
  domain::Project& project = view.project;
  project.id = domain::ProjectId(fields.need("id", read_text));
  project.name = fields.need("name", read_text);
  view.account = fields.get("account", read_text);
  project.created_at = fields.need("created_at", read_time);
  view.standing = read_standing(fields);
  project.limits = view.standing.limits;
  project.allowed_models = fields.get("allowed_models", read_texts);
  view.live_keys = fields.get("live_keys", read_integer);
  return view;
}

Json to_json(const domain::ProjectTerms& terms) {
  Json json = Json::object();
  put_change(json, "name", terms.name);
  put_limit_changes(json, terms);
  put_change(json, "allowed_models", terms.allowed_models);
  return json;
}

domain::ProjectTerms project_terms_from_json(const Json& json) {
  Fields fields(json, "the body");
  domain::ProjectTerms terms;
  terms.name = fields.change("name", read_text);
  read_limit_changes(fields, terms);
  terms.allowed_models = fields.change("allowed_models", read_texts);
  fields.refuse_others();
  return terms;
}

}  // namespace nufi::api
