#include "lib/service/settings.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/context.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace nufi::service {

namespace {

/// One setting: what it may hold is one of its words, or else what `read` accepts.
struct Setting {
  std::string_view name;
  std::string_view default_text;
  std::string_view description;
  void (*read)(SettingValues& values, const std::string& text);  ///< one of `words`, if any
  std::string_view words = {};  ///< all it may hold, with a blank between two; "" = many more
};

void read_timezone(SettingValues& values, const std::string& text) {
  values.timezone = text == "UTC" ? TimeZone() : TimeZone::named(text);
}

void read_hold_wait(SettingValues& values, const std::string& text) {
  values.hold_wait = parse_wait(text, "hold_wait");
}

void read_default_budget(SettingValues& values, const std::string& text) {
  values.default_budget.reset();
  if (text == "none") return;
  values.default_budget = domain::parse_usd(text);
  if (!values.default_budget) {
    throw Error(Errc::invalid,
                "default_budget_usd must be an amount in USD or none",
                "for example 20 or 0.5");
  }
}

void read_default_period(SettingValues& values, const std::string& text) {
  values.default_budget_period = domain::period_from_name(text).value();
}

void read_default_token_limit(SettingValues& values, const std::string& text) {
  values.default_token_limit.reset();
  if (text == "none") return;
  const auto limit = parse_integer(text);
  if (!limit || *limit < 0) {
    throw Error(
        Errc::invalid, "default_token_limit must be a whole number or none", "for example 1000000");
  }
  values.default_token_limit = *limit;
}

void read_default_token_period(SettingValues& values, const std::string& text) {
  values.default_token_limit_period = domain::period_from_name(text).value();
}

void read_on_disconnect(SettingValues& values, const std::string& text) {
  values.drain_on_disconnect = text == "drain";
}

void read_budget_status(SettingValues& values, const std::string& text) {
  values.budget_status = text == "429" ? 429 : 402;
}

void read_keep_days(SettingValues& values, const std::string& text) {
  values.keep_days.reset();
  if (text == "forever") return;
  const auto days = parse_integer(text);
  if (!days || *days < 1 || *days > 36'500) {
    throw Error(Errc::invalid, "keep_days must be a number of days from 1 on, or forever");
  }
  values.keep_days = static_cast<int>(*days);
}

void read_trace(SettingValues& values, const std::string& text) {
  values.trace = domain::trace_mode_from_name(text).value();
}

void read_trace_days(SettingValues& values, const std::string& text) {
  const auto days = parse_integer(text);
  if (!days || *days < 1 || *days > 3650) {
    throw Error(Errc::invalid, "trace_days must be a number of days from 1 to 3650");
  }
  values.trace_days = static_cast<int>(*days);
}

void read_trace_max_mib(SettingValues& values, const std::string& text) {
  const auto mib = parse_integer(text);
  if (!mib || *mib < 1 || *mib > 1'048'576) {
    throw Error(Errc::invalid, "trace_max_mib must be a number of MiB from 1 to 1048576");
  }
  values.trace_most_bytes = *mib << 20;
}

constexpr std::array kSettings = {
    Setting{"timezone",
            "UTC",
            "IANA time zone of budget cycles and reports; cycles follow it after a restart",
            read_timezone},
    Setting{"hold_wait",
            "2s",
            "how long a call that does not fit waits for calls in flight to settle",
            read_hold_wait},
    Setting{"default_budget_usd",
            "none",
            "budget of an account made from now on, in USD, or none",
            read_default_budget},
    Setting{"default_budget_period",
            "month",
            "period of that budget: day, week, month or total",
            read_default_period,
            "day week month total"},
    Setting{"default_token_limit",
            "none",
            "token limit of an account made from now on, or none",
            read_default_token_limit},
    Setting{"default_token_limit_period",
            "month",
            "period of that limit: minute, hour, day, week, month or total",
            read_default_token_period,
            "minute hour day week month total"},
    Setting{"on_disconnect",
            "cancel",
            "what becomes of a call whose client left: cancel it, or drain it for its exact usage",
            read_on_disconnect,
            "cancel drain"},
    Setting{"budget_status",
            "429",
            "HTTP status of a reached budget, 429 or 402; counts after a restart",
            read_budget_status,
            "429 402"},
    Setting{"keep_days",
            "90",
            "days that the rows of calls are kept, or forever; what they sum to always stays",
            read_keep_days},
    Setting{"trace",
            "off",
            "whose prompts and answers are kept as traces: off, on for all calls, or errors",
            read_trace,
            "off on errors"},
    Setting{"trace_days", "7", "days that traces are kept", read_trace_days},
    Setting{"trace_max_mib",
            "1024",
            "MiB that traces may take on the disk; the oldest go first",
            read_trace_max_mib},
};

const Setting& find_setting(const std::string& name) {
  std::vector<std::string> names;
  for (const Setting& setting : kSettings) {
    if (setting.name == name) return setting;
    names.emplace_back(setting.name);
  }
  const auto near = closest(name, names);
  throw Error(Errc::invalid,
              "there is no setting called '" + name + "'",
              near ? "did you mean " + *near : "see all of them with: nufi config list");
}

std::vector<std::string> words_of(const Setting& setting) {
  if (setting.words.empty()) return {};
  return split(setting.words, ' ');
}

void read_value(const Setting& setting, SettingValues& values, const std::string& text) {
  const auto words = words_of(setting);
  if (!words.empty() && std::find(words.begin(), words.end(), text) == words.end()) {
    std::string message = std::string(setting.name) + " must be ";
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (i > 0) message += i + 1 == words.size() ? " or " : ", ";
      message += words[i];
    }
    const auto near = closest(text, words);
    throw Error(Errc::invalid, message, near ? "did you mean " + *near : "");
  }
  setting.read(values, text);
}

