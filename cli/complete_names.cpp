#include "cli/complete_names.hpp"

#include "cli/format.hpp"
#include "cli/show_keys.hpp"
#include "lib/base/error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string_view>

namespace nufi::cli {

namespace {

using std::chrono::milliseconds;

/// How long somebody who pressed a key may wait for names, all requests together.
constexpr milliseconds kPatience{250};
/// So many of the newest traces; older ones are told by their id.
constexpr int kTraces = 50;

/// Gives up when its time is over, whatever the calls it carries would wait for.
class Hurried final : public api::Transport {
 public:
  Hurried(std::unique_ptr<api::Transport> inner, const Clock& clock)
      : inner_(std::move(inner)), clock_(clock), end_(clock.steady() + kPatience) {}

  api::Reply send(const std::string& method,
                  const std::string& target,
                  const std::string& body) override {
    const auto left = std::chrono::duration_cast<milliseconds>(end_ - clock_.steady());
    if (left < milliseconds(1)) throw Error(Errc::unreachable, "nufid is too slow");
    inner_->set_patience(left);
    return inner_->send(method, target, body);
  }
  void set_patience(milliseconds) override {}

 private:
  std::unique_ptr<api::Transport> inner_;
  const Clock& clock_;
  SteadyTime end_;
};

/// False for keys that `path` would refuse, or that it does nothing to.
bool takes(const std::string& path, domain::KeyState state) {
  const bool lives = is_live(state);
  if (path == "keys enable") return state == domain::KeyState::disabled;
  if (path == "keys disable") return lives && state != domain::KeyState::disabled;
  if (path == "keys archive") return !lives;
  if (path == "keys revoke" || path == "keys rotate" || path == "keys edit" || path == "run") {
    return lives;
  }
  return true;
}

std::vector<Candidate> keys(api::Client& client, const std::string& path) {
  api::KeyQuery query;
  query.archived = path == "keys unarchive";
  std::vector<Candidate> found;
  for (const domain::KeyView& view : client.keys(query)) {
    if (!takes(path, view.state)) continue;
    const auto& limits = view.standing.limits;
    std::string text(domain::key_state_name(view.state));
    text += ", " + human_money(domain::Money::nanos(view.standing.usd.spent));
    if (limits.budget) text += " of " + human_budget(limits.budget, limits.budget_period);
    found.push_back({view.key.name, std::move(text)});
  }
  return found;
}

std::vector<Candidate> models(api::Client& client, const std::string& path) {
  std::vector<Candidate> found;
  if (path == "prices unset") {
    for (const domain::PriceView& view : client.prices("")) {
      if (view.own) found.push_back({view.price.model, "your price"});
    }
    return found;
  }
  for (const domain::ModelView& view : client.models()) {
    std::string upstreams;
    for (const std::string& name : view.upstreams) {
      upstreams += (upstreams.empty() ? "" : ", ") + name;
    }
    found.push_back({view.name, upstreams});
  }
  return found;
}

/// What the setting that was named may be set to.
std::vector<Candidate> setting_values(api::Client& client, const ValueOf& value) {
  std::vector<Candidate> found;
  for (const api::Setting& setting : client.settings()) {
    if (value.arguments.empty() || setting.name != value.arguments.front()) continue;
    for (const std::string& word : setting.words) {
      const bool is_now = word == setting.effective();
      found.push_back({word, is_now ? "as it is" : word == setting.fallback ? "the default" : ""});
    }
  }
  return found;
}

std::vector<Candidate> ask(api::Client& client, Named kind, const ValueOf& value) {
  std::vector<Candidate> found;
  switch (kind) {
    case Named::key:
      return keys(client, value.path);
    case Named::model:
      return models(client, value.path);
    case Named::setting_value:
      return setting_values(client, value);
    case Named::upstream:
      for (const auto& view : client.upstreams()) {
        found.push_back({view.upstream.name, view.upstream.url.text()});
      }
      break;
    case Named::group:
      for (const auto& view : client.groups()) {
        found.push_back({view.group.name, human_count_of(view.live_keys, "live key")});
      }
      break;
    case Named::project:
      for (const auto& view : client.projects(/*all=*/false)) {
        found.push_back({view.project.name, human_count_of(view.live_keys, "live key")});
      }
      break;
    case Named::account:
      for (const auto& view : client.accounts()) {
        found.push_back({view.account.username, view.account.display_name});
      }
      break;
    case Named::setting:
      for (const auto& setting : client.settings()) {
        found.push_back({setting.name, setting.description});
      }
      break;
    case Named::trace:
      for (const auto& head : client.traces(kTraces, "")) {
        found.push_back({head.id, fmt::format("{}, {}", head.key_name, head.model)});
      }
      break;
    case Named::token:
      for (const auto& view : client.tokens()) {
        if (view.state == domain::TokenState::revoked) continue;
        found.push_back(
            {view.token.name,
             fmt::format("{}, of {}", domain::token_state_name(view.state), view.account)});
      }
      break;
    case Named::nothing:
    case Named::file:
    case Named::variable:
    case Named::command:
      break;
  }
  return found;
}

struct Meaning {
  std::string_view title;
  Named kind;
};

}  // namespace

Named named_by(const std::string& path, const CLI::Option& option) {
  const bool is_positional = option.get_positional();
  const std::string title = is_positional ? option.get_name(true) : option.get_type_name();
  if (title == "NAME") {
    if (option.check_name("--upstream")) return Named::upstream;
    if (is_positional && path.starts_with("config ")) return Named::setting;
    const bool is_upstream = path.starts_with("upstreams ") && path != "upstreams add";
    return is_positional && is_upstream ? Named::upstream : Named::nothing;
  }
  if (title == "VALUE" && path == "config set") return Named::setting_value;
  static constexpr std::array kMeanings = {Meaning{"KEY", Named::key},
                                           Meaning{"MODEL", Named::model},
                                           Meaning{"GLOB", Named::model},
                                           Meaning{"UPSTREAM", Named::upstream},
                                           Meaning{"GROUP", Named::group},
                                           Meaning{"PROJECT", Named::project},
                                           Meaning{"ACCOUNT", Named::account},
                                           Meaning{"SETTING", Named::setting},
                                           Meaning{"REQUEST", Named::trace},
                                           Meaning{"TOKEN", Named::token},
                                           Meaning{"FILE", Named::file},
                                           Meaning{"PATH", Named::file},
                                           Meaning{"VARIABLE", Named::variable},
                                           Meaning{"CMD", Named::command}};
  for (const Meaning& meaning : kMeanings) {
    if (title == meaning.title) return meaning.kind;
  }
  return Named::nothing;
}

std::vector<Candidate> names_of(Context& context, Named kind, const ValueOf& value) {
  try {
    api::Client client(
        std::make_unique<Hurried>(context.connect(context.socket_path()), context.clock));
    auto found = ask(client, kind, value);
    // A shell could not type or show those; models are called as their providers like.
    std::erase_if(found, [](const Candidate& name) { return printable(name.value) != name.value; });
    return found;
  } catch (const Error&) {
    return {};  // a line that is being typed is no place for messages
  }
}

}  // namespace nufi::cli
