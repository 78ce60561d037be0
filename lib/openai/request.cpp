#include "lib/openai/request.hpp"

#include "lib/base/text.hpp"
#include "lib/openai/json_walk.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace nufi::openai {
namespace {

/// The most an image can be billed: gpt-4o-mini bills 2,833 tokens and 5,667 for each of up to
/// eight tiles, more than any other model we know.
constexpr std::int64_t kImageBound = 50'000;
/// The most a file can be billed: nothing in the body says how many pages a stored file has, and no
/// model that reads files has a longer context.
constexpr std::int64_t kFileBound = 1'048'576;
constexpr std::size_t kMaxModelBytes = 256;
constexpr std::int64_t kMaxCount = INT64_C(1) << 53;

constexpr std::array<std::string_view, 9> kDecided = {"model",
                                                      "stream",
                                                      "stream_options",
                                                      "max_tokens",
                                                      "max_completion_tokens",
                                                      "n",
                                                      "best_of",
                                                      "service_tier",
                                                      "max_output_tokens"};
constexpr std::string_view kIncludeUsage = "include_usage";

/// A member name as a server without case would read it. The two letters outside ASCII whose
/// folding is ASCII (long s, Kelvin sign) are folded as well, as Go's and others' decoders do.
std::string fold_key(std::string_view raw) {
  auto key = raw.find('\\') == std::string_view::npos ? std::string(raw) : unescape_json(raw);
  for (std::string_view from : {"\xC5\xBF", "\xE2\x84\xAA"}) {
    for (std::size_t at = key.find(from); at != std::string::npos; at = key.find(from, at)) {
      key.replace(at, from.size(), from.size() == 2 ? "s" : "k");
    }
  }
  return to_lower(key);
}

/// True if `raw`, a member name, may be read as `name` (lower case, no letter s or k) by some
/// server.
bool is_named(std::string_view raw, std::string_view name) {
  if (raw.find('\\') == std::string_view::npos) return equals_ignoring_case(raw, name);
  return equals_ignoring_case(unescape_json(raw), name);
}

class ChatReader final : public JsonVisitor {
 public:
  ChatReader(Form form, std::string_view body) : form_(form), body_(body) {}

  void open(const JsonValue& value) override {
    if (value.depth == 0) {
      root_is_object_ = value.kind == JsonKind::object;
      return;
    }
    if (value.depth == 1 && root_is_object_) decided_ = decide(value, kDecided);
    if (value.depth == 1) in_messages_ = fold_key(value.key) == "messages";
    if (value.depth == 2) open_nested(value);
    if (value.depth == 3) in_content_ = in_messages_ && is_named(value.key, "content");
    if (is_named(value.key, "image_url") || is_named(value.key, "input_image")) images_ += 1;
    if (is_part(value) && is_named(value.key, "file")) files_ += 1;
  }

  void close(const JsonValue& value) override {
    if (value.depth != 1 || !root_is_object_) return;
    if (value.key != "stream_options") return wrong_container(value);
    if (value.kind != JsonKind::object) return wrong(value.key, "an object");
    request_.stream_options = span(value.raw);
    request_.stream_options_is_empty = !options_have_members_;
  }

  void scalar(const JsonValue& value) override {
    if (value.depth == 0 || !root_is_object_) return;
    if (value.depth == 1) return top_level(value);
    if (value.depth == 2 && value.parent_key == "stream_options") return stream_option(value);
    if (value.kind == JsonKind::string) nested_text(value);
  }

  std::variant<Request, BadRequest> finish() {
    if (!root_is_object_) return BadRequest{"invalid_json", "the body must be a JSON object", ""};
    if (problem_) return *problem_;
    if (!request_.model.present()) {
      return BadRequest{"invalid_value", "you must provide a model", "model"};
    }
    auto& call = request_.call;
    call.endpoint = "chat/completions";
    call.choices = std::max<std::int64_t>(1, choices_) * std::max<std::int64_t>(1, best_of_);
    call.prompt_bound = static_cast<std::int64_t>(body_.size() - embedded_bytes_) +
                        images_ * kImageBound + files_ * kFileBound;
    return std::move(request_);
  }

