#include "lib/openai/error_body.hpp"

#include "lib/openai/json_walk.hpp"

namespace nufi::openai {
namespace {

std::string string_or_null(std::string_view text) {
  return text.empty() ? "null" : quote_json(text);
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

}  // namespace nufi::openai
