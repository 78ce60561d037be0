#pragma once

#include "lib/gateway/charge.hpp"

namespace nufi::gateway {

/// What the writing down of sound has used.
struct TranscriptUsage {
  domain::Usage usage;
  bool is_exact = false;  ///< all that is billed is as reported
};

/// Tokens where the price knows them and the reply reports them, else seconds: as the reply says
/// (its usage, `duration` of verbose_json), or by its last caption, or by the file. `meter` may be
/// null. Precondition: the reply's usage is not impossible.
TranscriptUsage transcript_usage(const Meter* meter, const Pricing& pricing, const Asked& asked);

}  // namespace nufi::gateway
