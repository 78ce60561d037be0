#include "daemon/routes.hpp"
#include "lib/service/settings.hpp"

namespace nufi::daemon {

namespace {

using nlohmann::ordered_json;

ordered_json to_json(const service::SettingView& setting) {
  return {{"name", setting.name},
          {"value", setting.value ? ordered_json(*setting.value) : ordered_json(nullptr)},
          {"default", setting.default_value},
          {"description", setting.description},
          {"words", setting.words.empty() ? ordered_json(nullptr) : ordered_json(setting.words)}};
}

Reply settings_reply(const std::vector<service::SettingView>& settings) {
  auto data = ordered_json::array();
  for (const service::SettingView& setting : settings) data.push_back(to_json(setting));
  return json_reply({{"data", data}, {"next", nullptr}});
}

}  // namespace

Reply get_settings(const RouteCall& call) {
  return settings_reply(service::list_settings(call.context, call.actor));
}

Reply patch_settings(const RouteCall& call) {
  service::SettingChanges changes;
  const auto body = call.body();
  for (const auto& [name, value] : body.items()) {
    if (value.is_null()) {
      changes[name] = std::nullopt;
    } else if (value.is_string()) {
      changes[name] = value.get<std::string>();
    } else if (value.is_number() || value.is_boolean()) {
      changes[name] = value.dump();
    } else {
      throw Error(Errc::invalid, name + " must be a text, a number or null");
    }
  }
  return settings_reply(service::change_settings(call.context, call.actor, changes));
}

}  // namespace nufi::daemon
