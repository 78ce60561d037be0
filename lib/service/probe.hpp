#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/views.hpp"
#include "lib/domain/world.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace nufi::service {

/// Asks an upstream what it can, over its own HTTP client: the models it lists, a one-token answer,
/// a stream, and whether both report usage. `model` "" picks one that it serves; `ca_file` (or "")
/// holds roots for all upstreams, beside the system's and its own. Never throws for what the
/// upstream does: that is in the steps, without the secret. Blocks, up to a minute.
std::vector<domain::ProbeStep> probe(const domain::ReadyUpstream& upstream,
                                     std::string model,
                                     const std::string& ca_file,
                                     const Clock& clock);

/// The values of all string fields called `field` in JSON text, wherever they stand, in order;
/// those with an escape in them are left out. Enough to read a list of models without a JSON tree.
std::vector<std::string> string_fields(std::string_view json, std::string_view field);

}  // namespace nufi::service
