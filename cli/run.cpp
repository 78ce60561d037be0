#include "cli/ascii.hpp"
#include "cli/commands.hpp"
#include "cli/complete.hpp"
#include "cli/diagnose.hpp"
#include "cli/root.hpp"

#include <CLI/CLI.hpp>
#include <climits>

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace nufi::cli {

namespace {

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

void print_line(const Context& context, const char* word, Tone tone, const std::string& text) {
  const std::string line = std::string(word) + ' ' + printable(text);
  // A program gets each in one line.
  const int width = context.err_is_terminal ? context.screen.width : INT_MAX;
  bool is_first = true;
  for (const std::string& part : wrapped_message(line, width)) {
    const std::size_t head = is_first ? std::string_view(word).size() : 0;
    context.err << toned(part.substr(0, head), tone, context.err_in_colour) << part.substr(head)
                << '\n';
    is_first = false;
  }
}

void print_error(const Context& context, const Error& error) {
  print_line(context, "error:", Tone::bad, as_typed(error.what()));
  if (!error.hint().empty()) print_line(context, "hint:", Tone::strong, error.hint());
}

void parse(Context& context, std::vector<std::string> arguments) {
  const auto root_owner = make_root(context);
  CLI::App& root = *root_owner;
  arguments = take_command(root, std::move(arguments), context.command);
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
  // What goes to a file or a program stays as it is; what people read is in their character set.
  std::optional<AsciiOnly> out_in_ascii;
  std::optional<AsciiOnly> err_in_ascii;
  if (!context.screen.unicode && context.screen.is_terminal) out_in_ascii.emplace(context.out);
  if (!context.screen.unicode) err_in_ascii.emplace(context.err);
  try {
    if (!arguments.empty() && arguments.front() == "__complete") {
      return run_complete(context, {arguments.begin() + 1, arguments.end()});
    }
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
