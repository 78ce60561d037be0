#include "daemon/trace_text.hpp"

#include "daemon/trace_pieces.hpp"
#include "lib/domain/key.hpp"
#include "lib/openai/json_escapes.hpp"
#include "lib/openai/multipart.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace nufi::daemon {
namespace {

using Json = nlohmann::json;

/// A field of a form longer than this is told by its size.
constexpr std::size_t kLongestField = 16'384;

/// In the place of a reply that is not kept: why, and what it said.
constexpr const char* kNotKept = "nufi_not_kept";
constexpr const char* kWhyNotKept = "[not kept: it spelled out a key or secret, piece by piece]";

/// The member `name` of `json`, or null.
const Json& member(const Json& json, const char* name) {
  static const Json kNothing;
  if (!json.is_object()) return kNothing;
  const auto found = json.find(name);
  return found == json.end() ? kNothing : *found;
}

std::string text_of(const Json& json) {
  return json.is_string() ? json.get<std::string>() : std::string();
}

void add_line(std::string& text, const std::string& more) {
  if (more.empty()) return;
  if (!text.empty()) text += '\n';
  text += more;
}

/// The text of a message's content: a string, or a list of parts, of which those that are no text
/// are named.
std::string content_text(const Json& content) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) return {};
  std::string text;
  for (const Json& part : content) {
    const auto type = text_of(member(part, "type"));
    const Json& nested = member(part, "content");
    if (member(part, "text").is_string()) {
      add_line(text, text_of(member(part, "text")));
    } else if (!nested.is_null()) {
      add_line(text, fmt::format("[{}] {}", type, content_text(nested)));
    } else if (part.is_string()) {
      add_line(text, part.get<std::string>());
    } else if (!type.empty()) {
      add_line(text, fmt::format("[{}]", type));
    }
  }
  return text;
}

std::string told_call(const Json& call) {
  const Json& function = member(call, "function");
  const Json& named = function.is_object() ? function : call;
  return fmt::format("[calls {}]", text_of(member(named, "name")));
}

/// A message of a chat, of Anthropic's messages or of the responses' input.
domain::TraceMessage message_of(const Json& json) {
  const auto type = text_of(member(json, "type"));
  domain::TraceMessage message;
  message.role = text_of(member(json, "role"));
  if (message.role.empty()) message.role = type.empty() ? "message" : type;
  message.text = content_text(member(json, "content"));
  const Json& calls = member(json, "tool_calls");
  if (calls.is_array()) {
    for (const Json& call : calls) add_line(message.text, told_call(call));
  }
  if (type == "function_call") add_line(message.text, told_call(json));
  add_line(message.text, text_of(member(json, "output")));
  return message;
}

void read_prompt(const Json& request, std::vector<domain::TraceMessage>& prompt) {
  const auto add = [&](std::string role, std::string text) {
    if (!text.empty()) prompt.push_back({std::move(role), std::move(text)});
  };
  add("system", content_text(member(request, "system")));
  add("system", content_text(member(request, "instructions")));
  for (const char* name : {"messages", "input", "prompt", "query", "documents"}) {
    const Json& given = member(request, name);
    const bool is_list = given.is_array() && !given.empty() && given.front().is_object();
    if (is_list) {
      for (const Json& each : given) prompt.push_back(message_of(each));
    } else {
      add(name == std::string_view("messages") ? "user" : name, content_text(given));
    }
  }
}

/// Notes the parts of a form: fields by their value, files by their size.
class Form final : public openai::PartVisitor {
 public:
  explicit Form(std::vector<domain::TraceMessage>& prompt) : prompt_(prompt) {}
  void begin_part(openai::PartHead head) override {
    head_ = std::move(head);
    size_ = 0;
    text_.clear();
  }
  void content(std::string_view bytes, std::uint64_t /*at*/) override {
    size_ += bytes.size();
    if (!head_.is_file && text_.size() < kLongestField) text_ += bytes;
  }
  void end_part() override {
    const bool is_told = !head_.is_file && size_ <= kLongestField;
    prompt_.push_back({head_.name, is_told ? text_ : fmt::format("[{} bytes]", size_)});
  }

 private:
  std::vector<domain::TraceMessage>& prompt_;
  openai::PartHead head_;
  std::size_t size_ = 0;
  std::string text_;
};

/// Puts an answer together.
class Answer {
 public:
  explicit Answer(domain::TraceView& view) : view_(view) {}

  /// A whole reply.
  void read(const Json& reply) {
    if (!member(reply, kNotKept).is_null()) {
      view_.answer = text_of(member(reply, "answer"));
      for (const Json& call : member(reply, "tool_calls")) read_item(call);
      return;
    }
    const Json& choices = member(reply, "choices");
    if (choices.is_array()) {
      for (const Json& choice : choices) {
        const Json& message = member(choice, "message");
        add_line(view_.answer, content_text(member(message, "content")));
        add_line(view_.answer, text_of(member(message, "refusal")));
        add_line(view_.answer, text_of(member(choice, "text")));
        add_calls(member(message, "tool_calls"));
      }
    }
    for (const char* name : {"content", "output"}) {
      const Json& items = member(reply, name);
      if (!items.is_array()) continue;
      for (const Json& item : items) read_item(item);
    }
    add_line(view_.answer, text_of(member(reply, "text")));
  }

