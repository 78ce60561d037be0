#pragma once

#include <string_view>

namespace nufi::daemon {

/// A file of the web console, built in from daemon/console/.
struct ConsolePage {
  std::string_view path;     ///< "/", "/app.js"
  std::string_view type;     ///< its Content-Type
  std::string_view content;  ///< lives as long as the program
};

/// nullptr if there is none at `path`.
const ConsolePage* find_console_page(std::string_view path);

}  // namespace nufi::daemon
