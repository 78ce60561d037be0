#pragma once

#include "lib/domain/terms.hpp"
#include "lib/domain/views.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <string_view>
#include <vector>

/// Projects: folders of keys inside an account. `word` is the name or id of one of the actor's
/// projects, or for an admin the id of anybody's: Error{not_found}. All functions block on the
/// database: Error{unavailable}. A change counts for the next call when they return.
namespace nufi::service {

/// Makes a project of the actor. Throws Error{invalid} for a bad wish, Error{conflict} for a name
/// taken.
domain::ProjectView create_project(const Context& context,
                                   const Actor& actor,
                                   const domain::ProjectTerms& terms);

/// The actor's, or everyone's (admins only: Error{not_permitted}); oldest first.
std::vector<domain::ProjectView> list_projects(const Context& context,
                                               const Actor& actor,
                                               bool everyone);

domain::ProjectView show_project(const Context& context, const Actor& actor, std::string_view word);

/// Changes what `terms` name. Throws Error{conflict} for the name of `default`, else as
/// create_project.
domain::ProjectView edit_project(const Context& context,
                                 const Actor& actor,
                                 std::string_view word,
                                 const domain::ProjectTerms& terms);

/// Takes it away; the rows of its keys keep its name. Throws Error{conflict} for `default` and
/// while a key that is not revoked lies in it. Returns what it was.
domain::ProjectView delete_project(const Context& context,
                                   const Actor& actor,
                                   std::string_view word);

}  // namespace nufi::service
