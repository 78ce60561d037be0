#pragma once

#include "lib/domain/price_import.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

namespace nufi::service {

/// Puts the prices of `list` that can be trusted over the catalogue's, all in one transaction; with
/// `dry_run` only tells what that would change. What the operator set stays in force over them.
/// Admins only: Error{not_permitted}. Throws Error{unavailable}.
domain::PriceImport import_prices(const Context& context,
                                  const Actor& actor,
                                  domain::PriceList list,
                                  bool dry_run);

}  // namespace nufi::service
