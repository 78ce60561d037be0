#include "lib/openai/request.hpp"

#include "lib/base/text.hpp"
#include "lib/openai/content_bound.hpp"
#include "lib/openai/json_walk.hpp"
#include "lib/openai/member_name.hpp"
#include "lib/openai/message_bound.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace nufi::openai {
namespace {

constexpr std::size_t kMaxModelBytes = 256;
constexpr std::int64_t kMaxCount = INT64_C(1) << 53;
/// A character takes at most a second to speak, slower than anybody does, and a second of speech
/// is 20.8 tokens (OpenAI's prices: 12 USD per million tokens, 0.015 USD per minute).
constexpr std::int64_t kSpeechTokensPerCharacter = 21;
constexpr std::int64_t kSpeechMsPerCharacter = 1'000;
/// What /v1/moderations takes when no model is named (OpenAI's API reference).
constexpr std::string_view kDefaultModeration = "omni-moderation-latest";
constexpr std::string_view kIncludeUsage = "include_usage";
constexpr std::string_view kCompletionCap = "max_completion_tokens";

class Reader;
/// A field of the root that we decide on.
struct Field {
  std::string_view name;
  /// Reads it; containers are given when they close.
  void (Reader::*read)(std::string_view name, const JsonValue& value);
};

std::span<const Field> fields_of(Form form);

class Reader final : public JsonVisitor {
 public:
  Reader(Form form, std::string_view body)
      : form_(form), fields_(fields_of(form)), body_(body), content_(form) {}

  void open(const JsonValue& value) override {
    if (value.depth == 0) {
      root_is_object_ = value.kind == JsonKind::object;
    } else if (root_is_object_) {
      if (value.depth == 1) decided_ = decide(value);
      if (value.depth == 2) stream_option(value);
      is_message() ? message_.open(value) : content_.open(value);
    }
  }

  void close(const JsonValue& value) override {
    if (value.depth == 0 || !root_is_object_) return;
    is_message() ? message_.close(value) : content_.close(value);
    if (value.depth == 1 && decided_ != nullptr) (this->*decided_->read)(decided_->name, value);
  }

  void scalar(const JsonValue& value) override {
    if (value.depth == 0 || !root_is_object_) return;
    if (value.depth == 1) {
      if (const auto* field = decide(value)) (this->*field->read)(field->name, value);
    }
    if (value.depth == 2) stream_option(value);
    is_message() ? message_.scalar(value) : content_.scalar(value);
  }

  std::variant<Request, BadRequest> finish();

  // How each field is read.
  void model(std::string_view name, const JsonValue& value) {
    if (value.kind != JsonKind::string) return wrong(name, "a string");
    auto& model = request_.call.model;
    model = unescape_json(value.raw.substr(1, value.raw.size() - 2));
    if (model.empty() || model.size() > kMaxModelBytes) {
      return wrong(name, "a name of 1 to 256 bytes");
    }
    request_.model = span(value.raw);
  }

  void stream(std::string_view name, const JsonValue& value) {
    request_.call.stream = truth(name, value);
  }
  void background(std::string_view name, const JsonValue& value) {
    request_.in_background = truth(name, value);
  }

  void stream_options(std::string_view name, const JsonValue& value) {
    if (value.kind != JsonKind::null && value.kind != JsonKind::object) {
      return wrong(name, "an object");
    }
    request_.stream_options = span(value.raw);
    request_.stream_options_is_empty = !options_have_members_;
  }

  void stream_format(std::string_view name, const JsonValue& value) {
    if (value.kind == JsonKind::null) return;
    if (value.kind != JsonKind::string) return wrong(name, "a string");
    request_.call.stream = value.raw == R"("sse")";
  }

