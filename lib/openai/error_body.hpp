#pragma once

#include <string>
#include <string_view>

namespace nufi::openai {

/// An error as OpenAI's API words it (platform docs, "Error codes"): all strings or null.
struct ApiError {
  int status = 500;
  std::string type;     ///< "invalid_request_error", "insufficient_quota", …
  std::string code;     ///< "" is null
  std::string message;  ///< never holds a key
  std::string param;    ///< "" is null
  /// JSON of the member `nufi` of limit errors, "" = none.
  std::string limit_json;
};

/// `{"error":{"message","type","param","code"[,"nufi"]}}`.
std::string error_body(const ApiError& error);

/// The same error as Anthropic's API words it ("Errors" in its reference), whose types stand for
/// the status: `{"type":"error","error":{"type","message"[,"nufi"]},"request_id"}`.
std::string message_error_body(const ApiError& error, std::string_view request_id);

}  // namespace nufi::openai
