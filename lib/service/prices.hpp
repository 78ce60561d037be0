#pragma once

#include "lib/domain/terms.hpp"
#include "lib/domain/views.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <string_view>
#include <vector>

/// What models cost. All functions block on the database: Error{unavailable}.
namespace nufi::service {

/// Own prices first, then those of the built-in catalogue that no own price hides; only models
/// whose name holds `part` ("" = all; case does not count).
std::vector<domain::PriceView> list_prices(const Context& context, std::string_view part);

/// Sets the price of `model` at every upstream, over the catalogue's. Admins only. Throws
/// Error{invalid} for a price without input or output rate that is not free.
domain::PriceView set_price(const Context& context,
                            const Actor& actor,
                            std::string_view model,
                            const domain::PriceTerms& terms);

/// Goes back to the catalogue's. Admins only. Throws Error{not_found} if none was set.
void unset_price(const Context& context, const Actor& actor, std::string_view model);

/// What can be called by name: aliases and literal names of the upstreams, and the catalogue's
/// models of their provider and those with an own price that their globs let through. By name.
std::vector<domain::ModelView> list_models(const Context& context);

}  // namespace nufi::service
