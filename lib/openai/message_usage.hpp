#pragma once

#include "lib/openai/usage.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace nufi::openai {

/// What a reply in Anthropic's form says it used, of all the usage objects it has: one in a plain
/// reply; in a stream that of `message_start` and those of `message_delta`, which are cumulative
/// and may leave out what has not changed (Anthropic's API reference, "Streaming messages").
///
/// Here `input_tokens` counts neither what was read from the cache nor what was written to it.
/// Thinking is part of `output_tokens`. Passes that the provider makes on its own account (a
/// summary, an adviser) stand in `iterations` and nowhere else.
class MessageUsage {
 public:
  /// Takes a usage object. `is_whole`: it knows of all the output, as that of a message_start does
  /// not. Null and objects without counts say nothing.
  void add(std::string_view json, bool is_whole);

  [[nodiscard]] UsageReading reading() const;

 private:
  std::optional<std::int64_t> input_, cache_read_, cache_write_, output_, thinking_;
  std::int64_t prompt_beside_ = 0;  ///< of passes that stand in iterations only
  std::int64_t output_beside_ = 0;
  std::optional<domain::Money> cost_;
  std::optional<domain::ServiceTier> tier_;
  bool is_whole_ = false;
  bool is_possible_ = true;
};

/// That of a plain reply.
UsageReading read_message_usage(std::string_view json);

}  // namespace nufi::openai
