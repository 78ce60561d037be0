#include "lib/api/fields.hpp"
#include "lib/base/text.hpp"

namespace nufi::api {

using domain::Multiplier;

namespace {

/// A multiplier is a number like an amount of money, with fewer digits: millionths.
constexpr std::int64_t kNanosPerMillionth = 1000;

Json multiplier_to_json(Multiplier multiplier) {
  return money_to_json(domain::Money::nanos(multiplier * kNanosPerMillionth));
}

Multiplier read_multiplier(const Json& json, std::string_view field) {
  const std::int64_t nanos = money_from_json(json, field).nanos();
  if (nanos % kNanosPerMillionth != 0) {
    throw Error(Errc::invalid, std::string(field) + " has at most six digits after the point");
  }
  return nanos / kNanosPerMillionth;
}

}  // namespace

Json to_json(const domain::GroupView& view) {
  const domain::Group& group = view.group;
  return Json{{"id", group.id.text()},
              {"name", group.name},
              {"multiplier", multiplier_to_json(group.multiplier)},
              {"allowed_models", group.allowed_models},
              {"rpm", value_or_null(group.rpm)},
              {"tpm", value_or_null(group.tpm)},
              {"max_parallel", value_or_null(group.max_parallel)},
              {"upstreams", group.upstreams},
              {"live_keys", view.live_keys},
              {"created_at", format_rfc3339(group.created_at)}};
}

domain::GroupView group_from_json(const Json& json) {
  Fields fields(json, "group");
  domain::GroupView view;
  domain::Group& group = view.group;
  group.id = domain::GroupId(fields.need("id", read_text));
  group.name = fields.need("name", read_text);
  group.multiplier = fields.need("multiplier", read_multiplier);
  group.allowed_models = fields.get("allowed_models", read_texts);
  group.rpm = fields.maybe("rpm", read_integer);
  group.tpm = fields.maybe("tpm", read_integer);
  group.max_parallel = fields.maybe("max_parallel", read_integer);
  group.upstreams = fields.get("upstreams", read_texts);
  view.live_keys = fields.get("live_keys", read_integer);
  group.created_at = fields.need("created_at", read_time);
  return view;
}

Json to_json(const domain::GroupTerms& terms) {
  Json json = Json::object();
  put_change(json, "name", terms.name);
  put_change(json, "multiplier", terms.multiplier, multiplier_to_json);
  put_change(json, "allowed_models", terms.allowed_models);
  put_change(json, "rpm", terms.rpm);
  put_change(json, "tpm", terms.tpm);
  put_change(json, "max_parallel", terms.max_parallel);
  put_change(json, "upstreams", terms.upstreams);
  return json;
}

domain::GroupTerms group_terms_from_json(const Json& json) {
  Fields fields(json, "the body");
  domain::GroupTerms terms;
  terms.name = fields.change("name", read_text);
  terms.multiplier = fields.change("multiplier", read_multiplier);
  terms.allowed_models = fields.change("allowed_models", read_texts);
  terms.rpm = fields.change("rpm", read_integer);
  terms.tpm = fields.change("tpm", read_integer);
  terms.max_parallel = fields.change("max_parallel", read_integer);
  terms.upstreams = fields.change("upstreams", read_texts);
  fields.refuse_others();
  return terms;
}

}  // namespace nufi::api
