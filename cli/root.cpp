#include "cli/root.hpp"

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/options.hpp"

#include <CLI/CLI.hpp>

namespace nufi::cli {

namespace {

std::vector<const CLI::App*> children_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

void collect(const CLI::App& app, bool only_leaves, std::vector<const CLI::App*>& found) {
  for (const CLI::App* child : children_of(app)) {
    const bool only_has_verbs = child->get_require_subcommand_min() > 0;
    if (!only_leaves || !only_has_verbs) found.push_back(child);
    collect(*child, only_leaves, found);
  }
}

/// The one list of everything nufi can do.
void add_commands(CLI::App& root, Context& context) {
  add_daemon_commands(root, context);
  add_run_command(root, context);
  add_status_command(root, context);
  add_doctor_command(root, context);
  add_keys_commands(root, context);
  add_check_command(root, context);
  add_usage_command(root, context);
  add_requests_command(root, context);
  add_traces_commands(root, context);
  add_upstreams_commands(root, context);
  add_models_command(root, context);
  add_prices_commands(root, context);
  add_profile_commands(root, context);
  add_accounts_commands(root, context);
  add_projects_commands(root, context);
  add_groups_commands(root, context);
  add_config_commands(root, context);
  add_reprice_command(root, context);
  add_ledger_commands(root, context);
  add_backup_command(root, context);
  add_tokens_commands(root, context);
  add_console_command(root, context);
  add_audit_command(root, context);
  add_completion_command(root, context);
}

}  // namespace

std::unique_ptr<CLI::App> make_root(Context& context) {
  auto root = std::make_unique<CLI::App>(
      "nufi issues keys for language models, limits them and shows where the money went", "nufi");
  root->formatter(std::make_shared<Help>(context.screen.width));
  root->set_help_flag("-h,--help", "print this help");
  root->require_subcommand(0, 1);
  // --socket and --no-pager may stand behind the command as well.
  root->fallthrough();
  root->set_version_flag("--version", "nufi " NUFI_VERSION, "print the version");
  root->add_option("--socket", context.socket, "the socket of nufid")->type_name("PATH");
  root->add_flag("--no-pager", context.no_pager, "print long lists as they are");
  add_output_options(*root, context);
  add_commands(*root, context);
  root->footer("nufi COMMAND --help says more about each, and so does: man nufi");
  return root;
}

std::string path_of(const CLI::App& command) {
  if (command.get_parent() == nullptr) return {};
  const std::string above = path_of(*command.get_parent());
  return above.empty() ? command.get_name() : above + ' ' + command.get_name();
}

std::vector<const CLI::App*> all_commands(const CLI::App& root) {
  std::vector<const CLI::App*> found;
  collect(root, /*only_leaves=*/false, found);
  return found;
}

std::vector<const CLI::App*> leaf_commands(const CLI::App& root) {
  std::vector<const CLI::App*> found;
  collect(root, /*only_leaves=*/true, found);
  return found;
}

}  // namespace nufi::cli
