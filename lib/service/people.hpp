#pragma once

#include "lib/domain/terms.hpp"
#include "lib/domain/views.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

/// Accounts: one per operating-system user. All functions block on the database and throw
/// Error{unavailable} if it can't be read or written.
namespace nufi::service {

/// Who the operating-system user `uid` is here. Its first use makes the account with the default
/// limits of the settings and the project "default". The user that runs nufid and root are admins,
/// and so are the members of the admin group when nufid is system-wide; everybody else is a member
/// then, and otherwise refused: Error{not_permitted}.
Actor admit(const Context& context, std::int64_t uid);

/// The actor's account with its last seven days by key; `timezone`: whose days, "" = the setting's.
domain::ProfileView show_profile(const Context& context,
                                 const Actor& actor,
                                 const std::string& timezone = {});

/// Changes display name and e-mail. Throws Error{not_permitted} if `terms` hold a budget or limit:
/// those are set by an admin with edit_account.
domain::ProfileView edit_profile(const Context& context,
                                 const Actor& actor,
                                 const domain::AccountTerms& terms);

/// Admins only: Error{not_permitted}. `word` is a user name or an id: Error{not_found},
/// Error{ambiguous}.
std::vector<domain::AccountView> list_accounts(const Context& context, const Actor& actor);
domain::AccountView show_account(const Context& context, const Actor& actor, std::string_view word);
domain::AccountView edit_account(const Context& context,
                                 const Actor& actor,
                                 std::string_view word,
                                 const domain::AccountTerms& terms);

/// What `account` may and did spend.
domain::AccountView account_view(const Context& context, domain::Account account);

/// The account of `actor`. Throws Error{not_found} if it is gone.
domain::Account account_of(const Context& context, const Actor& actor);

}  // namespace nufi::service
