#include "lib/gateway/meter.hpp"

#include "lib/openai/message_event.hpp"

#include <algorithm>
#include <utility>

namespace nufi::gateway {
namespace {

constexpr std::string_view kDone = "[DONE]";
/// What is longer is neither the end marker nor the event that only we asked for.
constexpr std::size_t kLongestHeld = 64 * 1024;
constexpr std::size_t kLongestMember = 16 * 1024;

std::string_view skip_space(std::string_view text) {
  const auto at = text.find_first_not_of(" \t");
  return at == std::string_view::npos ? std::string_view{} : text.substr(at);
}

/// What stands behind `"name":`, white space skipped; "" if it is not there, or nowhere with
/// another value than null. A name inside a JSON string has its quotes escaped, so it is never
/// taken for a member; a string that is just the name (a token of the answer) has no colon behind
/// it.
std::string_view behind_member(std::string_view json, std::string_view quoted_name) {
  for (auto at = json.find(quoted_name); at != std::string_view::npos;
       at = json.find(quoted_name, at + quoted_name.size())) {
    const auto rest = skip_space(json.substr(at + quoted_name.size()));
    if (!rest.starts_with(':')) continue;
    const auto value = skip_space(rest.substr(1));
    if (!value.starts_with("null")) return value;
  }
  return {};
}

/// The member called `name` of the root, or of the root's `parent`, if it is there and not null.
std::optional<std::string> member(std::string_view json,
                                  std::string_view name,
                                  std::string_view quoted_name,
                                  std::string_view parent = {}) {
  if (behind_member(json, quoted_name).empty()) return std::nullopt;
  openai::MemberScan scan(name, kLongestMember, parent);
  scan.feed(json);
  if (!scan.found() || scan.value() == "null") return std::nullopt;
  return scan.value();
}

/// `"choices":[]`, null or nothing of the kind.
bool has_no_choices(std::string_view json) {
  const auto value = behind_member(json, "\"choices\"");
  return !value.starts_with('[') || skip_space(value.substr(1)).starts_with(']');
}

/// The event that begins like this may still turn out to be the end marker.
bool may_be_done(std::string_view partial) {
  while (true) {
    const auto end = partial.find_first_of("\r\n");
    const bool is_whole = end != std::string_view::npos;
    auto line = partial.substr(0, end);
    constexpr std::string_view kField = "data:";
    if (line.size() <= kField.size() && !is_whole) return kField.starts_with(line);
    if (line.starts_with(kField)) {
      line.remove_prefix(kField.size());
      if (line.starts_with(' ')) line.remove_prefix(1);
      return is_whole ? line == kDone : kDone.starts_with(line);
    }
    if (!is_whole) return false;
    partial.remove_prefix(end + 1);
  }
}

std::int64_t tokens_of_text(std::size_t bytes) {
  return static_cast<std::int64_t>((bytes + 3) / 4);
}

/// How long the JSON string is that `value` begins with.
std::size_t string_size(std::string_view value) {
  if (!value.starts_with('"')) return 0;
  std::size_t at = 1;
  while (at < value.size() && value[at] != '"') at += value[at] == '\\' ? 2 : 1;
  return std::min(at, value.size()) - 1;
}

/// What stands in the delta of an event of a chat.
std::string_view delta_of(std::string_view data) {
  auto delta = behind_member(data, "\"delta\"");
  if (delta.empty()) delta = data;
  auto end = delta.find("\"finish_reason\"");
  if (end == std::string_view::npos) end = delta.rfind("}]");
  return delta.substr(0, end);
}

constexpr std::string_view kEmptyDelta = R"({"content":""},)";

/// Output tokens of a delta: a token per four bytes of it, at least one. How much an upstream packs
/// into one event is its own business.
std::int64_t delta_tokens(std::string_view delta) {
  return delta.size() <= kEmptyDelta.size() ? 1 : tokens_of_text(delta.size() - kEmptyDelta.size());
}

/// It has text, or a call of a tool: more than a role.
bool has_text(std::string_view delta) {
  for (const std::string_view name : {"\"content\"",
                                      "\"reasoning_content\"",
                                      "\"reasoning\"",
                                      "\"refusal\"",
                                      "\"tool_calls\"",
                                      "\"function_call\"",
                                      "\"audio\"",
                                      "\"text\""}) {
    const auto value = behind_member(delta, name);
    if (value.starts_with('"') ? string_size(value) > 0 : !value.empty()) return true;
  }
  return false;
}

/// The same for a text of `size` bytes.
std::int64_t text_tokens(std::size_t size) {
  return std::max<std::int64_t>(1, tokens_of_text(size));
}

/// Enough of an event is here to see that it carries a choice.
bool carries_choice(std::string_view partial) {
  const auto value = behind_member(partial, "\"choices\"");
  if (!value.starts_with('[')) return false;
  const auto first = skip_space(value.substr(1));
  return !first.empty() && !first.starts_with(']');
}

/// The event that a stream of `response.…` events ends with.
bool ends_response(std::string_view type) {
  return type == "response.completed" || type == "response.failed" ||
         type == "response.incomplete" || type == "response.cancelled";
}

/// The event that a stream of one picture, of speech or of a transcript ends with.
bool ends_piece(std::string_view type) {
  return type == "image_generation.completed" || type == "image_edit.completed" ||
         type == "speech.audio.done" || type == "transcript.text.done";
}

/// The event calls itself an error in its first line.
bool is_called_error(std::string_view raw) {
  constexpr std::string_view kField = "event:";
  if (!raw.starts_with(kField)) return false;
  const auto name = skip_space(raw.substr(kField.size()));
  return name.substr(0, name.find_first_of("\r\n")) == "error";
}

/// The value of a member `error` that says there is one.
bool is_error(std::string_view value) {
  return value != "null" && value != "false" && value != "{}" && value != "\"\"";
}

bool makes_pictures(openai::Form form) {
  return form == openai::Form::images || form == openai::Form::image_edits;
}

bool answers_in_json(openai::Form form) {
  return form != openai::Form::speech && form != openai::Form::transcriptions;
}

bool begins_json(char c) {
  return c == '{' || c == '[';
}

/// The first byte of a comment, or of one of the fields data, event, id, retry.
bool begins_event(char c) {
  return std::string_view(":deir").find(c) != std::string_view::npos;
}

/// White space, and the byte order mark that may stand in front of anything.
constexpr std::string_view kNothing = " \t\r\n\xef\xbb\xbf";

std::string_view unquoted(std::string_view text) {
  return text.size() < 2 ? std::string_view{} : text.substr(1, text.size() - 2);
}

}  // namespace

Meter::Meter(Kind kind, Options options)
    : kind_(kind), options_(options), splitter_(kLongestHeld), kind_known_(kind == Kind::opaque) {}

/// Looks for the first byte that says something; where it is, npos if it has not come.
std::size_t Meter::look_for_kind(std::string_view piece) {
  const auto at = piece.find_first_not_of(kNothing);
  if (at == std::string_view::npos) return at;
  kind_known_ = true;
  const char first = piece[at];
  if (kind_ == Kind::stream && begins_json(first)) {
    kind_ = Kind::plain;
  } else if (kind_ == Kind::plain && options_.stream_asked && begins_event(first)) {
    kind_ = Kind::stream;
    bytes_ = 0;
  }
  if (kind_ == Kind::plain) {
    plain_ = std::make_unique<PlainScans>();
    begun_ = begins_json(first);
  } else if (options_.form == openai::Form::responses) {
    usage_parent_ = "response";
  } else if (is_message()) {
    usage_parent_ = "message";
  }
  return at;
}

bool Meter::is_blank() const {
  return kind_ != Kind::opaque && answers_in_json(options_.form) && !begun_;
}

bool Meter::is_chat_like() const {
  return options_.form == openai::Form::chat || options_.form == openai::Form::completions;
}

bool Meter::is_message() const {
  return options_.form == openai::Form::messages;
}

/// `is_whole`: it knows of all the output there is.
void Meter::take_usage(std::string_view json, bool is_whole) {
  openai::UsageReading reading;
  if (is_message() && kind_ == Kind::stream) {
    if (!message_usage_) message_usage_ = std::make_unique<openai::MessageUsage>();
    message_usage_->add(json, is_whole);
    reading = message_usage_->reading();
  } else {
    reading = openai::read_usage(json, options_.form);
  }
  // One that says nothing does not take back what an earlier one said.
  if (reading.kind == UsageKind::missing) return;
  if (options_.watch_tier && reading.reported.tier) tier_ = reading.reported.tier;
  usage_ = std::move(reading);
  has_output_after_usage_ = false;
}

void Meter::count(std::int64_t tokens, bool has_output) {
  events_ += 1;
  streamed_tokens_ += tokens;
  if (has_output && usage_.kind != UsageKind::missing) has_output_after_usage_ = true;
}

void Meter::take_tier(std::string_view quoted) {
  using domain::ServiceTier;
  if (quoted.starts_with("\"default\"")) tier_ = ServiceTier::standard;
  if (quoted.starts_with("\"flex\"")) tier_ = ServiceTier::flex;
  if (quoted.starts_with("\"priority\"")) tier_ = ServiceTier::priority;
}

void Meter::pass(const openai::SseEvent& event) {
  const bool is_held = (done_ && !released_) || over_;
  (is_held ? held_back_ : out_) += event.raw.substr(std::exchange(passed_, 0));
}

/// True if the event is to be taken out.
bool Meter::read_chat(std::string_view data, bool may_drop) {
  const bool is_empty = has_no_choices(data);
  // Counted first: a usage in the same event knows of its text.
  if (!is_empty && !data.empty()) {
    if (options_.form == openai::Form::completions) {
      const auto size = string_size(behind_member(data, "\"text\""));
      count(text_tokens(size), size > 0);
      has_visible_text_ = has_visible_text_ || size > 0;
    } else {
      const auto delta = delta_of(data);
      count(delta_tokens(delta), delta.size() > kEmptyDelta.size());
      has_visible_text_ = has_visible_text_ || has_text(delta);
    }
  }
  if (const auto usage = member(data, "usage", "\"usage\"")) {
    take_usage(*usage);
    if (may_drop && is_empty && usage->starts_with('{')) return true;
  }
  if (data.empty()) return false;
  note_error(data);
  return false;
}

void Meter::note_error(std::string_view data) {
  const auto error = member(data, "error", "\"error\"");
  failed_ = failed_ || (error && is_error(*error));
}

void Meter::note_type(std::string_view type) {
  if (type == "error" || type == "response.failed") failed_ = true;
  if (options_.form == openai::Form::responses) {
    done_ = done_ || ends_response(type);
  } else if (type != "error") {
    events_ += 1;
    if (ends_piece(type) && ++pieces_ >= options_.pictures_asked) done_ = true;
  }
}

/// An event that names its type: responses, pictures, speech.
void Meter::read_typed(std::string_view data) {
  if (data.empty()) return;
  if (const auto usage = member(data, "usage", "\"usage\"", usage_parent_)) take_usage(*usage);
  note_error(data);
  const auto type = member(data, "type", "\"type\"");
  note_type(type ? unquoted(*type) : std::string_view{});
  if (options_.form == openai::Form::responses || options_.form == openai::Form::transcriptions) {
    const auto delta = behind_member(data, "\"delta\"");
    if (delta.starts_with('"')) {
      const auto size = string_size(delta);
      count(text_tokens(size), size > 0);
      has_visible_text_ = has_visible_text_ || size > 0;
    }
  }
}

/// An event of a stream in Anthropic's form.
void Meter::read_message(std::string_view data) {
  const auto event = openai::read_message_event(data);
  if (!event.usage.empty()) take_usage(event.usage, event.usage_is_whole);
  if (event.tokens > 0) count(event.tokens, /*has_output=*/true);
  has_visible_text_ = has_visible_text_ || event.has_text;
  done_ = done_ || event.ends;
  failed_ = failed_ || event.failed;
  // The usage of its start is no answer: what fails before there is one costs nothing.
  if (failed_ && events_ == 0) usage_ = {};
}

void Meter::read_event(const openai::SseEvent& event) {
  // The second half of the line end of an event that was taken out goes with it.
  if (std::exchange(dropped_, false) && event.raw == "\n") return;
  if (!event.is_whole()) return read_piece(event);
  begun_ = begun_ || (!event.data.empty() && event.data != kDone);
  failed_ = failed_ || is_called_error(event.raw);
  if (event.data == kDone) {
    done_ = true;
  } else if (is_chat_like()) {
    if (read_chat(event.data, options_.drop_usage_event && passed_ == 0)) {
      dropped_ = event.raw.ends_with('\r');
      return;
    }
  } else if (is_message()) {
    read_message(event.data);
  } else {
    read_typed(event.data);
  }
  if (options_.watch_tier) take_tier(behind_member(event.data, "\"service_tier\""));
  pass(event);
}

/// An event that is too long to be kept is read for its type and usage as it passes.
void Meter::read_piece(const openai::SseEvent& event) {
  begun_ = true;
  if (event.begins) long_ = std::make_unique<LongEvent>(usage_parent_);
  long_->usage.feed(event.raw);
  long_->type.feed(event.raw);
  long_->bytes += event.raw.size();
  if (event.ends) {
    const auto type = long_->type.found() ? unquoted(long_->type.value()) : std::string_view{};
    if (is_chat_like() || type.ends_with(".delta") || type == "content_block_delta") {
      count(tokens_of_text(long_->bytes), /*has_output=*/true);
      has_visible_text_ = true;
    }
    if (long_->usage.found()) take_usage(long_->usage.value(), /*is_whole=*/!is_message());
    if (!is_chat_like() && !is_message()) note_type(type);
    long_.reset();
  }
  pass(event);
}

bool Meter::must_hold(std::string_view partial) const {
  if (done_ || !is_chat_like()) return true;
  return may_be_done(partial) || (options_.drop_usage_event && !carries_choice(partial));
}

void Meter::feed_plain(std::string_view piece) {
  auto& [usage, error, tier, pictures] = *plain_;
  usage.feed(piece);
  error.feed(piece);
  if (makes_pictures(options_.form)) pictures.feed(piece);
  if (options_.watch_tier) {
    tier.feed(piece);
    if (tier.found()) take_tier(tier.value());
  }
  if (!usage.complete()) return;
  if (usage.found()) take_usage(usage.value());
  failed_ = error.found() && is_error(error.value());
}

std::string_view Meter::feed(std::string_view piece) {
  if (released_) return piece;
  std::size_t nothing = 0;
  if (!kind_known_) nothing = look_for_kind(piece);
  if (kind_ != Kind::stream) bytes_ += static_cast<std::int64_t>(piece.size());
  if (kind_ == Kind::plain && kind_known_) feed_plain(piece);
  if (kind_ != Kind::stream && options_.form == openai::Form::transcriptions) {
    if (!transcript_) transcript_ = std::make_unique<openai::TranscriptScan>();
    transcript_->feed(piece);
  }
  if (kind_ != Kind::stream || !kind_known_) return piece;
  out_ = piece.substr(0, nothing);
  splitter_.feed(piece.substr(nothing));
  openai::SseEvent event;
  while (splitter_.next(event)) read_event(event);
  const auto partial = splitter_.partial();
  if (partial.size() > passed_ && !must_hold(partial)) {
    out_ += partial.substr(passed_);
    passed_ = partial.size();
  }
  return out_;
}

std::string_view Meter::release() {
  released_ = true;
  out_ = std::exchange(held_back_, {});
  out_ += splitter_.partial().substr(passed_);
  return out_;
}

void Meter::end() {
  if (std::exchange(over_, true) || kind_ != Kind::stream || released_) return;
  openai::SseEvent event;
  if (splitter_.last(event)) read_event(event);
}

std::string_view Meter::rest() {
  end();
  return held_back_;
}

std::int64_t Meter::estimated_output() const {
  switch (options_.form) {
    case openai::Form::chat:
    case openai::Form::completions:
    case openai::Form::responses:
    case openai::Form::messages:
    case openai::Form::transcriptions:
      return kind_ == Kind::stream ? streamed_tokens_
                                   : tokens_of_text(static_cast<std::size_t>(bytes_));
    case openai::Form::embeddings:
    case openai::Form::moderations:
    case openai::Form::images:
    case openai::Form::speech:
    case openai::Form::rerank:
    case openai::Form::image_edits:
    case openai::Form::message_tokens:
      return 0;
  }
  return 0;
}

std::optional<std::int64_t> Meter::pictures() const {
  if (!plain_ || !plain_->pictures.is_list()) return std::nullopt;
  return plain_->pictures.items();
}

bool Meter::has_unreadable_pictures() const {
  return plain_ && plain_->pictures.has_strays();
}

std::int64_t estimated_prompt(std::string_view body) {
  const auto ascii = std::count_if(
      body.begin(), body.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  const auto other = static_cast<std::int64_t>(body.size()) - ascii;
  return (ascii + 3) / 4 + (other + 1) / 2;
}

}  // namespace nufi::gateway
