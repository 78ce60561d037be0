#pragma once

#include "lib/openai/json_walk.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::openai {

/// What ContentBound is for the other forms, for Anthropic's messages: watches what stands below
/// the root and bounds what it can be billed where the bytes of the body do not: images, documents,
/// tools whose definition stands at the provider or that run there. Names are taken as a server
/// without case would read them, and whatever is not known to be bounded counts as unbounded by the
/// body.
class MessageBound {
 public:
  void open(const JsonValue& container);
  void close(const JsonValue& container);
  void scalar(const JsonValue& value);

  /// Most prompt tokens of a body of `bytes` bytes.
  [[nodiscard]] std::int64_t prompt_tokens(std::size_t bytes) const;
  /// Some of the prompt is not in the body: pages of a document, a file, what a tool finds.
  [[nodiscard]] bool is_elsewhere() const { return is_elsewhere_ || !hosted_tool_.empty(); }
  /// The first tool that the provider runs itself, "" = none.
  [[nodiscard]] const std::string& hosted_tool() const { return hosted_tool_; }
  /// How often such tools may be used in all; std::nullopt if one of them has no bound.
  [[nodiscard]] std::optional<std::int64_t> tool_uses() const;
  /// The provider is to write a summary when the conversation is long: a pass of its own.
  [[nodiscard]] bool compacts() const { return compacts_; }
  /// Some of it is to be kept in the cache for longer than the usual five minutes.
  [[nodiscard]] bool caches_for_an_hour() const { return caches_for_an_hour_; }

 private:
  /// A content block: an object in a list called `content` of a message or of another block.
  struct Block {
    bool is_open = false;  ///< the container at this depth is one
    bool is_exact = true;  ///< every name on the way to it, and in it, is in its own case
    bool is_image = false;
    bool is_other = false;  ///< it has another type (too)
    bool is_document = false;
    bool is_embedded = false;   ///< its source is base64
    bool is_text = false;       ///< its source is text, or blocks
    bool is_elsewhere = false;  ///< its source is something else
    std::size_t data = 0;       ///< bytes of its source's data
  };
  struct Tool {
    std::string hosted_type;  ///< "" = the client runs it
    std::int64_t tokens = 0;  ///< of the description that stands at the provider
    std::optional<std::int64_t> max_uses;
  };

  [[nodiscard]] bool is_block(std::size_t depth) const;
  void note_block(Block& block, const JsonValue& value);
  void note_source(Block& block, const JsonValue& value);
  void note_tool(const JsonValue& value);
  void judge_block(const Block& block);
  void judge_tool();

  // By depth, of what is open there.
  std::array<std::string_view, kMaxJsonDepth + 2> keys_{};
  std::array<bool, kMaxJsonDepth + 2> is_list_{};
  std::array<Block, kMaxJsonDepth + 2> blocks_{};

  Tool tool_;
  std::string hosted_tool_;
  bool has_tools_ = false;
  std::int64_t tool_tokens_ = 0;
  std::int64_t tools_bytes_ = 0;
  std::int64_t references_ = 0;  ///< to tools, in messages
  std::int64_t tool_uses_ = 0;
  bool has_unbounded_tool_ = false;
  bool is_elsewhere_ = false;
  bool compacts_ = false;
  bool caches_for_an_hour_ = false;
  std::int64_t images_ = 0;
  std::size_t bytes_apart_ = 0;  ///< of embedded images, which are not billed as text
};

}  // namespace nufi::openai
