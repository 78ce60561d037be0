#include "lib/openai/message_bound.hpp"

#include "lib/base/text.hpp"
#include "lib/openai/content_bound.hpp"
#include "lib/openai/member_name.hpp"

#include <algorithm>

namespace nufi::openai {
namespace {

/// What tools add to a prompt beside their text: the provider explains to the model how to call
/// them (up to 900 tokens, Anthropic's "Tool use with Claude") …
constexpr std::int64_t kToolPrompt = 1'000;
/// … and, where it knows the tool by its type alone, describes it (a screen 1,234 tokens, an editor
/// 700, a shell 245); a set of them counts as ten.
constexpr std::int64_t kProvidedTool = 1'500;
constexpr std::int64_t kToolSet = 10 * kProvidedTool;

/// Types of tools that the client runs: each pass is a call of its own.
constexpr std::array<std::string_view, 5> kProvidedTools = {
    "bash_", "text_editor_", "computer_", "memory_", "browser_"};

/// Stands for a tool that was found among those in the body.
constexpr std::string_view kReference = "tool_reference";

/// Blocks whose whole content stands in the body (of a document: if its source is text).
constexpr std::array<std::string_view, 20> kWholeBlocks = {"text",
                                                           "image",
                                                           "document",
                                                           "search_result",
                                                           "thinking",
                                                           "redacted_thinking",
                                                           "tool_use",
                                                           "tool_result",
                                                           kReference,
                                                           "server_tool_use",
                                                           "web_search_tool_result",
                                                           "web_search_result",
                                                           "code_execution_tool_result",
                                                           "bash_code_execution_tool_result",
                                                           "text_editor_code_execution_tool_result",
                                                           "tool_search_tool_result",
                                                           "advisor_tool_result",
                                                           "mcp_tool_use",
                                                           "mcp_tool_result",
                                                           "compaction"};

bool is_whole_block(std::string_view type) {
  return std::find(kWholeBlocks.begin(), kWholeBlocks.end(), type) != kWholeBlocks.end();
}

std::int64_t tokens_of_tool(std::string_view type) {
  return type.find("toolset") == std::string_view::npos ? kProvidedTool : kToolSet;
}

bool is_provided_tool(std::string_view type) {
  return std::any_of(kProvidedTools.begin(), kProvidedTools.end(), [&](std::string_view prefix) {
    return type.starts_with(prefix);
  });
}

/// The text of a string, "" for anything else.
std::string text_of(const JsonValue& value) {
  return value.kind == JsonKind::string ? unescape_json(between_quotes(value.raw)) : std::string();
}

}  // namespace

bool MessageBound::is_block(std::size_t depth) const {
  constexpr std::size_t kMessageBlock = 4;  // root, messages, message, content, block
  if (depth < kMessageBlock || is_list_[depth] || !is_list_[depth - 1]) return false;
  if (!is_named(keys_[depth - 1], "content")) return false;
  if (depth == kMessageBlock) return is_named(keys_[1], "messages");
  return blocks_[depth - 2].is_open ||
         (blocks_[depth - 3].is_open && is_named(keys_[depth - 2], "source"));
}

void MessageBound::open(const JsonValue& container) {
  const auto depth = container.depth;
  keys_[depth] = container.key;
  is_list_[depth] = container.kind == JsonKind::array;
  blocks_[depth] = {};
  if (depth == 2 && keys_[1] == "tools") tool_ = {};
  // Whatever it is that runs there, it is not in the body.
  if (depth == 2 && keys_[1] == "mcp_servers") {
    hosted_tool_ = "mcp_servers";
    has_unbounded_tool_ = true;
  }
  if (!is_block(depth)) return;
  auto& block = blocks_[depth];
  block.is_open = true;
  block.is_exact = keys_[depth - 1] == "content";
  const auto& outer = blocks_[depth - 2].is_open ? blocks_[depth - 2] : blocks_[depth - 3];
  if (outer.is_open) block.is_exact = block.is_exact && outer.is_exact;
}

void MessageBound::close(const JsonValue& container) {
  const auto depth = container.depth;
  if (blocks_[depth].is_open) judge_block(blocks_[depth]);
  blocks_[depth].is_open = false;
  if (depth == 2 && keys_[1] == "tools") judge_tool();
  if (depth == 1 && keys_[1] == "tools")
    tools_bytes_ = static_cast<std::int64_t>(container.raw.size());
}

void MessageBound::scalar(const JsonValue& value) {
  const auto depth = value.depth;
  if (is_named(value.key, "ttl") && is_named(value.parent_key, "cache_control")) {
    caches_for_an_hour_ = caches_for_an_hour_ || text_of(value) != "5m";
  }
  if (depth < 3) return;
  if (depth == 3 && keys_[1] == "tools") note_tool(value);
  if (keys_[1] == "context_management" && is_named(value.key, "type")) {
    // Taking old turns out makes the prompt shorter; anything else is written by a model.
    compacts_ = compacts_ || !text_of(value).starts_with("clear_");
  }
  // It is read as the whole description of the tool it names, wherever it stands.
  const bool is_below_messages = keys_[1] == "messages" && depth > 3;
  if (is_below_messages && is_named(value.key, "type") && text_of(value) == kReference) {
    references_ += 1;
  }
  if (blocks_[depth - 1].is_open) {
    note_block(blocks_[depth - 1], value);
  } else if (blocks_[depth - 2].is_open && is_named(keys_[depth - 1], "source")) {
    note_source(blocks_[depth - 2], value);
  }
}

void MessageBound::note_block(Block& block, const JsonValue& value) {
  if (!is_named(value.key, "type")) return;
  block.is_exact = block.is_exact && value.key == "type";
  const auto type = text_of(value);
  if (type == "image") {
    block.is_image = true;
  } else {
    block.is_other = true;
    block.is_document = block.is_document || type == "document";
    is_elsewhere_ = is_elsewhere_ || !is_whole_block(type);
  }
}

void MessageBound::note_source(Block& block, const JsonValue& value) {
  if (is_named(value.key, "type")) {
    const auto type = text_of(value);
    const bool is_exact = value.key == "type" && keys_[value.depth - 1] == "source";
    block.is_exact = block.is_exact && is_exact;
    block.is_embedded = block.is_embedded || type == "base64";
    block.is_text = block.is_text || type == "text" || type == "content";
    block.is_elsewhere =
        block.is_elsewhere || (type != "base64" && type != "text" && type != "content");
  } else if (value.key == "data" && value.kind == JsonKind::string) {
    block.data += value.raw.size();
  }
}

void MessageBound::judge_block(const Block& block) {
  if (block.is_image) images_ += 1;
  const bool is_only_image = block.is_image && !block.is_other;
  if (!is_only_image && (block.is_embedded || block.is_elsewhere)) is_elsewhere_ = true;
  if (block.is_document && !block.is_text) is_elsewhere_ = true;
  // Billed by its size in pixels, not by the bytes of its base64 text; but only where a server can
  // read nothing else in it.
  const bool is_base64 = block.is_embedded && !block.is_text && !block.is_elsewhere;
  if (is_only_image && block.is_exact && is_base64) bytes_apart_ += block.data;
}

void MessageBound::note_tool(const JsonValue& value) {
  if (is_named(value.key, "type")) {
    if (value.kind == JsonKind::null) return;
    const auto type = text_of(value);
    if (type == "custom") return;
    tool_.tokens += tokens_of_tool(type);
    if (!is_provided_tool(type)) tool_.hosted_type = type.empty() ? "unknown" : type;
  } else if (value.key == "max_uses" && value.kind == JsonKind::number) {
    const auto uses = parse_integer(value.raw);
    if (uses && *uses >= 0 && *uses <= INT32_MAX) {
      tool_.max_uses = std::max<std::int64_t>(tool_.max_uses.value_or(0), *uses);
    }
  }
}

void MessageBound::judge_tool() {
  has_tools_ = true;
  tool_tokens_ += tool_.tokens;
  if (tool_.hosted_type.empty()) return;
  if (hosted_tool_.empty()) hosted_tool_ = tool_.hosted_type;
  if (tool_.max_uses) {
    tool_uses_ += *tool_.max_uses;
  } else {
    has_unbounded_tool_ = true;
    hosted_tool_ = tool_.hosted_type;
  }
}

std::optional<std::int64_t> MessageBound::tool_uses() const {
  if (has_unbounded_tool_) return std::nullopt;
  return tool_uses_;
}

std::int64_t MessageBound::prompt_tokens(std::size_t bytes) const {
  const auto tools = has_tools_ ? kToolPrompt + tool_tokens_ : 0;
  const auto referred = references_ * tools_bytes_;
  return static_cast<std::int64_t>(bytes - bytes_apart_) + images_ * kImageTokenBound + tools +
         referred;
}

}  // namespace nufi::openai