  /// One event of a stream; end_stream() comes behind the last.
  void read_event(const Json& event) {
    const auto type = text_of(member(event, "type"));
    if (type == "response.output_text.delta" || type == "transcript.text.delta") {
      text(event, "output_index", "content_index") += text_of(member(event, "delta"));
    } else if (type == "response.output_item.done") {
      const Json& item = member(event, "item");
      if (text_of(member(item, "type")) != "message") read_item(item);
    } else if (type == "content_block_start") {
      const Json& block = member(event, "content_block");
      if (text_of(member(block, "type")) == "tool_use") {
        call(member(event, "index").dump()).name = text_of(member(block, "name"));
      }
    } else if (type == "content_block_delta") {
      const Json& delta = member(event, "delta");
      text(event, "index") += text_of(member(delta, "text"));
      const auto json = text_of(member(delta, "partial_json"));
      if (!json.empty()) call(member(event, "index").dump()).arguments += json;
    }
    const Json& choices = member(event, "choices");
    if (!choices.is_array()) return;
    for (const Json& choice : choices) {
      const Json& delta = member(choice, "delta");
      auto& said = text(choice, "index");
      said += text_of(member(delta, "content"));
      said += text_of(member(delta, "refusal"));
      said += text_of(member(choice, "text"));
      add_pieces(member(delta, "tool_calls"), member(choice, "index").dump());
    }
  }

  /// Choices come in turns, and are told one behind the other, as those of a whole reply.
  void end_stream() {
    for (const auto& [place, said] : texts_) add_line(view_.answer, said);
  }

 private:
  /// Of the responses' output, or a block of Anthropic's content.
  void read_item(const Json& item) {
    const auto type = text_of(member(item, "type"));
    if (type == "message") {
      add_line(view_.answer, content_text(member(item, "content")));
    } else if (type == "text") {
      add_line(view_.answer, text_of(member(item, "text")));
    } else if (type == "function_call" || type == "tool_use") {
      const Json& given = member(item, "arguments");
      const Json& input = member(item, "input");
      view_.tool_calls.push_back(
          {text_of(member(item, "name")), given.is_string() ? text_of(given) : input.dump()});
    }
  }

  void add_calls(const Json& calls) {
    if (!calls.is_array()) return;
    for (const Json& each : calls) {
      const Json& function = member(each, "function");
      view_.tool_calls.push_back(
          {text_of(member(function, "name")), text_of(member(function, "arguments"))});
    }
  }

  /// Calls of a stream come piece by piece, each with its place.
  void add_pieces(const Json& calls, const std::string& choice) {
    if (!calls.is_array()) return;
    for (const Json& each : calls) {
      const Json& function = member(each, "function");
      auto& whole = call(choice + "/" + member(each, "index").dump());
      whole.name += text_of(member(function, "name"));
      whole.arguments += text_of(member(function, "arguments"));
    }
  }

  /// The text that `event` goes on with, by what the members `name` and `inner` say.
  std::string& text(const Json& event, const char* name, const char* inner = "") {
    const auto index = [&event](const char* of) {
      const Json& given = member(event, of);
      return given.is_number_integer() ? given.get<std::int64_t>() : 0;
    };
    return texts_[{index(name), index(inner)}];
  }

  domain::TraceToolCall& call(const std::string& place) {
    const auto [found, is_new] = places_.emplace(place, view_.tool_calls.size());
    if (is_new) view_.tool_calls.emplace_back();
    return view_.tool_calls[found->second];
  }

  domain::TraceView& view_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::string> texts_;  ///< of a stream
  std::map<std::string, std::size_t> places_;  ///< of tool calls, in the view
};

void read_stream(std::string_view bytes, Answer& answer) {
  each_event(bytes, [&answer](std::string_view data) {
    const Json json = parse_said(data);
    if (json.is_object()) answer.read_event(json);
  });
  answer.end_stream();
}

}  // namespace

void read_conversation(domain::TraceView& view) {
  const auto& request = view.trace.request;
  if (openai::is_form(request.content_type)) {
    if (const auto boundary = openai::boundary_of(request.content_type)) {
      Form form(view.prompt);
      openai::Multipart parts(*boundary, form);
      parts.feed(request.bytes);
    }
  } else {
    read_prompt(parse_said(request.bytes), view.prompt);
  }
  Answer answer(view);
  const Json whole = parse_said(view.trace.reply.bytes);
  if (whole.is_object()) {
    answer.read(whole);
  } else {
    read_stream(view.trace.reply.bytes, answer);
  }
  // A key that came in several pieces, or written with escapes, is one only now.
  const auto mask = [](std::string& text) {
    text = openai::masked_through_escapes(text, domain::without_keys);
  };
  for (domain::TraceMessage& message : view.prompt) {
    mask(message.role);
    mask(message.text);
  }
  mask(view.answer);
  for (domain::TraceToolCall& call : view.tool_calls) {
    mask(call.name);
    mask(call.arguments);
  }
}

std::string retold(const domain::TraceView& view) {
  Json calls = Json::array();
  for (const domain::TraceToolCall& call : view.tool_calls) {
    calls.push_back(
        {{"type", "function_call"}, {"name", call.name}, {"arguments", call.arguments}});
  }
  const Json told = {{kNotKept, kWhyNotKept}, {"answer", view.answer}, {"tool_calls", calls}};
  return told.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace nufi::daemon
