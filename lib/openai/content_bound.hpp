#pragma once

#include "lib/openai/json_walk.hpp"
#include "lib/openai/request.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nufi::openai {

/// The most an image can be billed: gpt-4o-mini bills 2,833 tokens and 5,667 for each of up to
/// eight tiles, more than any other model we know.
inline constexpr std::int64_t kImageTokenBound = 50'000;

/// Watches what stands below the root of a request and bounds what it can be billed, where the
/// bytes of the body do not: images, files, token ids, stored conversations, tools that run at the
/// provider. Names are taken as a server without case would read them, and whatever is not known to
/// be bounded counts as unbounded by the body.
class ContentBound {
 public:
  explicit ContentBound(Form form) : form_(form) {}

  void open(const JsonValue& container);
  void close(const JsonValue& container);
  void scalar(const JsonValue& value);

  /// The prompt of this call is continued from something stored.
  void prompt_is_elsewhere() { is_elsewhere_ = true; }

  /// Most prompt tokens of a body of `bytes` bytes.
  [[nodiscard]] std::int64_t prompt_tokens(std::size_t bytes) const;
  [[nodiscard]] bool is_elsewhere() const { return is_elsewhere_ || !hosted_tool_.empty(); }
  /// Separate prompts in the body, >= 1.
  [[nodiscard]] std::int64_t prompts() const;
  /// The first tool that the provider runs itself, "" = none.
  [[nodiscard]] const std::string& hosted_tool() const { return hosted_tool_; }
  /// Bytes of the predicted output.
  [[nodiscard]] std::int64_t prediction_bytes() const { return prediction_bytes_; }
  /// Characters of the text to speak.
  [[nodiscard]] std::int64_t characters() const { return characters_; }

 private:
  /// An item of a response's input.
  struct Item {
    std::string type;
    bool has_id = false;
    bool has_role = false;
    bool has_encrypted_content = false;
  };

  void note_key(const JsonValue& value);
  void note_type(const JsonValue& value, const std::string& type);
  void note_item(const JsonValue& value);
  void count_image(std::size_t depth);
  void judge_item();
  void judge_tool();
  [[nodiscard]] bool is_prompt_list() const;
  [[nodiscard]] bool is_in_content(const JsonValue& value) const;
  [[nodiscard]] bool is_image_place(const JsonValue& value) const;

  const Form form_;
  std::string_view root_;   ///< the open member of the root
  std::string_view third_;  ///< the latest container two below it, by its key
  std::array<bool, kMaxJsonDepth + 2> is_image_{};  ///< per depth: the open object is one already
  Item item_;
  std::string tool_type_;
  bool is_elsewhere_ = false;
  std::string hosted_tool_;
  std::int64_t images_ = 0;
  std::int64_t prompts_ = 0;
  std::int64_t token_ids_ = 0;
  std::int64_t query_bytes_ = 0;
  std::int64_t prediction_bytes_ = 0;
  std::int64_t characters_ = 0;
  std::size_t bytes_apart_ = 0;  ///< of images and token ids, which are not billed as text
};

}  // namespace nufi::openai
