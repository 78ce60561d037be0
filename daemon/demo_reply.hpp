#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nufi::daemon {

inline constexpr std::string_view kDemoModel = "nufi-echo";

/// What the demo's model says to a request, as bytes ready to send.
struct DemoReply {
  int status = 200;
  std::string body;                 ///< JSON; unused for a stream
  std::vector<std::string> events;  ///< of a stream: one "data: …\n\n" each, "[DONE]" last
  [[nodiscard]] bool is_stream() const { return !events.empty(); }
};

/// Answers the body of a chat completion: the text of the last user message, cut to the output
/// limit (four bytes count as a token), word by word if a stream is asked for, with the usage where
/// OpenAI's API has it. `created` is in unix seconds. Refuses what it can't read with 400.
DemoReply demo_chat(std::string_view body, long long created);

/// 404 in OpenAI's shape, for every other path.
DemoReply demo_unknown();

/// The list of models: one.
std::string demo_models();

}  // namespace nufi::daemon
