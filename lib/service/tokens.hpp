#pragma once

#include "lib/domain/token.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <string_view>
#include <vector>

/// Access tokens: what lets a program use the management API over TCP as the admin who made it. All
/// functions block on the database and throw Error{unavailable} if it can't be read or written.
/// Admins only: Error{not_permitted}. `word` is a token's name, id or unique prefix of an id:
/// Error{not_found}, Error{ambiguous}.
namespace nufi::service {

/// The view holds the token itself, the only time it can be seen. Only over the Unix socket, so
/// that what leaked can't make itself live on: Error{not_permitted}. Throws Error{invalid} for a
/// bad wish, Error{conflict} for a name that a token of the actor's has.
domain::TokenView create_token(const Context& context,
                               const Actor& actor,
                               const domain::TokenTerms& terms);
/// Everybody's, oldest first.
std::vector<domain::TokenView> list_tokens(const Context& context, const Actor& actor);
domain::TokenView show_token(const Context& context, const Actor& actor, std::string_view word);
/// For good, from the next request on. Revoking twice changes nothing.
domain::TokenView revoke_token(const Context& context, const Actor& actor, std::string_view word);

/// Who comes with the access token `text`, with what rights its account has now; notes the use, by
/// the minute. Throws Error{unauthorized} unless it is one that serves.
Actor admit_token(const Context& context, std::string_view text);

}  // namespace nufi::service