  void service_tier(std::string_view name, const JsonValue& value) {
    if (value.kind == JsonKind::null) return;
    if (value.kind != JsonKind::string) return wrong(name, "a string");
    request_.tier_asked = true;
    const auto tier = value.raw.substr(1, value.raw.size() - 2);
    request_.asks_priority = tier == "priority";
    // `auto` may be served as priority; flex and batch only where they are offered, else standard.
    if (tier == "priority" || tier == "auto") request_.call.tier = domain::ServiceTier::priority;
  }

  void cap(std::string_view name, const JsonValue& value) {
    if (value.kind == JsonKind::null) {
      const auto field = std::find(kCapFields.begin(), kCapFields.end(), name);
      request_.null_caps[static_cast<std::size_t>(field - kCapFields.begin())] = span(value.raw);
      return;
    }
    // Scoring a prompt, or writing it to the cache, takes no output: max_tokens 0.
    const std::int64_t least = form_ == Form::completions || is_message() ? 0 : 1;
    if (const auto number = count(name, value, least)) {
      auto& most = request_.call.output_cap;
      most = std::max<std::int64_t>(most.value_or(0), *number);
      caps_given_ += 1;
      request_.has_only_completion_cap = caps_given_ == 1 && name == kCompletionCap;
    }
  }

  /// A cap that servers of this endpoint may not know, so that it bounds nothing.
  void foreign_cap(std::string_view name, const JsonValue& value) {
    static_cast<void>(count_or_null(name, value));
  }

  /// llama.cpp's own cap, which it prefers to max_tokens.
  void n_predict(std::string_view name, const JsonValue& value) {
    n_predict_ = count_or_null(name, value);
  }
  void choices(std::string_view name, const JsonValue& value) {
    if (const auto number = small_count(name, value)) choices_ = std::max(choices_, *number);
  }
  void models(std::string_view name, const JsonValue& value) {
    if (value.kind != JsonKind::null) request_.other_models = name;
  }
  void max_tool_calls(std::string_view name, const JsonValue& value) {
    tool_calls_ = small_count(name, value);
  }

  /// Whatever it is, what it stands for is not in the body.
  void reference(std::string_view, const JsonValue& value) {
    if (value.kind != JsonKind::null) content_.prompt_is_elsewhere();
  }
  void previous_response(std::string_view name, const JsonValue& value) {
    reference(name, value);
    if (value.kind == JsonKind::null) return;
    if (value.kind != JsonKind::string || value.raw.size() <= 2) {
      return wrong(name, "the id of a response");
    }
    request_.previous_response_id = unescape_json(value.raw.substr(1, value.raw.size() - 2));
  }
  void conversation(std::string_view name, const JsonValue& value) {
    reference(name, value);
    request_.names_conversation = value.kind != JsonKind::null;
  }
  void store(std::string_view name, const JsonValue& value) {
    request_.refuses_storing = !truth(name, value) && value.kind != JsonKind::null;
  }
  void list_or_text(std::string_view name, const JsonValue& value) {
    if (value.kind == JsonKind::number || value.kind == JsonKind::boolean) {
      wrong(name, "text or a list");
    }
    has_input_ = value.kind != JsonKind::null;
  }
  void list(std::string_view name, const JsonValue& value) {
    if (value.kind != JsonKind::array && value.kind != JsonKind::null) wrong(name, "a list");
  }
  void text(std::string_view name, const JsonValue& value) {
    if (value.kind != JsonKind::string) wrong(name, "a string");
  }
  /// A mode that is billed by a list of its own, unless it is the `usual` one.
  void speed(std::string_view name, const JsonValue& value) {
    is_dearer(name, value, R"("standard")");
  }
  void region(std::string_view name, const JsonValue& value) {
    is_dearer(name, value, R"("global")");
  }
  /// Work beside the answer, which its cap does not bound.
  void beside(std::string_view name, const JsonValue& value) { is_dearer(name, value, "null"); }
  void context_management(std::string_view name, const JsonValue&) {
    if (message_.compacts()) request_.repriced_by = name;
  }
  /// A conversation that stands at the provider, where all accounts are one.
  void thread(std::string_view name, const JsonValue& value) {
    if (value.kind != JsonKind::null) refuse("conversations are not kept: send all messages", name);
  }
  /// Only its place is decided on.
  void anything(std::string_view, const JsonValue&) {}

