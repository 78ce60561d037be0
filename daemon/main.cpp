// nufid: reads its configuration, opens the house, and says how it went.
#include "daemon/app.hpp"
#include "daemon/config.hpp"
#include "daemon/hardening.hpp"
#include "daemon/inherited.hpp"
#include "daemon/restore.hpp"
#include "daemon/signals.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <unistd.h>
#include <variant>
#include <vector>

namespace {

using namespace nufi;
using namespace nufi::daemon;

Environment read_environment() {
  Environment environment;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    const auto equals = variable.find('=');
    if (equals != std::string::npos) {
      environment.emplace(variable.substr(0, equals), variable.substr(equals + 1));
    }
  }
  return environment;
}

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

int run(const std::vector<std::string>& args) {
  harden_process();
  auto parsed = parse_config(args, read_environment(), ::getpid());
  if (const auto* printout = std::get_if<Printout>(&parsed)) {
    fmt::print("{}", printout->text);
    return 0;
  }
  Config& config = std::get<Config>(parsed);
  adopt_sockets(config);
  if (config.check_only) {
    say("nufid: the configuration is fine");
    return 0;
  }
  Signals signals;  // before the first thread: threads inherit which signals are blocked
  log::configure(config.log_level, config.log_format);
  if (!config.restore.empty()) {
    say(restore(config.data_dir, config.restore));
    log::flush();
    return 0;
  }
  App app(config, signals);
  say(app.ready_line());
  app.run();
  log::flush();
  return 0;
}

int fail(const std::string& message, const std::string& hint, int code) {
  log::flush();
  fmt::print(stderr, "error: {}\n", message);
  if (!hint.empty()) fmt::print(stderr, "hint: {}\n", hint);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& error) {
    return fail(error.what(), error.hint(), exit_code(error.code()));
  } catch (const std::exception& failure) {
    return fail(failure.what(), "", 1);
  }
}
