#include "cli/clipboard.hpp"

#include "cli/process.hpp"

#include <ostream>

namespace nufi::cli {

namespace {

std::string base64(const std::string& bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= count ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return out;
}

}  // namespace

Clipboard find_clipboard(const Context& context) {
  Clipboard clipboard;
  clipboard.through_terminal = context.err_is_terminal && !context.config.dumb_terminal;
  const auto take = [&](bool usable, const char* name) {
    if (usable && clipboard.program.empty()) {
      clipboard.program = find_program(name, context.config.path);
    }
  };
  take(context.config.has_wayland, "wl-copy");
  take(context.config.has_x11, "xclip");
  take(true, "pbcopy");
  if (clipboard.program.empty() && !clipboard.through_terminal) {
    throw Error(Errc::usage,
                "there is no clipboard here",
                "install wl-copy or xclip, or use --quiet and a pipe");
  }
  return clipboard;
}

void copy(const Context& context, const Clipboard& clipboard, const Secret& text) {
  bool copied = clipboard.through_terminal;
  if (copied) context.err << "\x1b]52;c;" << base64(text.expose()) << "\x07" << std::flush;
  if (!clipboard.program.empty()) {
    std::vector<std::string> command{clipboard.program};
    if (clipboard.program.ends_with("xclip")) {
      command.insert(command.end(), {"-selection", "clipboard"});
    }
    copied = run_with_input(command, text.expose()) == 0 || copied;
  }
  if (!copied) throw Error(Errc::internal, clipboard.program + " did not take it");
}

}  // namespace nufi::cli