 private:
  FieldSpan span(std::string_view raw) const {
    return {static_cast<std::size_t>(raw.data() - body_.data()), raw.size()};
  }
  void refuse(std::string message, std::string_view param) {
    if (!problem_) {
      problem_ = BadRequest{"invalid_value", std::move(message), std::string(param)};
    }
  }
  void wrong(std::string_view field, std::string_view expected) {
    refuse(std::string(field) + " must be " + std::string(expected), field);
  }

  bool truth(std::string_view name, const JsonValue& value) {
    if (value.kind != JsonKind::boolean && value.kind != JsonKind::null) {
      wrong(name, "true or false");
    }
    return value.raw == "true";
  }

  std::optional<std::int64_t> count(std::string_view name,
                                    const JsonValue& value,
                                    std::int64_t least) {
    const auto number =
        value.kind == JsonKind::number ? parse_integer(value.raw) : std::optional<long long>{};
    if (number && *number >= least && *number <= kMaxCount) return *number;
    wrong(name, least > 0 ? "a positive integer" : "an integer, 0 or more");
    return std::nullopt;
  }
  std::optional<std::int64_t> count_or_null(std::string_view name, const JsonValue& value) {
    if (value.kind == JsonKind::null) return std::nullopt;
    return count(name, value, 1);
  }
  std::optional<std::int64_t> small_count(std::string_view name, const JsonValue& value) {
    const auto number = count_or_null(name, value);
    if (number && *number > INT32_MAX) wrong(name, "less than 2147483648");
    return number;
  }

  /// True if `value`'s key is `name`; in another case it is refused, and a second one as well.
  bool is_decided(const JsonValue& value,
                  const std::string& folded,
                  std::string_view name,
                  std::uint32_t bit) {
    if (folded != name) return false;
    if (value.key != name) {
      // What a C reader sees of it may be the beginning of something very long.
      const auto shown = value.key.size() <= 4 * name.size() ? value.key : name;
      refuse("the field '" + std::string(shown) + "' is ambiguous: write it as '" +
                 std::string(name) + "'",
             name);
      return false;
    }
    if ((seen_ & bit) != 0) {
      refuse("the field '" + std::string(name) + "' is given twice", name);
      return false;
    }
    seen_ |= bit;
    return true;
  }

  const Field* decide(const JsonValue& value) {
    const auto folded = fold_member(value.key);
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (is_decided(value, folded, fields_[i].name, 1U << (i + 1))) return &fields_[i];
    }
    return nullptr;
  }

  void stream_option(const JsonValue& value) {
    if (decided_ == nullptr || decided_->name != "stream_options") return;
    if (value.parent_key != "stream_options") return;
    options_have_members_ = true;
    if (!is_decided(value, fold_member(value.key), kIncludeUsage, 1U)) return;
    if (value.kind != JsonKind::boolean && value.kind != JsonKind::null) {
      return wrong("stream_options.include_usage", "true or false");
    }
    request_.usage_asked = value.raw == "true";
    request_.include_usage = span(value.raw);
  }

  [[nodiscard]] bool is_message() const {
    return form_ == Form::messages || form_ == Form::message_tokens;
  }
  void is_dearer(std::string_view name, const JsonValue& value, std::string_view usual) {
    if (value.kind != JsonKind::null && value.raw != usual) request_.repriced_by = name;
  }

  void bound();
  void bound_message();

