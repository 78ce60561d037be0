#include "lib/gateway/endpoint.hpp"

#include <algorithm>
#include <array>

namespace nufi::gateway {
namespace {

using openai::Form;

constexpr std::array kEndpoints = {
    Endpoint{"/v1/chat/completions", "chat/completions", "/chat/completions", Form::chat},
};

}  // namespace

const Endpoint* find_endpoint(std::string_view path) {
  const auto* found = std::find_if(
      kEndpoints.begin(), kEndpoints.end(), [&](const auto& each) { return each.path == path; });
  return found == kEndpoints.end() ? nullptr : found;
}

}  // namespace nufi::gateway
