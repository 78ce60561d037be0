#pragma once

#include "cli/context.hpp"

#include <memory>

namespace CLI {
class App;
}

namespace nufi::cli {

/// All of nufi: its options and every command, ready to parse a command line. `context` is what the
/// commands will run with, and must live as long.
std::unique_ptr<CLI::App> make_root(Context& context);

/// The words of `command` without "nufi": "keys create", "" for the root.
std::string path_of(const CLI::App& command);

/// Every command and noun below `root`, in the order of the help, parents first.
std::vector<const CLI::App*> all_commands(const CLI::App& root);
/// Those that do something: no noun that only has verbs.
std::vector<const CLI::App*> leaf_commands(const CLI::App& root);

}  // namespace nufi::cli
