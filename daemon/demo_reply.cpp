#include "daemon/demo_reply.hpp"

#include "lib/base/id.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace nufi::daemon {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kBytesPerToken = 4;

std::int64_t tokens_of(std::size_t bytes) {
  return (static_cast<std::int64_t>(bytes) + kBytesPerToken - 1) / kBytesPerToken;
}

/// The text of a message's content: a string, or the text parts of a list.
std::string text_of(const Json& message) {
  const auto content = message.find("content");
  if (content == message.end()) return {};
  if (content->is_string()) return *content;
  std::string text;
  if (!content->is_array()) return text;
  for (const Json& part : *content) {
    const auto piece = part.is_object() ? part.find("text") : part.end();
    if (part.is_object() && piece != part.end() && piece->is_string()) {
      text += piece->get<std::string>();
    }
  }
  return text;
}

DemoReply refusal(const std::string& message) {
  const Json body = {{"error",
                      {{"message", message},
                       {"type", "invalid_request_error"},
                       {"param", nullptr},
                       {"code", nullptr}}}};
  return {.status = 400, .body = body.dump(), .events = {}};
}

/// `text` cut to at most `bytes`, not inside a character.
std::string cut(const std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

/// Words with the spaces after them.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t space = text.find(' ', start);
    const std::size_t end = space == std::string::npos
                                ? text.size()
                                : std::min(text.find_first_not_of(' ', space), text.size());
    words.push_back(text.substr(start, end - start));
    start = end;
  }
  return words;
}

std::string event(const Json& json) {
  return "data: " + json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n\n";
}

/// A limit of the request; std::nullopt if it is not there. `is_bad` is set if it is no limit.
std::optional<std::int64_t> limit(const Json& request, const char* field, bool& is_bad) {
  const auto found = request.find(field);
  if (found == request.end() || found->is_null()) return std::nullopt;
  if (!found->is_number_integer() || found->get<std::int64_t>() < 1) {
    is_bad = true;
    return std::nullopt;
  }
  return found->get<std::int64_t>();
}

bool flag(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

struct Answer {
  std::string id;
  long long created = 0;
  std::string text;
  std::string finish_reason;
  Json usage;
};

std::vector<std::string> stream_of(const Answer& answer, bool wants_usage) {
  Json chunk = {{"id", answer.id},
                {"object", "chat.completion.chunk"},
                {"created", answer.created},
                {"model", kDemoModel},
                {"choices", Json::array()}};
  const auto choice = [](const Json& delta, const Json& finish_reason) {
    return Json::array({{{"index", 0}, {"delta", delta}, {"finish_reason", finish_reason}}});
  };
  if (wants_usage) chunk["usage"] = nullptr;
  std::vector<std::string> events;
  chunk["choices"] = choice({{"role", "assistant"}, {"content", ""}}, nullptr);
  events.push_back(event(chunk));
  for (const std::string& word : words_of(answer.text)) {
    chunk["choices"] = choice({{"content", word}}, nullptr);
    events.push_back(event(chunk));
  }
  chunk["choices"] = choice(Json::object(), answer.finish_reason);
  events.push_back(event(chunk));
  if (wants_usage) {
    chunk["choices"] = Json::array();
    chunk["usage"] = answer.usage;
    events.push_back(event(chunk));
  }
  events.emplace_back("data: [DONE]\n\n");
  return events;
}

}  // namespace

DemoReply demo_chat(std::string_view body, long long created) {
  const auto request = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object()) return refusal("the body is not a JSON object");
  const auto messages = request.find("messages");
  if (messages == request.end() || !messages->is_array()) {
    return refusal("messages must be a list");
  }
  std::size_t prompt_bytes = 0;
  Answer answer{.id = "chatcmpl-" + random_base62(24),
                .created = created,
                .text = {},
                .finish_reason = "stop",
                .usage = {}};
  for (const Json& message : *messages) {
    if (!message.is_object()) return refusal("a message must be an object");
    const std::string text = text_of(message);
    prompt_bytes += text.size();
    if (message.value("role", Json()) == "user") answer.text = text;
  }
  bool is_bad = false;
  auto most = limit(request, "max_completion_tokens", is_bad);
  if (!most) most = limit(request, "max_tokens", is_bad);
  if (is_bad) return refusal("an output limit must be a whole number of at least 1");
  if (most && *most < tokens_of(answer.text.size())) {
    answer.text = cut(answer.text, static_cast<std::size_t>(*most * kBytesPerToken));
    answer.finish_reason = "length";
  }
  const std::int64_t prompt = tokens_of(prompt_bytes);
  const std::int64_t output = tokens_of(answer.text.size());
  answer.usage = {
      {"prompt_tokens", prompt}, {"completion_tokens", output}, {"total_tokens", prompt + output}};
  if (flag(request, "stream")) {
    const auto options = request.find("stream_options");
    const bool wants_usage =
        options != request.end() && options->is_object() && flag(*options, "include_usage");
    return {.status = 200, .body = {}, .events = stream_of(answer, wants_usage)};
  }
  const Json reply = {{"id", answer.id},
                      {"object", "chat.completion"},
                      {"created", created},
                      {"model", kDemoModel},
                      {"choices",
                       Json::array({{{"index", 0},
                                     {"message", {{"role", "assistant"}, {"content", answer.text}}},
                                     {"finish_reason", answer.finish_reason}}})},
                      {"usage", answer.usage}};
  return {.status = 200,
          .body = reply.dump(-1, ' ', false, Json::error_handler_t::replace),
          .events = {}};
}

DemoReply demo_unknown() {
  DemoReply reply = refusal("the demo only knows chat/completions");
  reply.status = 404;
  return reply;
}

std::string demo_models() {
  const Json model = {
      {"id", kDemoModel}, {"object", "model"}, {"created", 0}, {"owned_by", "nufi"}};
  return Json{{"object", "list"}, {"data", Json::array({model})}}.dump();
}

}  // namespace nufi::daemon
