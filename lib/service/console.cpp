#include "lib/service/console.hpp"

#include "lib/base/error.hpp"
#include "lib/base/id.hpp"
#include "lib/service/context.hpp"
#include "lib/service/people.hpp"

#include <algorithm>
#include <utility>

namespace nufi::service {

namespace {

constexpr std::size_t kDigits = 43;  // 62^43 > 2^256

}  // namespace

void ConsoleSessions::drop_stale(Passes& passes, Timestamp now) {
  std::erase_if(passes, [&](const auto& entry) { return entry.second.until <= now; });
}

Secret ConsoleSessions::add(Passes& passes, Pass pass, std::size_t most) {
  const auto is_of_user = [&](const auto& entry) { return entry.second.uid == pass.uid; };
  const auto count = std::count_if(passes.begin(), passes.end(), is_of_user);
  if (static_cast<std::size_t>(count) >= most) {
    auto oldest = passes.end();
    for (auto at = passes.begin(); at != passes.end(); ++at) {
      if (!is_of_user(*at)) continue;
      if (oldest == passes.end() || at->second.until < oldest->second.until) oldest = at;
    }
    passes.erase(oldest);
  }
  Secret secret(random_base62(kDigits));
  passes.emplace(sha256(secret.expose()), pass);
  return secret;
}

Secret ConsoleSessions::make_code(std::int64_t uid) {
  const Timestamp now = clock_.now();
  auto everybody = everybody_.lock();
  drop_stale(everybody->codes, now);
  return add(everybody->codes, {.uid = uid, .until = now + kCodeLife}, kMostCodes);
}

std::optional<Secret> ConsoleSessions::begin(std::string_view code) {
  const Timestamp now = clock_.now();
  auto everybody = everybody_.lock();
  drop_stale(everybody->codes, now);
  drop_stale(everybody->sessions, now);
  const auto bought = everybody->codes.extract(sha256(code));
  if (bought.empty()) return std::nullopt;
  return add(
      everybody->sessions, {.uid = bought.mapped().uid, .until = now + kIdleLife}, kMostSessions);
}

std::optional<std::int64_t> ConsoleSessions::find(std::string_view session) {
  const Timestamp now = clock_.now();
  auto everybody = everybody_.lock();
  drop_stale(everybody->sessions, now);
  const auto found = everybody->sessions.find(sha256(session));
  if (found == everybody->sessions.end()) return std::nullopt;
  found->second.until = now + kIdleLife;
  return found->second.uid;
}

void ConsoleSessions::end(std::string_view session) {
  everybody_.lock()->sessions.erase(sha256(session));
}

domain::ConsoleLink make_console_link(const Context& context, const Actor& actor) {
  require_socket(actor, "open the console");
  if (context.facts.console_url.empty()) {
    throw Error(Errc::conflict,
                "the console of this nufid is off",
                "start nufid with --console-listen 127.0.0.1:6835");
  }
  const Secret code = context.consoles.make_code(actor.uid);
  return {.url = Secret(context.facts.console_url + "/#code=" + code.expose()),
          .expires_at = context.clock.now() + ConsoleSessions::kCodeLife};
}

Actor admit_session(const Context& context, std::string_view session) {
  const auto uid = context.consoles.find(session);
  if (!uid) {
    throw Error(
        Errc::unauthorized, "this session has ended", "open the console again with: nufi console");
  }
  Actor actor = admit(context, *uid);
  actor.via = "console";
  return actor;
}

}  // namespace nufi::service
