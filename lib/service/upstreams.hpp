#pragma once

#include "lib/domain/terms.hpp"
#include "lib/domain/views.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <string_view>
#include <vector>

/// Upstreams (PRODUCT §8). `name` is an upstream's name or id: Error{not_found}. Changes are for
/// admins: Error{not_permitted}. All functions block on the database: Error{unavailable}.
namespace nufi::service {

/// Adds a provider endpoint. A secret that can't be read now does not stop it: the view says so.
/// May run the secret's command (10 s). Throws Error{invalid} for a bad wish, Error{conflict} for a
/// name taken.
domain::UpstreamView add_upstream(const Context& context,
                                  const Actor& actor,
                                  const domain::UpstreamTerms& terms);

/// By name, built-in ones last. Members see no secret sources, headers or CA files.
std::vector<domain::UpstreamView> list_upstreams(const Context& context, const Actor& actor);
domain::UpstreamView show_upstream(const Context& context,
                                   const Actor& actor,
                                   std::string_view name);

/// Throws Error{conflict} for a built-in one, else as add_upstream.
domain::UpstreamView edit_upstream(const Context& context,
                                   const Actor& actor,
                                   std::string_view name,
                                   const domain::UpstreamTerms& terms);

/// Takes it out of use; its ledger rows stay. Throws Error{conflict} for a built-in one.
void remove_upstream(const Context& context, const Actor& actor, std::string_view name);

/// Reads its secret anew and makes real calls (see probe.hpp). `model` "" picks one. Costs what
/// such calls cost; blocks up to a minute. One that answers is asked by calls again at once.
std::vector<domain::ProbeStep> test_upstream(const Context& context,
                                             const Actor& actor,
                                             std::string_view name,
                                             std::string_view model);

}  // namespace nufi::service