  const Form form_;
  const std::span<const Field> fields_;
  const std::string_view body_;
  ContentBound content_;
  MessageBound message_;  ///< of Anthropic's form, in its place
  Request request_;
  std::optional<BadRequest> problem_;
  const Field* decided_ = nullptr;  ///< the latest container of the root
  std::uint32_t seen_ = 0;          ///< by field; the first bit is include_usage
  bool root_is_object_ = false;
  bool options_have_members_ = false;
  bool has_input_ = false;
  std::int64_t choices_ = 1;
  int caps_given_ = 0;
  std::optional<std::int64_t> n_predict_;
  std::optional<std::int64_t> tool_calls_;
};

constexpr Field kModel{"model", &Reader::model};
constexpr Field kStream{"stream", &Reader::stream};
constexpr Field kStreamOptions{"stream_options", &Reader::stream_options};
constexpr Field kMaxTokens{"max_tokens", &Reader::cap};
constexpr Field kNPredict{"n_predict", &Reader::n_predict};
constexpr Field kChoices{"n", &Reader::choices};
constexpr Field kBestOf{"best_of", &Reader::choices};
constexpr Field kServiceTier{"service_tier", &Reader::service_tier};
constexpr Field kTools{"tools", &Reader::list};
constexpr Field kInput{"input", &Reader::list_or_text};

constexpr std::array kChatFields = {kModel,
                                    kStream,
                                    kStreamOptions,
                                    kMaxTokens,
                                    Field{kCompletionCap, &Reader::cap},
                                    Field{"max_output_tokens", &Reader::foreign_cap},
                                    kNPredict,
                                    kChoices,
                                    kBestOf,
                                    kServiceTier,
                                    Field{"messages", &Reader::anything},
                                    kTools,
                                    Field{"prediction", &Reader::anything},
                                    Field{"web_search_options", &Reader::reference},
                                    Field{"plugins", &Reader::reference},
                                    Field{"models", &Reader::models},
                                    Field{"fallbacks", &Reader::models},
                                    Field{"preset", &Reader::models}};
constexpr std::array kCompletionFields = {kModel,
                                          kStream,
                                          kStreamOptions,
                                          kMaxTokens,
                                          kNPredict,
                                          kChoices,
                                          kBestOf,
                                          kServiceTier,
                                          Field{"prompt", &Reader::list_or_text}};
constexpr std::array kEmbeddingFields = {kModel, kInput};
constexpr std::array kResponseFields = {kModel,
                                        kStream,
                                        Field{"max_output_tokens", &Reader::cap},
                                        kServiceTier,
                                        Field{"background", &Reader::background},
                                        Field{"max_tool_calls", &Reader::max_tool_calls},
                                        kInput,
                                        kTools,
                                        Field{"previous_response_id", &Reader::previous_response},
                                        Field{"conversation", &Reader::conversation},
                                        Field{"store", &Reader::store},
                                        Field{"prompt", &Reader::reference}};
constexpr std::array kImageFields = {kModel, kStream, kChoices};
constexpr std::array kSpeechFields = {
    kModel, Field{"input", &Reader::text}, Field{"stream_format", &Reader::stream_format}};
constexpr std::array kRerankFields = {
    kModel, Field{"query", &Reader::anything}, Field{"documents", &Reader::list}};
constexpr std::array kMessageFields = {kModel,
                                       kStream,
                                       kMaxTokens,
                                       kNPredict,
                                       kServiceTier,
                                       kTools,
                                       Field{"messages", &Reader::list},
                                       Field{"system", &Reader::list_or_text},
                                       Field{"mcp_servers", &Reader::list},
                                       Field{"container", &Reader::reference},
                                       Field{"plugins", &Reader::reference},
                                       Field{"models", &Reader::models},
                                       Field{"fallbacks", &Reader::models},
                                       Field{"speed", &Reader::speed},
                                       Field{"inference_geo", &Reader::region},
                                       Field{"compaction", &Reader::beside},
                                       Field{"context_management", &Reader::context_management},
                                       Field{"thread", &Reader::thread}};

