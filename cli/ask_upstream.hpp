#pragma once

#include "cli/interview.hpp"
#include "lib/domain/terms.hpp"
#include "lib/domain/views.hpp"

#include <string>

/// Adding a provider by answering questions.
namespace nufi::cli {

/// Asks which provider, for a name and for its secret, as far as `terms` does not say it. A name
/// that is a preset's is the default. False: the person has left. Throws Error{invalid} or
/// Error{conflict} for a name in `terms` that a new one can't have.
bool ask_for_upstream(Context& context, Interview& interview, domain::UpstreamTerms& terms);

/// What a trial has shown.
struct Trial {
  bool answers = false;
  std::string model;      ///< that a chat was answered by, or ""
  bool has_price = true;  ///< else calls of it are refused under a budget
};

/// Calls it for a trial and shows how that went. Asks for another secret where that is what it
/// lacks, and what the model costs where nobody knows.
Trial try_upstream(Context& context, Interview& interview, const std::string& name);

/// Says that clients can't list its models, if that is so.
void note_unlisted(Context& context, const domain::UpstreamView& view);
/// As above, and that none of its models has a price.
void note_shortcomings(Context& context, const domain::UpstreamView& view);

}  // namespace nufi::cli