 private:
  FieldSpan span(std::string_view raw) const {
    return {static_cast<std::size_t>(raw.data() - body_.data()), raw.size()};
  }
  void refuse(std::string code, std::string message, std::string_view param) {
    if (!problem_) problem_ = BadRequest{std::move(code), std::move(message), std::string(param)};
  }
  void wrong(std::string_view field, std::string_view expected) {
    refuse("invalid_value", std::string(field) + " must be " + std::string(expected), field);
  }
  void wrong_container(const JsonValue& value) {
    if (!decided_.empty() && value.key == decided_) wrong(value.key, "a plain value");
  }

  /// The name among `names` that `value`'s key is, "" if none; a second or differently written one
  /// is refused.
  template <class Names>
  std::string_view decide(const JsonValue& value, const Names& names) {
    // Most keys are neither: look before folding.
    const auto folded = fold_key(value.key);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (folded != names[i]) continue;
      if (value.key != names[i]) {
        refuse("invalid_value",
               "the field '" + std::string(value.key) + "' is ambiguous: write it as '" +
                   std::string(names[i]) + "'",
               names[i]);
        return {};
      }
      const auto bit = 1U << (i + (value.depth == 2 ? 16 : 0));
      if ((seen_ & bit) != 0) {
        refuse(
            "invalid_value", "the field '" + std::string(names[i]) + "' is given twice", names[i]);
        return {};
      }
      seen_ |= bit;
      return names[i];
    }
    return {};
  }

  void open_nested(const JsonValue& value) {
    if (value.parent_key != "stream_options") return;
    options_have_members_ = true;
    if (!decide(value, std::array{kIncludeUsage}).empty()) {
      wrong("stream_options.include_usage", "true or false");
    }
  }

  void stream_option(const JsonValue& value) {
    options_have_members_ = true;
    if (decide(value, std::array{kIncludeUsage}).empty()) return;
    if (value.kind != JsonKind::boolean && value.kind != JsonKind::null) {
      return wrong("stream_options.include_usage", "true or false");
    }
    request_.usage_asked = value.raw == "true";
    request_.include_usage = span(value.raw);
  }

  void top_level(const JsonValue& value) {
    const auto name = decide(value, kDecided);
    if (name.empty()) return;
    if (name == "model") return model(value);
    if (name == "stream") {
      if (value.kind != JsonKind::boolean && value.kind != JsonKind::null) {
        return wrong(name, "true or false");
      }
      request_.call.stream = value.raw == "true";
    } else if (name == "stream_options") {
      if (value.kind != JsonKind::null) return wrong(name, "an object");
      request_.stream_options = span(value.raw);
    } else if (name == "service_tier") {
      service_tier(value);
    } else if (value.kind == JsonKind::null) {
      if (name == "max_tokens") request_.max_tokens = span(value.raw);
      if (name == "max_completion_tokens") request_.max_completion_tokens = span(value.raw);
    } else {
      count(name, value);
    }
  }

  void count(std::string_view name, const JsonValue& value) {
    const auto number =
        value.kind == JsonKind::number ? parse_integer(value.raw) : std::optional<long long>{};
    if (!number || *number < 1 || *number > kMaxCount) return wrong(name, "a positive integer");
    if (name == "n") {
      choices_ = *number;
    } else if (name == "best_of") {
      best_of_ = *number;
    } else if (name != "max_output_tokens") {
      // That one caps /v1/responses only: a chat server that does not know it makes as much as it
      // likes, so it bounds nothing here.
      auto& cap = request_.call.output_cap;
      cap = std::max<std::int64_t>(cap.value_or(0), *number);
    }
    if (choices_ > INT32_MAX || best_of_ > INT32_MAX) wrong(name, "less than 2147483648");
  }

  void model(const JsonValue& value) {
    if (value.kind != JsonKind::string) return wrong("model", "a string");
    auto& name = request_.call.model;
    name = unescape_json(value.raw.substr(1, value.raw.size() - 2));
    if (name.empty() || name.size() > kMaxModelBytes) {
      return wrong("model", "a name of 1 to 256 bytes");
    }
    request_.model = span(value.raw);
  }

