#include "lib/api/fields.hpp"

#include <algorithm>

namespace nufi::api {

using domain::HealthCheck;
using domain::HealthState;

namespace {

std::int64_t count(const std::vector<HealthCheck>& checks, HealthState state) {
  return std::count_if(checks.begin(), checks.end(), [state](const HealthCheck& check) {
    return check.state == state;
  });
}

HealthState read_state(const Json& json, std::string_view field) {
  return read_word<HealthState>(
      json, field, domain::health_state_from_name, "ok, warning, fault, skipped");
}

}  // namespace

Json to_json(const HealthCheck& check) {
  return Json{{"name", check.name},
              {"state", domain::health_state_name(check.state)},
              {"finding", check.finding},
              {"remedy", text_or_null(check.remedy)}};
}

HealthCheck health_check_from_json(const Json& json) {
  Fields fields(json, "check");
  HealthCheck check;
  check.name = fields.need("name", read_text);
  check.state = fields.need("state", read_state);
  check.finding = fields.get("finding", read_text);
  check.remedy = fields.get("remedy", read_text);
  return check;
}

Json to_json(const std::vector<HealthCheck>& checks) {
  Json list = Json::array();
  for (const HealthCheck& check : checks) list.push_back(to_json(check));
  return Json{{"checks", std::move(list)},
              {"faults", count(checks, HealthState::fault)},
              {"warnings", count(checks, HealthState::warning)}};
}

std::vector<HealthCheck> health_from_json(const Json& json) {
  Fields fields(json, "doctor");
  return fields.need("checks", [](const Json& list, std::string_view field) {
    if (!list.is_array()) throw Error(Errc::invalid, std::string(field) + " must be a list");
    std::vector<HealthCheck> checks;
    for (const Json& item : list) checks.push_back(health_check_from_json(item));
    return checks;
  });
}

}  // namespace nufi::api
