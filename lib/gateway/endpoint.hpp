#pragma once

#include "lib/openai/request.hpp"

#include <string_view>

namespace nufi::gateway {

/// One POST endpoint of the inference API with a JSON body. What differs between them is said here
/// and in openai/request (which fields are decided on); everything else is the same call.
struct Endpoint {
  std::string_view path;           ///< "/v1/chat/completions"
  std::string_view name;           ///< in the ledger: "chat/completions"
  std::string_view upstream_path;  ///< behind the base URL: "/chat/completions"
  openai::Form form;               ///< how its body is read
};

/// The endpoint at `path`, null if there is none.
const Endpoint* find_endpoint(std::string_view path);

}  // namespace nufi::gateway
