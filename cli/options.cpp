#include "cli/options.hpp"

#include "cli/local_time.hpp"
#include "lib/base/text.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace nufi::cli {

using domain::Period;

namespace {

[[noreturn]] void wrong(const std::string& option,
                        const std::string& expected,
                        const std::string& hint = {}) {
  throw Error(Errc::usage, option + " must be " + expected, hint);
}

Period read_period(const std::string& value,
                   const std::string& option,
                   const std::vector<std::string>& words) {
  return domain::period_from_name(read_word(value, option, words)).value();
}

/// One edge of a range of time; `later`: so many days after a date that is given.
Timestamp read_edge(const std::string& value,
                    const std::string& option,
                    const Context& context,
                    std::chrono::days later) {
  if (const auto span = parse_duration(value)) return context.clock.now() - *span;
  if (const auto date = read_date(value, context.config.time_zone, later)) return *date;
  const auto instant = parse_rfc3339(value);
  if (!instant) wrong(option, "like 2h, 7d, 2026-08-01 or 2026-08-01T10:00:00Z");
  return *instant;
}

}  // namespace

void add_json_option(CLI::App& command, Context& context) {
  command.add_flag("--json", context.json, "print JSON");
}

void add_output_options(CLI::App& command, Context& context) {
  add_json_option(command, context);
  command.add_flag("-q,--quiet", context.quiet, "print only the id (or the new key)");
}

void add_report_options(CLI::App& command, Context& context) {
  add_json_option(command, context);
  command.add_flag("-q,--quiet", context.quiet, "print nothing beside it");
}

CLI::App* add_verb(CLI::App& noun,
                   Context& context,
                   const std::string& verb,
                   const std::string& help,
                   const Naming& naming,
                   std::string& word) {
  CLI::App* command = noun.add_subcommand(verb, help);
  command->add_option(naming.title, word, naming.help)->required()->type_name("");
  add_output_options(*command, context);
  return command;
}

void add_new_name(CLI::App& command, domain::Change<std::string>& name) {
  command
      .add_option_function<std::string>(
          "NAME",
          [&name](const std::string& value) { name = domain::Change<std::string>::set(value); },
          "its name")
      ->type_name("")
      ->excludes(command.get_option("--name"));
}

void add_yes_option(CLI::App& command, Context& context) {
  command.add_flag("--yes", context.yes, "do it without asking");
}

CLI::Option* add_value(CLI::App& command,
                       const std::string& name,
                       const std::string& type,
                       const std::string& help,
                       ReadValue read) {
  const std::string shown = name.substr(name.find("--"));
  return command
      .add_option_function<std::string>(
          name,
          [read = std::move(read), shown](const std::string& value) { read(value, shown); },
          help)
      ->type_name(type);
}

CLI::Option* add_values(CLI::App& command,
                        const std::string& name,
                        const std::string& type,
                        const std::string& help,
                        ReadValues read) {
  // One value each time, so that the word after it stays what it is.
  return command
      .add_option_function<std::vector<std::string>>(
          name,
          [read = std::move(read), name](const std::vector<std::string>& values) {
            read(values, name);
          },
          help)
      ->allow_extra_args(false)
      ->type_name(type);
}

void add_switch(CLI::App& command, const std::string& name, const std::string& help, bool& field) {
  command.add_flag(name, field, help);
}

void add_text(CLI::App& command,
              const std::string& name,
              const std::string& type,
              const std::string& help,
              domain::Change<std::string>& field) {
  add_value(command, name, type, help, [&field](const std::string& value, const std::string&) {
    field = domain::Change<std::string>::set(value);
  });
}

void add_count(CLI::App& command,
               const std::string& name,
               const std::string& help,
               domain::Change<std::int64_t>& field) {
  add_value(
      command, name, "N", help, [&field](const std::string& value, const std::string& option) {
        field = change_of<std::int64_t>(value, option, read_count);
      });
}

