#pragma once

#include "cli/context.hpp"
#include "lib/base/secret.hpp"

#include <string>

namespace nufi::cli {

/// The ways to the clipboard that there are here: a program (wl-copy, xclip, pbcopy), and the
/// terminal itself (OSC 52), which also works over ssh.
struct Clipboard {
  std::string program;  ///< its path, or ""
  bool through_terminal = false;
};

/// Throws Error{usage} if there is no way; look before you make what is to be copied.
Clipboard find_clipboard(const Context& context);

/// Copies by every way there is. Throws Error{internal} if none worked.
void copy(const Context& context, const Clipboard& clipboard, const Secret& text);

}  // namespace nufi::cli
