#include "lib/openai/message_event.hpp"

#include "lib/openai/json_walk.hpp"

#include <algorithm>

namespace nufi::openai {
namespace {

std::int64_t tokens_of(std::size_t bytes) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>((bytes + 3) / 4));
}

class Reader final : public JsonVisitor {
 public:
  void open(const JsonValue&) override {}

  void close(const JsonValue& value) override {
    const bool is_usage = value.key == "usage" && value.kind == JsonKind::object;
    if (value.depth == 1 && is_usage) usage = value.raw;
    if (value.depth == 2 && is_usage && value.parent_key == "message") started_with = value.raw;
  }

  void scalar(const JsonValue& value) override {
    if (value.kind != JsonKind::string) return;
    const auto text = value.raw.substr(1, value.raw.size() - 2);
    if (value.depth == 1 && value.key == "type") type = text;
    if (value.depth != 2) return;
    if (value.parent_key == "content_block" && value.key == "data") hidden += text.size();
    if (value.parent_key != "delta") return;
    if (value.key == "text" || value.key == "thinking" || value.key == "partial_json") {
      visible += text.size();
    } else if (value.key == "signature") {
      hidden += text.size();
    }
  }

  std::string_view type;
  std::string_view usage;         ///< of the root
  std::string_view started_with;  ///< of the root's message
  std::size_t visible = 0;        ///< bytes of text
  std::size_t hidden = 0;         ///< bytes of thoughts that only the provider can read
};

}  // namespace

MessageEvent read_message_event(std::string_view data) {
  Reader reader;
  MessageEvent event;
  if (!walk_json(data, reader).empty()) return event;
  event.usage = reader.type == "message_start" ? reader.started_with : reader.usage;
  event.usage_is_whole = reader.type != "message_start";
  event.ends = reader.type == "message_stop";
  event.failed = reader.type == "error";
  event.has_text = reader.visible > 0;
  const bool is_content = reader.type == "content_block_delta";
  if (is_content || reader.hidden > 0) event.tokens = tokens_of(reader.visible + reader.hidden);
  return event;
}

}  // namespace nufi::openai
