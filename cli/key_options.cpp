#include "cli/key_options.hpp"

#include "cli/choices.hpp"
#include "cli/options.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace nufi::cli {

using domain::Change;
using domain::Enforce;

void add_key_options(CLI::App& command, Context& context, domain::KeyTerms& terms) {
  add_text(command, "--name", "NAME", "unique among your live keys", terms.name);
  add_text(command,
           "--project",
           "PROJECT",
           "the folder it lies in (default: default); what it spent before a move stays there",
           terms.project);
  add_value(command,
            "--group",
            "GROUP",
            "pricing tier, set by an admin (default: default)",
            [&terms](const std::string& value, const std::string&) {
              terms.group =
                  value == "none" ? Change<std::string>::clear() : Change<std::string>::set(value);
            });
  add_limit_options(command, terms);
  add_count(command, "--rpm", "most requests a minute, or none", terms.rpm);
  add_count(command, "--tpm", "most tokens a minute, or none", terms.tpm);
  add_count(command, "--max-parallel", "most calls at the same time, or none", terms.max_parallel);
  add_list(command,
           "--model",
           "GLOB",
           "a model it may use, repeatable, or none for all",
           terms.allowed_models);
  add_list(command,
           "--ip",
           "CIDR",
           "an address it may be used from, repeatable, or none for all",
           terms.allowed_ips);
  add_value(command,
            "--expires",
            "WHEN",
            "30d, 2026-12-31, 2026-12-31T10:00:00Z or never",
            [&context, &terms](const std::string& value, const std::string& option) {
              const bool never = value == "never" || value == "none" || value == "-1";
              terms.expires_at =
                  never ? Change<Timestamp>::clear()
                        : Change<Timestamp>::set(read_future(value, option, context.clock.now()));
            });
  add_choice(command,
             "--enforce",
             "HOW",
             "strict (hold first) or soft (admit while spent < limit)",
             {"strict", "soft"},
             [&terms](const std::string& word) {
               terms.enforce = Change<Enforce>::set(domain::enforce_from_name(word).value());
             });
  command.add_flag_function(
      "--trace,!--no-trace",
      [&terms](std::int64_t on) { terms.trace = Change<bool>::set(on > 0); },
      "keep prompts and answers of its calls");
}

}  // namespace nufi::cli
