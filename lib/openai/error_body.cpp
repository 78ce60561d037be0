#include "lib/openai/error_body.hpp"

#include "lib/openai/json_walk.hpp"

namespace nufi::openai {
namespace {

std::string string_or_null(std::string_view text) {
  return text.empty() ? "null" : quote_json(text);
}

std::string_view message_error_type(const ApiError& error) {
  switch (error.status) {
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 408:
    case 504:
      return "timeout_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return error.code == "no_upstream_available" || error.code == "overloaded"
                 ? "overloaded_error"
                 : "api_error";
    default:
      return error.status < 500 ? "invalid_request_error" : "api_error";
  }
}

}  // namespace

std::string error_body(const ApiError& error) {
  auto body = "{\"error\":{\"message\":" + quote_json(error.message) +
              ",\"type\":" + string_or_null(error.type) +
              ",\"param\":" + string_or_null(error.param) +
              ",\"code\":" + string_or_null(error.code);
  if (!error.limit_json.empty()) body += ",\"nufi\":" + error.limit_json;
  return body + "}}";
}

std::string message_error_body(const ApiError& error, std::string_view request_id) {
  auto body = "{\"type\":\"error\",\"error\":{\"type\":" + quote_json(message_error_type(error)) +
              ",\"message\":" + quote_json(error.message);
  if (!error.limit_json.empty()) body += ",\"nufi\":" + error.limit_json;
  return body + "},\"request_id\":" + quote_json(request_id) + "}";
}

}  // namespace nufi::openai
