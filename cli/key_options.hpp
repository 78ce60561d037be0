#pragma once

#include "cli/context.hpp"
#include "lib/domain/terms.hpp"

namespace CLI {
class App;
}

namespace nufi::cli {

/// The options that keys create and keys edit share (PRODUCT §4).
void add_key_options(CLI::App& command, Context& context, domain::KeyTerms& terms);

}  // namespace nufi::cli