SettingValues read_all(const std::map<std::string, std::string>& texts) {
  SettingValues values;
  for (const Setting& setting : kSettings) {
    const auto found = texts.find(std::string(setting.name));
    if (found != texts.end()) read_value(setting, values, found->second);
  }
  return values;
}

}  // namespace

std::chrono::milliseconds parse_wait(std::string_view text, std::string_view what) {
  using std::chrono::milliseconds;
  std::optional<milliseconds> wait;
  if (text == "0" || text == "0s") {
    wait = milliseconds(0);
  } else if (text.ends_with("ms")) {
    const auto count = parse_integer(text.substr(0, text.size() - 2));
    if (count && *count >= 0 && *count <= 3'600'000) wait = milliseconds(*count);
  } else if (const auto span = parse_duration(text)) {
    if (*span <= std::chrono::hours(1)) wait = *span;
  }
  if (!wait) {
    throw Error(Errc::invalid,
                std::string(what) + " must be a time of at most an hour",
                "for example 2s, 500ms or 0");
  }
  return *wait;
}

SettingValues read_settings(store::Settings& settings) {
  return read_all(settings.all());
}

std::vector<SettingView> list_settings(const Context& context, const Actor& /*actor*/) {
  const auto texts = context.store.settings().all();
  std::vector<SettingView> views;
  for (const Setting& setting : kSettings) {
    const auto found = texts.find(std::string(setting.name));
    SettingView view;
    view.name = setting.name;
    if (found != texts.end()) view.value = found->second;
    view.default_value = setting.default_text;
    view.description = setting.description;
    view.words = words_of(setting);
    views.push_back(std::move(view));
  }
  return views;
}

std::vector<SettingView> change_settings(const Context& context,
                                         const Actor& actor,
                                         const SettingChanges& changes) {
  require_admin(actor, "change settings");
  {
    const std::lock_guard lock(context.changes);
    store::Settings& settings = context.store.settings();
    const auto before = settings.all();
    for (const auto& [name, value] : changes) {
      const Setting& setting = find_setting(name);
      SettingValues scratch;
      if (value) read_value(setting, scratch, *value);
    }
    for (const auto& [name, value] : changes) {
      const auto old = before.find(name);
      const auto was = old == before.end() ? std::nullopt : std::optional(old->second);
      if (value == was) continue;
      const auto told = [&field = name](const std::optional<std::string>& text) {
        return Facts().text(field, text.value_or(""));
      };
      const auto entry =
          audit_change(context, actor, "setting.change", {name, {}}, told(was), told(value));
      if (value) {
        settings.set(name, *value, entry);
      } else {
        settings.unset(name, entry);
      }
    }
    if (context.settings_changed) context.settings_changed(read_all(settings.all()));
  }
  return list_settings(context, actor);
}

}  // namespace nufi::service
