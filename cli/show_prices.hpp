#pragma once

#include "cli/context.hpp"
#include "lib/domain/price_import.hpp"
#include "lib/domain/reprice.hpp"
#include "lib/domain/views.hpp"

#include <string>
#include <vector>

namespace nufi::cli {

Listing list_of_prices(const std::vector<domain::PriceView>& prices);
/// What an import changes and refuses, a line each.
Listing list_of_import(const domain::PriceImport& report);
/// "3 new, 1 changed, 240 unchanged, 2 refused, 500 skipped".
std::string summary_of(const domain::PriceImport& report);
/// By model, what its calls cost and would cost; only where that differs.
Listing list_of_reprice(const domain::RepriceReport& report);
Listing list_of_models(const std::vector<domain::ModelView>& models);

}  // namespace nufi::cli
