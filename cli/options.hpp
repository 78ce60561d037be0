#pragma once

#include "cli/choices.hpp"
#include "cli/context.hpp"
#include "lib/domain/terms.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

/// Options that several commands share. Each reads its value with a message of its own, and throws
/// Error{usage} when the value can't be one.
namespace nufi::cli {

/// --json, and -q/--quiet.
void add_output_options(CLI::App& command, Context& context);
void add_json_option(CLI::App& command, Context& context);
/// --json and -q/--quiet of what has no id: a report, a value, a verdict.
void add_report_options(CLI::App& command, Context& context);
/// --yes.
void add_yes_option(CLI::App& command, Context& context);

/// A verb of a noun about one thing, which its first word names: "ACCOUNT", "login name or id".
/// With the output options.
struct Naming {
  std::string title;
  std::string help;
};
CLI::App* add_verb(CLI::App& noun,
                   Context& context,
                   const std::string& verb,
                   const std::string& help,
                   const Naming& naming,
                   std::string& word);
/// The name of what is made as its first word, instead of with the command's --name.
void add_new_name(CLI::App& command, domain::Change<std::string>& name);

/// An option with one value, given to `read` (with the option's name) when it is there. `type` is
/// what the help shows for the value.
using ReadValue = std::function<void(const std::string& value, const std::string& option)>;
CLI::Option* add_value(CLI::App& command,
                       const std::string& name,
                       const std::string& type,
                       const std::string& help,
                       ReadValue read);
/// An option that may be repeated.
using ReadValues =
    std::function<void(const std::vector<std::string>& values, const std::string& option)>;
CLI::Option* add_values(CLI::App& command,
                        const std::string& name,
                        const std::string& type,
                        const std::string& help,
                        ReadValues read);

/// An option without a value; `field` is true when it is there.
void add_switch(CLI::App& command, const std::string& name, const std::string& help, bool& field);

/// An option whose one text is the field.
void add_text(CLI::App& command,
              const std::string& name,
              const std::string& type,
              const std::string& help,
              domain::Change<std::string>& field);
/// An option with a count above 0 or, as add_whole, with any whole number; `none` clears.
void add_count(CLI::App& command,
               const std::string& name,
               const std::string& help,
               domain::Change<std::int64_t>& field);
void add_whole(CLI::App& command,
               const std::string& name,
               const std::string& help,
               domain::Change<std::int64_t>& field);
/// A repeatable option; the single value `none` empties the list.
void add_list(CLI::App& command,
              const std::string& name,
              const std::string& type,
              const std::string& help,
              domain::Change<std::vector<std::string>>& field);

// Values. `option` is named in the message.
domain::Money read_money(const std::string& value, const std::string& option);
std::int64_t read_count(const std::string& value, const std::string& option);  ///< > 0
std::int64_t read_whole(const std::string& value, const std::string& option);  ///< any sign
/// One of `words`; the error names the nearest.
std::string read_word(const std::string& value,
                      const std::string& option,
                      const std::vector<std::string>& words);
const std::vector<std::string>& budget_periods();
const std::vector<std::string>& token_periods();
domain::Period read_budget_period(const std::string& value, const std::string& option);
domain::Period read_token_period(const std::string& value, const std::string& option);
/// "24h", "7d"; 0 and none are no time at all.
std::chrono::seconds read_span(const std::string& value, const std::string& option);
/// "30d" (from now), a date or an RFC 3339 time.
Timestamp read_future(const std::string& value, const std::string& option, Timestamp now);
/// Where a range begins: "2h" (ago), a date (its first moment where the user lives) or an RFC 3339
/// time.
Timestamp read_since(const std::string& value, const std::string& option, const Context& context);
/// Where a range ends, likewise; a date is in it as a whole.
Timestamp read_until(const std::string& value, const std::string& option, const Context& context);
/// "name=value" pairs, in order.
std::vector<std::pair<std::string, std::string>> read_pairs(const std::vector<std::string>& values,
                                                            const std::string& option);

/// `none` clears, anything else is read.
template <class T, class Read>
domain::Change<T> change_of(const std::string& value, const std::string& option, Read read) {
  if (value == "none") return domain::Change<T>::clear();
  return domain::Change<T>::set(read(value, option));
}
/// True for the single value `none`, which stands alone: throws Error{usage} if others are with it.
bool is_none(const std::vector<std::string>& values, const std::string& option);

/// --budget, --budget-period, --token-limit, --token-limit-period.
template <class Terms>
void add_limit_options(CLI::App& command, Terms& terms) {
  add_value(command,
            "--budget",
            "USD",
            "most it may cost in a period, or none",
            [&terms](const std::string& value, const std::string& option) {
              terms.budget = change_of<domain::Money>(value, option, read_money);
            });
  offer(*add_value(command,
                   "--budget-period",
                   "PERIOD",
                   "day, week, month or total (default month)",
                   [&terms](const std::string& value, const std::string& option) {
                     terms.budget_period =
                         change_of<domain::Period>(value, option, read_budget_period);
                   }),
        budget_periods());
  add_value(command,
            "--token-limit",
            "N",
            "most tokens in a period, or none",
            [&terms](const std::string& value, const std::string& option) {
              terms.token_limit = change_of<std::int64_t>(value, option, read_count);
            });
  offer(*add_value(command,
                   "--token-limit-period",
                   "PERIOD",
                   "minute, hour, day, week, month or total (default month)",
                   [&terms](const std::string& value, const std::string& option) {
                     terms.token_limit_period =
                         change_of<domain::Period>(value, option, read_token_period);
                   }),
        token_periods());
}

/// --reset-spend, of an edit.
template <class Terms>
void add_reset_spend_option(CLI::App& command, Terms& terms) {
  add_switch(
      command, "--reset-spend", "forget what is spent in the running periods", terms.reset_spend);
}

/// Throws Error{usage} if an edit changes nothing.
void require_change(const api::Json& terms, const std::string& command);

}  // namespace nufi::cli
