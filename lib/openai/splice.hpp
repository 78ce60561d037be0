#pragma once

#include "lib/openai/request.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::openai {

/// What is to be different in the body that goes upstream.
struct Changes {
  std::optional<std::string> model;        ///< the upstream's name for it
  bool ask_for_usage = false;              ///< stream_options.include_usage = true
  std::optional<std::int64_t> output_cap;  ///< a clamp, per choice
  CapField cap_field = CapField::max_tokens;
};

/// `body` with the changes spliced into its text; every other byte stays as it came.
/// Precondition: `request` was read from `body`.
std::string splice_request(std::string_view body, const Request& request, const Changes& changes);

}  // namespace nufi::openai
