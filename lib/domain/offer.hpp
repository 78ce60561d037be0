#pragma once

#include "lib/domain/price_book.hpp"
#include "lib/domain/upstream.hpp"

#include <set>
#include <string>
#include <string_view>

namespace nufi::domain {

/// True if an alias or a glob of `upstream` names `model`; a glob of stars alone names nothing.
bool is_named(const Upstream& upstream, std::string_view model);

/// The models of `upstream` whose names are known: its aliases, the names among its globs, what has
/// an own price and it serves, and what its provider lists and it serves. Of a provider that lists
/// nothing: what others list and a glob names ("gpt-4o*"). Without what is no more `today`
/// ("2026-08-15").
std::set<std::string> offered_names(const Upstream& upstream,
                                    const PriceBook& prices,
                                    std::string_view today);

}  // namespace nufi::domain
