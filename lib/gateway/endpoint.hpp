#pragma once

#include "lib/domain/upstream.hpp"
#include "lib/openai/request.hpp"

#include <cstdint>
#include <string_view>

namespace nufi::gateway {

/// How the body of a request to an endpoint may come.
enum class BodyKind : std::uint8_t {
  json,
  form,          ///< multipart/form-data
  form_or_json,  ///< as its Content-Type says
};

/// One POST endpoint of the inference API. What differs between them is said here
/// and in openai/request and form_request (which fields are decided on); everything else is the
/// same call.
struct Endpoint {
  std::string_view path;           ///< "/v1/chat/completions"
  std::string_view name;           ///< in the ledger: "chat/completions"
  std::string_view upstream_path;  ///< behind the base URL: "/chat/completions"
  openai::Form form;               ///< how its body is read and its reply metered
  openai::CapField cap_field;      ///< what carries a cap on output that we set
  bool has_stream_options;         ///< a stream's usage must be asked for
  BodyKind body = BodyKind::json;
};

/// True for /v1/messages and what is below it: who calls there speaks Anthropic's form, in which it
/// gives its key (x-api-key) and reads our errors.
bool speaks_messages(std::string_view path);

/// The endpoint at `path`, null if there is none.
const Endpoint* find_endpoint(std::string_view path);

/// True if a chat server of `upstream` takes no notice of max_completion_tokens, so that a client's
/// cap must be said in max_tokens too.
bool ignores_completion_cap(const domain::Upstream& upstream);

/// Which field carries a cap that we set on a call to `upstream`.
openai::CapField cap_field(const Endpoint& endpoint, const domain::Upstream& upstream);

}  // namespace nufi::gateway
