#pragma once

#include "lib/domain/call.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nufi::openai {

/// What a JSON body asks for. Each has its own fields.
enum class Form : std::uint8_t { chat };

/// Why a body can't be taken: 400 with this message and, for a field, its name as `param`.
struct BadRequest {
  std::string code;     ///< "invalid_json" or "invalid_value"
  std::string message;  ///< for people
  std::string param;    ///< "" = none
};

/// Where in the body the fields we decide on stand, so that they can be spliced as text. Offsets
/// are bytes; size 0 = not there.
struct FieldSpan {
  std::size_t at = 0;
  std::size_t size = 0;
  [[nodiscard]] bool present() const { return size != 0; }
};

/// A chat completion request, read strictly: every field we decide on has its type, stands there
/// once and in its own case (some servers read keys without case, so MODEL beside model is
/// refused).
struct Request {
  domain::Call call;
  bool tier_asked = false;   ///< it names a service_tier: the reply says which one it got
  bool usage_asked = false;  ///< the client wants the usage chunk of a stream itself
  FieldSpan model;           ///< of the value, quotes included
  FieldSpan stream_options;  ///< of the value
  FieldSpan include_usage;   ///< of the value
  FieldSpan max_tokens;      ///< of a value null (a cap is never rewritten)
  FieldSpan max_completion_tokens;
  bool stream_options_is_empty = false;
};

/// Reads `body` (any bytes) as a request of `form`. Does not keep it.
std::variant<Request, BadRequest> read_request(Form form, std::string_view body);

/// What is to be different in the body that goes upstream.
struct Changes {
  std::optional<std::string> model;           ///< the upstream's name for it
  bool ask_for_usage = false;                 ///< stream_options.include_usage = true
  std::optional<std::int64_t> output_cap;     ///< a clamp, per choice
  bool cap_is_max_completion_tokens = false;  ///< which field carries the clamp
};

/// `body` with the changes spliced into its text; every other byte stays as it came.
/// Precondition: `request` was read from `body`.
std::string splice_request(std::string_view body, const Request& request, const Changes& changes);

}  // namespace nufi::openai
