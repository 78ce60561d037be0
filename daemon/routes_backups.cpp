#include "daemon/routes.hpp"
#include "lib/service/backup.hpp"

namespace nufi::daemon {

namespace {

using nlohmann::ordered_json;

std::string_view state_name(service::BackupView::State state) {
  switch (state) {
    case service::BackupView::State::copying:
      return "copying";
    case service::BackupView::State::ready:
      return "ready";
    case service::BackupView::State::failed:
      return "failed";
  }
  return "";
}

ordered_json to_json(const service::BackupView& backup) {
  ordered_json json;
  json["id"] = backup.id;
  json["state"] = state_name(backup.state);
  json["pages_done"] = backup.pages_done;
  json["pages"] = backup.pages;
  json["bytes"] = backup.bytes;
  json["problem"] = backup.problem.empty() ? ordered_json(nullptr) : ordered_json(backup.problem);
  return json;
}

Reply bytes_reply(std::string bytes) {
  return {.status = 200,
          .body = std::move(bytes),
          .content_type = "application/octet-stream",
          .headers = {{"Cache-Control", "no-store"}}};
}

}  // namespace

Reply post_backup(const RouteCall& call) {
  return json_reply(to_json(call.context.backups.start(call.actor)), 202);
}

Reply get_backup(const RouteCall& call) {
  return json_reply(to_json(call.context.backups.show(call.actor, call.words[0])));
}

Reply get_backup_content(const RouteCall& call) {
  const auto offset = call.query_number("offset").value_or(0);
  return bytes_reply(call.context.backups.read(call.actor, call.words[0], offset));
}

Reply get_backup_key(const RouteCall& call) {
  return bytes_reply(call.context.backups.read_key(call.actor, call.words[0]).expose());
}

Reply delete_backup(const RouteCall& call) {
  call.context.backups.remove(call.actor, call.words[0]);
  return json_reply(ordered_json::object());
}

}  // namespace nufi::daemon
