#include "cli/commands.hpp"
#include "cli/config.hpp"
#include "cli/pager.hpp"
#include "cli/process.hpp"
#include "cli/terminal.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

/// Completions give up on a nufid that is silent; this is for one that never comes to an end.
void end_soon() {
  constexpr unsigned kSeconds = 2;
  std::signal(SIGALRM, [](int) { ::_exit(0); });
  ::alarm(kSeconds);
}

/// A stream that was closed (`nufi … >&-`) would become the number of whatever is opened next.
/// Nothing can be written to what stands there instead, so it is an error to print.
void fill_closed_streams() {
  int descriptor = 0;
  do {
    descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor > STDERR_FILENO) ::close(descriptor);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace nufi;
  if (argc > 1 && std::string_view(argv[1]) == "__complete") end_soon();
  fill_closed_streams();
  // A reader that leaves (`nufi … | head`) shows as a write error, which run() tells from others; a
  // daemon or clipboard that leaves must not end us.
  std::signal(SIGPIPE, SIG_IGN);
  const SystemClock clock;
  cli::Context context(std::cin, std::cout, std::cerr, clock);
  context.config = cli::read_config([](const char* name) { return std::getenv(name); });
  context.screen = cli::find_screen(context.config);
  context.in_is_terminal = ::isatty(STDIN_FILENO) == 1;
  context.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  context.err_in_colour = cli::may_colour(context.config, context.err_is_terminal);
  context.page = [&context](const std::string& text) {
    const std::string pager = cli::choose_pager(context.config);
    return !pager.empty() && cli::show_in_pager(pager, text);
  };
  context.program_dir = cli::own_folder();
  context.connect = [](const std::string& socket) {
    return api::unix_transport(socket, NUFI_VERSION);
  };
  context.ask_secret = cli::ask_secret;
  context.pause = [](std::chrono::milliseconds span) {
    std::this_thread::sleep_for(span);
    return true;
  };
  context.reader_has_left = [] { return cli::reader_has_left(STDOUT_FILENO); };
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    context.environment.emplace_back(*entry);
  }
  const int code = cli::run(context, std::vector<std::string>(argv + 1, argv + argc));
  if (context.ends_by_signal != 0) {
    std::signal(context.ends_by_signal, SIG_DFL);
    std::raise(context.ends_by_signal);
  }
  return code;
}