void add_whole(CLI::App& command,
               const std::string& name,
               const std::string& help,
               domain::Change<std::int64_t>& field) {
  add_value(
      command, name, "N", help, [&field](const std::string& value, const std::string& option) {
        field = change_of<std::int64_t>(value, option, read_whole);
      });
}

void add_list(CLI::App& command,
              const std::string& name,
              const std::string& type,
              const std::string& help,
              domain::Change<std::vector<std::string>>& field) {
  add_values(command,
             name,
             type,
             help,
             [&field](const std::vector<std::string>& values, const std::string& option) {
               using List = std::vector<std::string>;
               field = is_none(values, option) ? domain::Change<List>::clear()
                                               : domain::Change<List>::set(values);
             });
}

domain::Money read_money(const std::string& value, const std::string& option) {
  const auto amount = domain::parse_usd(value);
  if (!amount) wrong(option, "an amount in USD like 5 or 0.25");
  return *amount;
}

std::int64_t read_count(const std::string& value, const std::string& option) {
  const auto count = parse_integer(value);
  if (!count || *count <= 0) wrong(option, "a whole number above 0");
  return *count;
}

std::int64_t read_whole(const std::string& value, const std::string& option) {
  const auto count = parse_integer(value);
  if (!count) wrong(option, "a whole number");
  return *count;
}

std::string read_word(const std::string& value,
                      const std::string& option,
                      const std::vector<std::string>& words) {
  if (std::find(words.begin(), words.end(), value) != words.end()) return value;
  std::string list;
  for (const std::string& word : words) {
    if (!list.empty()) list += word == words.back() ? " or " : ", ";
    list += word;
  }
  const auto nearest = closest(value, words);
  wrong(option, list, nearest ? "did you mean " + *nearest + "?" : "");
}

const std::vector<std::string>& budget_periods() {
  static const std::vector<std::string> words{"day", "week", "month", "total"};
  return words;
}

const std::vector<std::string>& token_periods() {
  static const std::vector<std::string> words{"minute", "hour", "day", "week", "month", "total"};
  return words;
}

Period read_budget_period(const std::string& value, const std::string& option) {
  return read_period(value, option, budget_periods());
}

Period read_token_period(const std::string& value, const std::string& option) {
  return read_period(value, option, token_periods());
}

std::chrono::seconds read_span(const std::string& value, const std::string& option) {
  if (value == "0" || value == "none") return std::chrono::seconds(0);
  const auto span = parse_duration(value);
  if (!span) wrong(option, "a time like 90s, 24h or 7d");
  return *span;
}

Timestamp read_future(const std::string& value, const std::string& option, Timestamp now) {
  if (const auto span = parse_duration(value)) return now + *span;
  const auto instant = parse_rfc3339(value);
  if (!instant) wrong(option, "like 30d, 2026-12-31, 2026-12-31T10:00:00Z or never");
  return *instant;
}

Timestamp read_since(const std::string& value, const std::string& option, const Context& context) {
  return read_edge(value, option, context, std::chrono::days(0));
}

Timestamp read_until(const std::string& value, const std::string& option, const Context& context) {
  return read_edge(value, option, context, std::chrono::days(1));
}

std::vector<std::pair<std::string, std::string>> read_pairs(const std::vector<std::string>& values,
                                                            const std::string& option) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& value : values) {
    const auto at = value.find('=');
    if (at == std::string::npos || at == 0) wrong(option, "like name=value");
    pairs.emplace_back(value.substr(0, at), value.substr(at + 1));
  }
  return pairs;
}

bool is_none(const std::vector<std::string>& values, const std::string& option) {
  if (std::find(values.begin(), values.end(), "none") == values.end()) return false;
  if (values.size() == 1) return true;
  throw Error(Errc::usage,
              option + " none stands alone",
              "give the values or none, which empties the list");
}

void require_change(const api::Json& terms, const std::string& command) {
  if (!terms.empty()) return;
  throw Error(Errc::usage, "nothing to change", "say what: " + command + " --help");
}

}  // namespace nufi::cli
