#pragma once

#include "cli/context.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
}

/// All commands of nufi. Each function adds one noun with its verbs to `root`; what a verb does
/// runs while the command line is parsed, once all of it is understood.
namespace nufi::cli {

void add_daemon_commands(CLI::App& root, Context& context);     // up down restart
void add_run_command(CLI::App& root, Context& context);         // run
void add_status_command(CLI::App& root, Context& context);      // status
void add_doctor_command(CLI::App& root, Context& context);      // doctor
void add_keys_commands(CLI::App& root, Context& context);       // keys …
void add_check_command(CLI::App& root, Context& context);       // check
void add_usage_command(CLI::App& root, Context& context);       // usage
void add_requests_command(CLI::App& root, Context& context);    // requests
void add_traces_commands(CLI::App& root, Context& context);     // traces …
void add_upstreams_commands(CLI::App& root, Context& context);  // upstreams …
void add_models_command(CLI::App& root, Context& context);      // models
void add_prices_commands(CLI::App& root, Context& context);     // prices …
void add_profile_commands(CLI::App& root, Context& context);    // profile
void add_accounts_commands(CLI::App& root, Context& context);   // accounts …
void add_projects_commands(CLI::App& root, Context& context);   // projects …
void add_groups_commands(CLI::App& root, Context& context);     // groups …
void add_tokens_commands(CLI::App& root, Context& context);     // tokens …
void add_console_command(CLI::App& root, Context& context);     // console
void add_audit_command(CLI::App& root, Context& context);       // audit
void add_config_commands(CLI::App& root, Context& context);     // config …
void add_reprice_command(CLI::App& root, Context& context);     // reprice
void add_ledger_commands(CLI::App& root, Context& context);     // ledger …
void add_backup_command(CLI::App& root, Context& context);      // backup
void add_completion_command(CLI::App& root, Context& context);  // completion

/// `nufi status`.
void show_status(Context& context);
/// A line on stderr if nufid, which must have answered already, is not of our version.
void warn_of_skew(Context& context);

/// `nufi` alone: where you stand, and the next step.
void show_where_you_stand(Context& context);

/// `arguments` without the CMD of `nufi run`, whose words go to `command`. Options after the first
/// of them are the program's.
std::vector<std::string> take_command(const CLI::App& root,
                                      std::vector<std::string> arguments,
                                      std::vector<std::string>& command);

/// Runs the command line `arguments` (without the program's name) and returns the exit code
/// (PRODUCT §3). Never throws: errors become the lines `error:` and `hint:` on context.err.
int run(Context& context, const std::vector<std::string>& arguments);

}  // namespace nufi::cli
