#include "lib/gateway/endpoint.hpp"

#include <algorithm>
#include <array>

namespace nufi::gateway {
namespace {

using openai::CapField;
using openai::Form;

// Where the cap's field does not matter, no cap is ever set: nothing is made there, or the kind of
// output bounds it.
// clang-format off
constexpr std::array kEndpoints = {
    Endpoint{"/v1/chat/completions", "chat/completions", "/chat/completions",
             Form::chat, CapField::max_tokens, true},
    Endpoint{"/v1/completions", "completions", "/completions",
             Form::completions, CapField::max_tokens, true},
    Endpoint{"/v1/embeddings", "embeddings", "/embeddings",
             Form::embeddings, CapField::max_tokens, false},
    Endpoint{"/v1/responses", "responses", "/responses",
             Form::responses, CapField::max_output_tokens, false},
    Endpoint{"/v1/moderations", "moderations", "/moderations",
             Form::moderations, CapField::max_tokens, false},
    Endpoint{"/v1/images/generations", "images/generations", "/images/generations",
             Form::images, CapField::max_tokens, false},
    Endpoint{"/v1/images/edits", "images/edits", "/images/edits",
             Form::image_edits, CapField::max_tokens, false, BodyKind::form_or_json},
    Endpoint{"/v1/images/variations", "images/variations", "/images/variations",
             Form::image_edits, CapField::max_tokens, false, BodyKind::form},
    Endpoint{"/v1/audio/transcriptions", "audio/transcriptions", "/audio/transcriptions",
             Form::transcriptions, CapField::max_tokens, false, BodyKind::form},
    Endpoint{"/v1/audio/translations", "audio/translations", "/audio/translations",
             Form::transcriptions, CapField::max_tokens, false, BodyKind::form},
    Endpoint{"/v1/audio/speech", "audio/speech", "/audio/speech",
             Form::speech, CapField::max_tokens, false},
    Endpoint{"/v1/rerank", "rerank", "/rerank",
             Form::rerank, CapField::max_tokens, false},
    Endpoint{"/v1/messages", "messages", "/messages",
             Form::messages, CapField::max_tokens, false},
    Endpoint{"/v1/messages/count_tokens", "messages/count_tokens", "/messages/count_tokens",
             Form::message_tokens, CapField::max_tokens, false},
};
// clang-format on

}  // namespace

bool speaks_messages(std::string_view path) {
  constexpr std::string_view kMessages = "/v1/messages";
  return path == kMessages || (path.starts_with(kMessages) && path[kMessages.size()] == '/');
}

const Endpoint* find_endpoint(std::string_view path) {
  const auto* found = std::find_if(
      kEndpoints.begin(), kEndpoints.end(), [&](const auto& each) { return each.path == path; });
  return found == kEndpoints.end() ? nullptr : found;
}

bool ignores_completion_cap(const domain::Upstream& upstream) {
  // Their API references know max_tokens only, and fields they don't know are passed over.
  constexpr std::array<std::string_view, 2> kProviders = {"deepseek", "together"};
  return std::find(kProviders.begin(), kProviders.end(), upstream.provider) != kProviders.end();
}

openai::CapField cap_field(const Endpoint& endpoint, const domain::Upstream& upstream) {
  // OpenAI's newer models refuse max_tokens in a chat, and many other servers know nothing else.
  if (endpoint.form == Form::chat && upstream.provider == "openai") {
    return CapField::max_completion_tokens;
  }
  return endpoint.cap_field;
}

}  // namespace nufi::gateway
