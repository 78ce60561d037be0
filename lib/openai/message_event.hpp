#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nufi::openai {

/// What an event of a stream in Anthropic's form says about what the call uses.
struct MessageEvent {
  std::string usage;            ///< JSON of its usage object, "" = it has none
  bool usage_is_whole = false;  ///< not of the message's start, which knows nothing of the output
  /// Output it carries, judged by its size: a token per four bytes, at least one; 0 = none.
  std::int64_t tokens = 0;
  bool has_text = false;  ///< of that something can be seen: text, thoughts, a tool's input
  bool ends = false;      ///< the last event of a message
  bool failed = false;    ///< the event says so
};

/// Reads an event's data. One of a type we don't know, or that is not JSON, says nothing.
MessageEvent read_message_event(std::string_view data);

}  // namespace nufi::openai
