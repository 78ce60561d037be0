#include "lib/openai/content_bound.hpp"

#include "lib/openai/member_name.hpp"

#include <algorithm>

namespace nufi::openai {
namespace {

/// What stands for something whose size the body does not say: pages of a file, seconds of a film.
constexpr std::array<std::string_view, 10> kFiles = {"file",
                                                     "input_file",
                                                     "file_data",
                                                     "file_url",
                                                     "document",
                                                     "document_url",
                                                     "video_url",
                                                     "input_video",
                                                     "audio_url",
                                                     "cached_content"};

/// Tools whose calls come back to the client, so that each pass is a call of its own.
constexpr std::array<std::string_view, 6> kClientTools = {
    "function", "custom", "local_shell", "apply_patch", "computer", "computer_use_preview"};

/// Items of a response's input whose whole content stands in the body.
constexpr std::array<std::string_view, 9> kWholeItems = {"message",
                                                         "function_call",
                                                         "function_call_output",
                                                         "custom_tool_call",
                                                         "custom_tool_call_output",
                                                         "local_shell_call",
                                                         "local_shell_call_output",
                                                         "computer_call",
                                                         "computer_call_output"};

template <class Names>
bool is_one_of(std::string_view text, const Names& names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

std::int64_t character_count(std::string_view utf8) {
  return std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
}

}  // namespace

bool ContentBound::is_prompt_list() const {
  switch (form_) {
    case Form::completions:
      return root_ == "prompt";
    case Form::embeddings:
    case Form::moderations:
      return root_ == "input";
    case Form::rerank:
      return root_ == "documents";
    case Form::chat:
    case Form::responses:
    case Form::images:
    case Form::speech:
    case Form::transcriptions:
    case Form::image_edits:
    case Form::messages:
    case Form::message_tokens:
      return false;
  }
  return false;
}

bool ContentBound::is_in_content(const JsonValue& value) const {
  if (form_ == Form::chat) {
    return root_ == "messages" && value.depth == 5 && is_named(third_, "content");
  }
  return root_ == "input" && value.depth >= 3;
}

bool ContentBound::is_image_place(const JsonValue& value) const {
  const bool in_list = is_named(third_, "content") || is_named(third_, "output");
  const bool is_member = is_named(value.key, "image_url");
  const bool is_url = value.key == "url" && is_named(value.parent_key, "image_url");
  switch (form_) {
    case Form::chat:
      return root_ == "messages" && is_named(third_, "content") &&
             ((value.depth == 5 && is_member) || (value.depth == 6 && is_url));
    case Form::responses:
      return root_ == "input" && is_member &&
             ((value.depth == 5 && in_list) ||
              (value.depth == 4 && is_named(value.parent_key, "output")));
    case Form::moderations:
    case Form::embeddings:
      return root_ == "input" && value.depth == 4 && is_url;
    case Form::image_edits:
      return is_member &&
             ((root_ == "images" && value.depth == 3) || (root_ == "mask" && value.depth == 2));
    case Form::completions:
    case Form::images:
    case Form::speech:
    case Form::rerank:
    case Form::transcriptions:
    case Form::messages:
    case Form::message_tokens:
      return false;
  }
  return false;
}

void ContentBound::count_image(std::size_t depth) {
  // The object it is a member of is one image, however many of its members say so.
  if (is_image_[depth - 1]) return;
  is_image_[depth - 1] = true;
  images_ += 1;
}

void ContentBound::note_key(const JsonValue& value) {
  if (is_named(value.key, "image_url") || is_named(value.key, "input_image")) {
    count_image(value.depth);
  }
  if (form_ == Form::image_edits && is_named(value.key, "file_id")) count_image(value.depth);
  if (is_in_content(value) && is_named_one_of(value.key, kFiles)) is_elsewhere_ = true;
  if (is_named(value.key, "cached_content")) is_elsewhere_ = true;
}

void ContentBound::note_type(const JsonValue& value, const std::string& type) {
  if (root_ == "tools" && value.depth == 3) tool_type_ = type;
  if (root_ == "input" && value.depth == 3) item_.type = type;
  if (!is_in_content(value)) return;
  if (is_one_of(type, kFiles)) is_elsewhere_ = true;
  if (type == "input_image" || type == "image") count_image(value.depth);
}

void ContentBound::note_item(const JsonValue& value) {
  item_.has_id = item_.has_id || is_named(value.key, "id");
  item_.has_role = item_.has_role || is_named(value.key, "role");
  item_.has_encrypted_content =
      item_.has_encrypted_content || (value.key == "encrypted_content" && value.raw.size() > 2);
}

void ContentBound::open(const JsonValue& container) {
  const auto depth = container.depth;
  is_image_[depth] = false;
  if (depth == 0) return;
  if (depth == 1) {
    root_ = container.key;
    third_ = {};
    return;
  }
  if (depth == 2) {
    third_ = {};
    item_ = {};
    tool_type_.clear();
    if (is_prompt_list()) prompts_ += 1;
  }
  if (depth == 3) {
    third_ = container.key;
    // The audio of an earlier answer is named by its id.
    if (root_ == "messages" && is_named(container.key, "audio")) is_elsewhere_ = true;
    note_item(container);
  }
  note_key(container);
}

void ContentBound::close(const JsonValue& container) {
  if (container.depth == 2 && form_ == Form::responses && root_ == "input") judge_item();
  if (container.depth == 2 && root_ == "tools") judge_tool();
  if (container.depth != 1) return;
  if (root_ == "prediction") {
    prediction_bytes_ += static_cast<std::int64_t>(container.raw.size());
  }
  root_ = {};
}

void ContentBound::judge_item() {
  if (item_.type.empty()) {
    // A message may leave its type out; anything else without one names a stored item.
    if (!item_.has_role) is_elsewhere_ = true;
  } else if (item_.type == "reasoning") {
    if (!item_.has_encrypted_content && item_.has_id) is_elsewhere_ = true;
  } else if (!is_one_of(item_.type, kWholeItems)) {
    is_elsewhere_ = true;
  }
}

void ContentBound::judge_tool() {
  if (hosted_tool_.empty() && !is_one_of(tool_type_, kClientTools)) {
    // Without a type it is a function in an older form.
    hosted_tool_ = tool_type_;
  }
}

void ContentBound::scalar(const JsonValue& value) {
  if (value.depth == 0) return;
  if (value.depth == 1) {
    if (value.kind != JsonKind::string) return;
    if (form_ == Form::rerank && value.key == "query") {
      query_bytes_ = static_cast<std::int64_t>(value.raw.size());
    } else if (form_ == Form::speech && value.key == "input") {
      characters_ = character_count(unescape_json(between_quotes(value.raw)));
    }
    return;
  }
  if (value.depth == 2 && is_prompt_list() && value.kind == JsonKind::string) prompts_ += 1;
  if (value.depth <= 3 && is_prompt_list() && value.kind == JsonKind::number) {
    token_ids_ += 1;
    bytes_apart_ += value.raw.size();
    return;
  }
  if (value.kind == JsonKind::null) return;
  note_key(value);
  if (value.depth == 3) note_item(value);
  if (value.kind != JsonKind::string) return;
  const auto text = between_quotes(value.raw);
  if (is_named(value.key, "type")) note_type(value, unescape_json(text));
  // Embedded images are billed by their size in pixels, not by the bytes of their base64 text; but
  // only where a server takes them for an image. The same text elsewhere is text.
  if (text.starts_with("data:image/") && is_image_place(value)) bytes_apart_ += text.size();
}

std::int64_t ContentBound::prompt_tokens(std::size_t bytes) const {
  // A reranker reads the query with each document.
  const auto again = query_bytes_ * std::max<std::int64_t>(0, prompts_ - 1);
  const auto image = form_ == Form::image_edits ? kEditedPictureBound : kImageTokenBound;
  return static_cast<std::int64_t>(bytes - bytes_apart_) + token_ids_ + images_ * image + again;
}

std::int64_t ContentBound::prompts() const {
  return std::max<std::int64_t>(1, prompts_);
}

}  // namespace nufi::openai