  void service_tier(const JsonValue& value) {
    if (value.kind == JsonKind::null) return;
    if (value.kind != JsonKind::string) return wrong("service_tier", "a string");
    request_.tier_asked = true;
    const auto tier = value.raw.substr(1, value.raw.size() - 2);
    // `auto` may be served as priority; flex and batch only where they are offered, else standard.
    if (tier == "priority" || tier == "auto") request_.call.tier = domain::ServiceTier::priority;
  }

  /// A member of a part of a message's content: messages[].content[].<key>.
  [[nodiscard]] bool is_part(const JsonValue& value) const {
    return in_content_ && value.depth == 5;
  }

  /// Embedded images are billed by their size in pixels, not by the bytes of their base64 text; but
  /// only where a server takes them for an image. The same text elsewhere is text.
  void nested_text(const JsonValue& value) {
    const bool is_image = is_named(value.key, "image_url");
    if (is_image) images_ += 1;
    const bool is_url = in_content_ && value.depth == 6 && value.key == "url" &&
                        is_named(value.parent_key, "image_url");
    if (!is_url && !(is_image && is_part(value))) return;
    const auto text = value.raw.substr(1, value.raw.size() - 2);
    if (text.starts_with("data:image/")) embedded_bytes_ += text.size();
  }

  [[maybe_unused]] const Form form_;
  std::string_view body_;
  Request request_;
  std::optional<BadRequest> problem_;
  std::string_view decided_;
  std::uint32_t seen_ = 0;
  bool root_is_object_ = false;
  bool options_have_members_ = false;
  bool in_messages_ = false;  ///< the open member of the root is `messages`
  bool in_content_ = false;   ///< and in it a `content`
  std::int64_t choices_ = 1;
  std::int64_t best_of_ = 1;
  std::int64_t images_ = 0;
  std::int64_t files_ = 0;
  std::size_t embedded_bytes_ = 0;
};

struct Edit {
  std::size_t at = 0;
  std::size_t remove = 0;
  std::string insert;
};

}  // namespace

std::variant<Request, BadRequest> read_request(Form form, std::string_view body) {
  ChatReader reader(form, body);
  auto problem = walk_json(body, reader);
  if (!problem.empty()) {
    return BadRequest{"invalid_json", "the body is not valid JSON: " + problem, ""};
  }
  return reader.finish();
}

std::string splice_request(std::string_view body, const Request& request, const Changes& changes) {
  std::vector<Edit> edits;
  // New members go right behind the root's brace: one of them is never the last.
  std::string members;
  if (changes.ask_for_usage) {
    if (request.include_usage.present()) {
      edits.push_back({request.include_usage.at, request.include_usage.size, "true"});
    } else if (!request.stream_options.present()) {
      members += R"("stream_options":{"include_usage":true},)";
    } else if (body[request.stream_options.at] == '{') {
      edits.push_back({request.stream_options.at + 1,
                       0,
                       request.stream_options_is_empty ? R"("include_usage":true)"
                                                       : R"("include_usage":true,)"});
    } else {
      edits.push_back(
          {request.stream_options.at, request.stream_options.size, R"({"include_usage":true})"});
    }
  }
  if (changes.output_cap) {
    const auto text = std::to_string(*changes.output_cap);
    const auto& given =
        changes.cap_is_max_completion_tokens ? request.max_completion_tokens : request.max_tokens;
    if (given.present()) {
      edits.push_back({given.at, given.size, text});
    } else {
      members +=
          changes.cap_is_max_completion_tokens ? "\"max_completion_tokens\":" : "\"max_tokens\":";
      members += text + ",";
    }
  }
  if (changes.model && *changes.model != request.call.model) {
    edits.push_back({request.model.at, request.model.size, quote_json(*changes.model)});
  }
  if (!members.empty()) edits.push_back({body.find('{') + 1, 0, std::move(members)});

  std::sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  std::string out;
  std::size_t from = 0;
  for (const auto& edit : edits) {
    out.append(body.substr(from, edit.at - from));
    out.append(edit.insert);
    from = edit.at + edit.remove;
  }
  out.append(body.substr(from));
  return out;
}

}  // namespace nufi::openai
