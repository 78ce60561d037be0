#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/process.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <ostream>
#include <sys/stat.h>
#include <unistd.h>

namespace nufi::cli {

namespace {

namespace fs = std::filesystem;

/// An opener that can't open says so sooner.
constexpr std::chrono::seconds kOpenerPatience{2};

/// The program that shows a page to the person at this screen; "" if there is no screen.
std::string find_opener(const Context& context) {
#ifdef __APPLE__
  return find_program("open", context.config.path);
#else
  if (!context.config.has_wayland && !context.config.has_x11) return "";
  return find_program("xdg-open", context.config.path);
#endif
}

/// Other users see what a program is started with. So the link is put into a file that only we can
/// read, and it is the file that is opened; its code is worth nothing a minute later.
fs::path write_jump(const Context& context, const Secret& url) {
  const fs::path file = fs::path(context.config.state_dir) / "console.html";
  std::error_code failure;
  fs::create_directories(file.parent_path(), failure);
  const int descriptor =
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  const std::string page =
      "<!doctype html><meta charset=\"utf-8\"><title>nufi</title>"
      "<meta name=\"referrer\" content=\"no-referrer\">"
      "<meta http-equiv=\"refresh\" content=\"0; url=" +
      url.expose() + "\">\n";
  const bool written =
      descriptor >= 0 && ::fchmod(descriptor, 0600) == 0 &&
      ::write(descriptor, page.data(), page.size()) == static_cast<ssize_t>(page.size());
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!written) {
    throw Error(Errc::internal,
                "can't write " + file.string() + ": " + std::strerror(error),
                "open the link yourself: nufi console --print");
  }
  return file;
}

void print_link(const Context& context, const domain::ConsoleLink& link) {
  if (context.json) {
    context.print_json(api::to_json(link));
    return;
  }
  context.out << link.url.expose() << '\n';
  if (context.screen.is_terminal) {
    context.out.flush();
    context.note("good once, for a minute");
  }
}

void open_console(Context& context, bool only_print) {
  const domain::ConsoleLink link = context.client().console_link();
  const bool may_open = !only_print && !context.json && !context.quiet;
  const std::string opener = may_open ? find_opener(context) : "";
  if (opener.empty()) {
    print_link(context, link);
    return;
  }
  const fs::path file = write_jump(context, link.url);
  // It may be the browser itself, and stay.
  if (Detached({opener, file.string()}, /*log_path=*/"").wait(kOpenerPatience).value_or(0) != 0) {
    print_link(context, link);
    return;
  }
  context.note("the console opens in your browser; if it does not: nufi console --print");
}

}  // namespace

void add_console_command(CLI::App& root, Context& context) {
  auto only_print = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("console", "open the web console");
  add_switch(*command, "--print", "print the one-time link instead", *only_print);
  add_output_options(*command, context);
  command->callback([&context, only_print] { open_console(context, *only_print); });
}

}  // namespace nufi::cli
