#pragma once

#include "lib/domain/terms.hpp"
#include "lib/domain/views.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Keys (PRODUCT §4). `word` is a key's name, id or unique prefix of an id, looked up among the
/// actor's own keys first; an admin's then among everyone's. All functions block on the database
/// and throw Error{unavailable} if it can't be read or written; those with a `word` throw
/// Error{not_found} or Error{ambiguous}. A change counts for the next call when they return.
namespace nufi::service {

/// Makes a key in `project` (name or id) of the actor. A child always lies in the project and group
/// of its parent, or the parent's limits would not hold for it: it goes there when `project` is the
/// default one and `terms` name none. The view holds the key itself, the only time it can be seen.
/// Throws Error{invalid} for a bad wish, Error{conflict} for a name a live key has, for a parent
/// that can't be used, and for a child in another project or group than its parent.
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

/// Changes what `terms` name. In another project, what the key has spent stays with the old one.
/// Where a parent goes, its children that are not revoked go with it, each with an entry in the
/// audit log. Throws Error{conflict} for a revoked key, else as create_key.
domain::KeyView edit_key(const Context& context,
                         const Actor& actor,
                         std::string_view word,
                         const domain::KeyTerms& terms);

domain::KeyView disable_key(const Context& context, const Actor& actor, std::string_view word);
/// Throws Error{conflict} for a revoked key.
domain::KeyView enable_key(const Context& context, const Actor& actor, std::string_view word);
/// For good: running streams are cut, and its children are revoked as well. Revoking twice changes
/// nothing.
domain::KeyView revoke_key(const Context& context, const Actor& actor, std::string_view word);

/// Every key of the actor's that could still call, as revoke_key; returns them.
std::vector<domain::KeyView> revoke_all_keys(const Context& context, const Actor& actor);

/// Gives the key another secret, which the view holds, the only time it can be seen; the old one
/// serves for `overlap` more. Throws as domain::rotate.
domain::KeyView rotate_key(const Context& context,
                           const Actor& actor,
                           std::string_view word,
                           std::chrono::seconds overlap);
/// Lets a leased key live for `lease` from now on, also one that nufid has not ended yet though its
/// lease has run out; no entry in the audit log. Throws as
/// domain::renew_lease.
domain::KeyView renew_lease(const Context& context,
                            const Actor& actor,
                            std::string_view word,
                            std::chrono::seconds lease);
/// Hides a dead key from lists; Error{conflict} for another.
domain::KeyView archive_key(const Context& context, const Actor& actor, std::string_view word);
domain::KeyView unarchive_key(const Context& context, const Actor& actor, std::string_view word);
/// Takes the key away; a live one and its children die as by revoke_key. Its calls keep its name
/// and id. Returns it as it was.
domain::KeyView delete_key(const Context& context, const Actor& actor, std::string_view word);

/// Would a call with `tokens` of prompt to `model` be admitted now? Throws Error{invalid} for an
/// empty model or negative tokens.
domain::CheckView check_key(const Context& context,
                            const Actor& actor,
                            std::string_view word,
                            std::string_view model,
                            std::int64_t tokens);

/// The id that `word` means to `actor` in reports: of a key, or of one that was deleted.
domain::KeyId find_key_id(const Context& context, const Actor& actor, std::string_view word);

/// The key that `word` means to `actor`.
domain::Key find_key(const Context& context, const Actor& actor, std::string_view word);

}  // namespace nufi::service
