#include "cli/commands.hpp"
#include "cli/diagnose.hpp"
#include "cli/options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace nufi::cli {

namespace {

/// CLI11's help without its remarks behind the names: our help texts say those things in words.
class Help final : public CLI::Formatter {
 public:
  Help() { column_width(34); }

  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, is_positional);
    if (const auto at = name.find("{false}"); at != std::string::npos) name.erase(at);
    return name;
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_name().empty() ? "" : " " + option->get_type_name();
  }
};

/// As a shell reports a program that SIGPIPE has ended.
constexpr int kBrokenPipe = 128 + SIGPIPE;

/// nufid speaks of the fields of its API, a person has typed options: the first word of `message`
/// as the latter.
std::string as_typed(const std::string& message) {
  using Name = std::pair<std::string_view, std::string_view>;
  static constexpr std::array kOptions = {Name{"allowed_ips", "--ip"},
                                          Name{"allowed_models", "--model"},
                                          Name{"budget_period", "--budget-period"},
                                          Name{"budget_usd", "--budget"},
                                          Name{"ca_file", "--ca-file"},
                                          Name{"expires_at", "--expires"},
                                          Name{"max_connections", "--max-connections"},
                                          Name{"max_output", "--max-output"},
                                          Name{"max_parallel", "--max-parallel"},
                                          Name{"token_limit", "--token-limit"},
                                          Name{"token_limit_period", "--token-limit-period"}};
  const auto end = std::min(message.find(' '), message.size());
  const std::string_view word = std::string_view(message).substr(0, end);
  for (const auto& [field, option] : kOptions) {
    if (word == field) return std::string(option) + message.substr(end);
  }
  return message;
}

void print_error(const Context& context, const Error& error) {
  const bool colour = context.screen.colour && context.err_is_terminal;
  context.err << toned("error:", Tone::bad, colour) << ' ' << printable(as_typed(error.what()))
              << '\n';
  if (!error.hint().empty()) {
    context.err << toned("hint:", Tone::strong, colour) << ' ' << printable(error.hint()) << '\n';
  }
}

/// The one list of everything nufi can do.
void add_commands(CLI::App& root, Context& context) {
  add_daemon_commands(root, context);
  add_status_command(root, context);
  add_keys_commands(root, context);
  add_check_command(root, context);
  add_usage_command(root, context);
  add_requests_command(root, context);
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
  add_audit_command(root, context);
}

void parse(Context& context, const std::vector<std::string>& arguments) {
  CLI::App root{"nufi issues keys for language models, limits them and shows where the money went",
                "nufi"};
  root.formatter(std::make_shared<Help>());
  root.require_subcommand(0, 1);
  root.set_version_flag("--version", "nufi " NUFI_VERSION);
  root.add_option("--socket", context.socket, "the socket of nufid")->type_name("PATH");
  add_output_options(root, context);
  add_commands(root, context);
  root.footer("start with: nufi up, then: nufi keys create --name laptop --budget 5");
  try {
    auto reversed = arguments;
    std::reverse(reversed.begin(), reversed.end());
    root.parse(reversed);
  } catch (const CLI::Success& success) {  // --help and --version
    if (const auto unknown = find_unknown(root, arguments)) throw *unknown;
    root.exit(success, context.out, context.err);
    return;
  } catch (const CLI::ParseError& error) {
    throw diagnose(root, arguments, error);
  }
  if (root.get_subcommands().empty()) show_where_you_stand(context);
}

/// `nufi help keys create` is `nufi keys create --help`.
std::vector<std::string> with_help(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments.front() != "help") return arguments;
  arguments.erase(arguments.begin());
  arguments.emplace_back("--help");
  return arguments;
}

}  // namespace

int run(Context& context, const std::vector<std::string>& arguments) {
  try {
    parse(context, with_help(arguments));
    context.out.flush();
    // A reader that has enough (`nufi … | head`) is no error, and gets the code of all programs.
    if (!context.out && context.reader_has_left && context.reader_has_left()) {
      return kBrokenPipe;
    }
    if (!context.out) throw Error(Errc::internal, "can't write the output");
    return context.exit_code;
  } catch (const Error& error) {
    context.out.flush();
    print_error(context, error);
    return exit_code(error.code());
  } catch (const std::exception& error) {
    print_error(context, Error(Errc::internal, error.what()));
    return exit_code(Errc::internal);
  }
}

}  // namespace nufi::cli
