#pragma once

#include "lib/domain/call.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace nufi::openai {

/// What a JSON body asks for. Each has its own fields.
enum class Form : std::uint8_t {
  chat,
  completions,
  embeddings,
  responses,
  moderations,
  images,
  speech,
  rerank,
  transcriptions,  ///< audio/transcriptions and audio/translations: multipart/form-data only
  image_edits,     ///< images/edits and images/variations: multipart/form-data, edits JSON too
  messages,        ///< /v1/messages, in Anthropic's form
  message_tokens,  ///< /v1/messages/count_tokens: the same body, nothing is made or billed
};

/// The most output tokens of one picture: gpt-image-1 bills 6,240 for the largest at high quality
/// and 100 for each of up to three partial ones (OpenAI's guide "Image generation").
inline constexpr std::int64_t kPictureBound = 8'192;
/// The most input tokens of a picture that is edited: at high fidelity 6,240 for the picture and
/// less than 1,200 for its tiles (the same guide).
inline constexpr std::int64_t kEditedPictureBound = 8'192;

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

/// The fields that can carry a cap on output; which one an upstream knows is the caller's business.
enum class CapField : std::uint8_t { max_tokens, max_completion_tokens, max_output_tokens };
inline constexpr std::array<std::string_view, 3> kCapFields = {
    "max_tokens", "max_completion_tokens", "max_output_tokens"};

/// A request, read strictly: every field we decide on has its type, stands there once and in its
/// own case (some servers read keys without case, so MODEL beside model is refused).
struct Request {
  domain::Call call;
  bool tier_asked = false;     ///< it names a service_tier: the reply says which one it got
  bool usage_asked = false;    ///< the client wants the usage chunk of a stream itself
  bool in_background = false;  ///< the reply ends before the work does
  /// A tool that the provider runs as often as it likes, without a bound on that: nothing bounds
  /// what the call costs. "" = there is none.
  std::string unbounded_tool;
  /// The field that names other models, which the upstream may take instead: whether they are
  /// allowed, and what they cost, is not known. "" = there is none.
  std::string other_models;
  /// The field that makes the provider bill more than the model's listed price of what was asked
  /// for. "" = there is none.
  std::string repriced_by;
  bool asks_priority = false;       ///< of service tiers, the one that is dearer
  bool caches_for_an_hour = false;  ///< Anthropic bills writing to such a cache twice the input
  /// The only cap is max_completion_tokens, which not every chat server knows.
  bool has_only_completion_cap = false;
  std::string previous_response_id;  ///< the response whose conversation goes on, "" = none
  bool names_conversation = false;   ///< the conversation stands at the provider
  bool refuses_storing = false;      ///< `"store":false`: nobody asks for this response later
  FieldSpan model;           ///< of the value, quotes included; the only one that may be absent
  FieldSpan stream_options;  ///< of the value
  FieldSpan include_usage;   ///< of the value
  std::array<FieldSpan, kCapFields.size()> null_caps;  ///< values null (a cap is never rewritten)
  bool stream_options_is_empty = false;
};

/// Reads `body` (any bytes) as a request of `form`. Does not keep it.
///
/// The bounds of the call are true ones, each from what its provider bills: text a token per byte,
/// a token id one, an image by its pixels; what is not in the body by the model's context window;
/// a spoken character at most a second of audio; a picture at most its largest size.
std::variant<Request, BadRequest> read_request(Form form, std::string_view body);

}  // namespace nufi::openai
