#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/price_book.hpp"
#include "lib/domain/views.hpp"
#include "lib/domain/world.hpp"
#include "lib/service/probe_client.hpp"

#include <string>
#include <vector>

namespace nufi::service {

/// Asks an upstream what it can, as calls would: the models it lists, a short answer (or an
/// embedding, where it makes nothing else), a stream and how soon it begins, and whether they
/// report usage. `model` "" picks one that it serves, rather one with a price in `prices`; where
/// the calls cost something and its price is not known, that is a step of its own. Never throws for
/// what the upstream does: that is in the steps, without the secret; a step that others rest on
/// ends the test. Blocks, at most `way.total`.
std::vector<domain::ProbeStep> probe(const domain::ReadyUpstream& upstream,
                                     const std::string& model,
                                     const ProbeWay& way,
                                     const domain::PriceBook& prices,
                                     const Clock& clock);

}  // namespace nufi::service
