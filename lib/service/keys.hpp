#pragma once

#include "lib/domain/terms.hpp"
#include "lib/domain/views.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Keys (PRODUCT §4). `word` is a key's name, id or unique prefix of an id, looked up among the
/// actor's own keys first; an admin's then among everyone's. All functions block on the database
/// and throw Error{unavailable} if it can't be read or written; those with a `word` throw
/// Error{not_found} or Error{ambiguous}. A change counts for the next call when they return.
namespace nufi::service {

/// Makes a key in `project` (name or id) of the actor. The view holds the key itself, the only time
/// it can be seen. Throws Error{invalid} for a bad wish, Error{conflict} for a name a live key has.
domain::KeyView create_key(const Context& context,
                           const Actor& actor,
                           std::string_view project,
                           const domain::KeyTerms& terms);

struct KeyQuery {
  std::string project;     ///< name or id; "" = all
  bool archived = false;   ///< only the archived ones; otherwise none of them
  bool everyone = false;   ///< all accounts; admins only
  std::int64_t limit = 0;  ///< 0 = all
  std::string after;       ///< cursor of the page before
};
/// Oldest first.
Page<domain::KeyView> list_keys(const Context& context, const Actor& actor, const KeyQuery& query);

domain::KeyView show_key(const Context& context, const Actor& actor, std::string_view word);

/// Changes what `terms` name. Throws Error{conflict} for a revoked key, else as create_key.
domain::KeyView edit_key(const Context& context,
                         const Actor& actor,
                         std::string_view word,
                         const domain::KeyTerms& terms);

domain::KeyView disable_key(const Context& context, const Actor& actor, std::string_view word);
/// Throws Error{conflict} for a revoked key.
domain::KeyView enable_key(const Context& context, const Actor& actor, std::string_view word);
/// For good: running streams are cut. Revoking twice changes nothing.
domain::KeyView revoke_key(const Context& context, const Actor& actor, std::string_view word);

/// The key that `word` means to `actor`.
domain::Key find_key(const Context& context, const Actor& actor, std::string_view word);

}  // namespace nufi::service
