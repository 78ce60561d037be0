#pragma once

#include "cli/interview.hpp"
#include "lib/domain/terms.hpp"

/// Adding a provider by answering questions.
namespace nufi::cli {

/// Asks which provider and for its secret, as far as `terms` does not say it. A name that is a
/// preset's is the default. False: the person has left.
bool ask_for_upstream(Context& context, Interview& interview, domain::UpstreamTerms& terms);

/// Calls it for a trial and shows how that went; asks for another secret when it is refused. The
/// model that answered, or "" if none did.
std::string try_upstream(Context& context, Interview& interview, const std::string& name);

}  // namespace nufi::cli
