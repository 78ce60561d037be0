#pragma once

#include "lib/domain/price.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace nufi::domain {

/// What the rules need to know of a call, read from its body.
struct Call {
  std::string endpoint;  ///< "chat/completions"
  std::string model;     ///< as the client wrote it
  bool stream = false;
  /// Most prompt tokens it can be billed (a true bound: a byte of text is at most one token).
  std::int64_t prompt_bound = 0;
  /// The client's cap on output tokens per choice.
  std::optional<std::int64_t> output_cap;
  std::int64_t choices = 1;                  ///< n × best_of, >= 1
  /// The most that is billed by other units than tokens (Usage has the same).
  std::int64_t image_bound = 0;
  std::int64_t audio_ms_bound = 0;
  std::int64_t character_bound = 0;
  ServiceTier tier = ServiceTier::standard;  ///< the dearest it can be billed at
};

}  // namespace nufi::domain
