#pragma once

#include "lib/domain/terms.hpp"
#include "lib/domain/views.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <string_view>
#include <vector>

/// Groups: the pricing tiers of keys. For admins only: Error{not_permitted}. `word` is a name or
/// id: Error{not_found}. All functions block on the database: Error{unavailable}. A change counts
/// for the next call when they return.
namespace nufi::service {

/// Throws Error{invalid} for a bad wish (an upstream that is not there), Error{conflict} for a name
/// taken.
domain::GroupView create_group(const Context& context,
                               const Actor& actor,
                               const domain::GroupTerms& terms);

/// Oldest first.
std::vector<domain::GroupView> list_groups(const Context& context, const Actor& actor);
domain::GroupView show_group(const Context& context, const Actor& actor, std::string_view word);

/// Throws Error{conflict} for the name of `default`, else as create_group.
domain::GroupView edit_group(const Context& context,
                             const Actor& actor,
                             std::string_view word,
                             const domain::GroupTerms& terms);

/// Takes it away; ledger rows keep its name. Throws Error{conflict} for `default`, and while a key
/// that is not revoked is in it or an upstream names it. Returns what it was.
domain::GroupView delete_group(const Context& context, const Actor& actor, std::string_view word);

}  // namespace nufi::service
