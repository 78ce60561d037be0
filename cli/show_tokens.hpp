#pragma once

#include "cli/context.hpp"
#include "lib/domain/token.hpp"

#include <vector>

namespace nufi::cli {

Listing list_of_tokens(const std::vector<domain::TokenView>& tokens, Timestamp now);

}  // namespace nufi::cli
