#pragma once

#include "lib/domain/reprice.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

namespace nufi::service {

/// Charges completed calls anew at the prices in force now, in the windows of their own cycles;
/// with `dry_run` only tells the difference. Rows that can't be charged anew
/// (domain::is_rechargeable), that went to an upstream which is free or gone, or that nobody knows
/// a price for stay. Written in small batches, each whole: calls go on meanwhile, and after a crash
/// the same again does the rest. Over many rows it ends after some seconds, with `next` to go on
/// after. Admins only: Error{not_permitted}. Throws Error{invalid} for an empty range,
/// Error{unavailable}.
domain::RepriceReport reprice(const Context& context,
                              const Actor& actor,
                              const domain::RepriceTerms& terms);

}  // namespace nufi::service