std::span<const Field> fields_of(Form form) {
  switch (form) {
    case Form::chat:
      return kChatFields;
    case Form::completions:
      return kCompletionFields;
    case Form::embeddings:
    case Form::moderations:
      return kEmbeddingFields;
    case Form::responses:
      return kResponseFields;
    case Form::images:
    case Form::image_edits:
      return kImageFields;
    case Form::speech:
      return kSpeechFields;
    case Form::rerank:
      return kRerankFields;
    case Form::messages:
    case Form::message_tokens:
      return kMessageFields;
    case Form::transcriptions:  // a form, not JSON
      break;
  }
  return {};
}

std::variant<Request, BadRequest> Reader::finish() {
  if (!root_is_object_) return BadRequest{"invalid_json", "the body must be a JSON object", ""};
  if (form_ == Form::moderations && !request_.model.present()) {
    request_.call.model = kDefaultModeration;
    if (!has_input_) refuse("you must provide an input", "input");
  } else if (!request_.model.present()) {
    refuse("you must provide a model", "model");
  }
  bound();
  if (problem_) return *problem_;
  return std::move(request_);
}

/// Anthropic's form always names its cap, which holds for thinking as well.
void Reader::bound_message() {
  auto& call = request_.call;
  call.as_message = true;
  call.is_charged = form_ == Form::messages;
  call.makes_output = call.is_charged;
  if (call.is_charged && !call.output_cap) refuse("you must provide max_tokens", "max_tokens");
  call.prompt_bound = message_.prompt_tokens(body_.size());
  call.prompt_is_elsewhere = message_.is_elsewhere() || content_.is_elsewhere();
  request_.caches_for_an_hour = message_.caches_for_an_hour();
  if (message_.hosted_tool().empty()) return;
  // The model reads its context, and may answer, again after each use of such a tool.
  if (!message_.tool_uses()) request_.unbounded_tool = message_.hosted_tool();
  call.prompts = message_.tool_uses().value_or(0) + 1;
  call.choices = call.prompts;
}

void Reader::bound() {
  auto& call = request_.call;
  call.prompt_bound = content_.prompt_tokens(body_.size());
  call.prompt_is_elsewhere = content_.is_elsewhere();
  call.prompts = content_.prompts();
  call.choices = choices_;
  call.output_beside = content_.prediction_bytes();
  // Whichever of the two a server obeys, it makes no more than max_tokens.
  if (n_predict_ && *n_predict_ > call.output_cap.value_or(0)) {
    refuse("n_predict must not be more than max_tokens", "n_predict");
  }
  if (is_message()) return bound_message();
  switch (form_) {
    case Form::chat:
    case Form::responses:
      break;
    case Form::completions:
      call.choices *= call.prompts;
      break;
    case Form::embeddings:
    case Form::moderations:
    case Form::rerank:
      call.makes_output = false;
      break;
    case Form::images:
    case Form::image_edits:
      call.image_bound = choices_;
      call.output_cap = kPictureBound;
      break;
    case Form::messages:
    case Form::message_tokens:
      break;
    case Form::speech:
      call.character_bound = content_.characters();
      call.audio_ms_bound = content_.characters() * kSpeechMsPerCharacter;
      call.output_cap = content_.characters() * kSpeechTokensPerCharacter;
      break;
    case Form::transcriptions:
      break;
  }
  if (content_.hosted_tool().empty()) return;
  // The model reads its context again after each call of such a tool.
  if (!tool_calls_) request_.unbounded_tool = content_.hosted_tool();
  call.prompts = tool_calls_.value_or(0) + 1;
  if (!call.output_cap) call.choices *= call.prompts;
}

}  // namespace

std::variant<Request, BadRequest> read_request(Form form, std::string_view body) {
  Reader reader(form, body);
  auto problem = walk_json(body, reader);
  if (!problem.empty()) {
    return BadRequest{"invalid_json", "the body is not valid JSON: " + problem, ""};
  }
  return reader.finish();
}

}  // namespace nufi::openai
