#pragma once

#include "cli/context.hpp"
#include "lib/domain/views.hpp"

#include <vector>

namespace nufi::cli {

Listing list_of_prices(const std::vector<domain::PriceView>& prices);
Listing list_of_models(const std::vector<domain::ModelView>& models);

}  // namespace nufi::cli
