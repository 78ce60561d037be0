#pragma once

#include "lib/domain/terms.hpp"
#include "lib/domain/views.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <string_view>
#include <vector>

/// What models cost. All functions block on the database: Error{unavailable}.
namespace nufi::service {

/// Own prices first, then imported ones and those of the built-in catalogue that none of them
/// hides. `model`: a glob, or a part of the name, in any case; "" = all.
std::vector<domain::PriceView> list_prices(const Context& context, std::string_view model);

/// Sets the price of `model` at every upstream, over the catalogue's. What looks like a mistake is
/// set, too, and told in `warnings`. Admins only. Throws Error{invalid} for a price that is not
/// free and names neither input and output nor a unit, and for absurd ones.
domain::PriceView set_price(const Context& context,
                            const Actor& actor,
                            std::string_view model,
                            const domain::PriceTerms& terms);

/// Takes away what was set, or else what was imported: the catalogue's counts again. Admins only.
/// Throws Error{not_found} if there is neither.
void unset_price(const Context& context, const Actor& actor, std::string_view model);

/// What can be called by a name that is known (see domain::offered_names()). By name, each with its
/// upstreams in the order in which calls ask them (see domain::candidates()) and the first's price.
std::vector<domain::ModelView> list_models(const Context& context);

}  // namespace nufi::service
