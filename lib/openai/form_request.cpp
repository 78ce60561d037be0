#include "lib/openai/form_request.hpp"

#include "lib/base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace nufi::openai {
namespace {

constexpr std::size_t kMaxModelBytes = 256;
constexpr std::size_t kMaxValueBytes = 1024;
/// What the texts behind a file may be that is passed on as it comes.
constexpr std::uint64_t kLateText = 16 * 1024;
/// OpenAI's prices make a second of sound 16.7 tokens (6 USD per million, 0.006 USD per minute).
constexpr std::int64_t kTokensPerSecond = 25;
constexpr std::int64_t kLikelyTokensPerSecond = 10;
/// Nobody speaks so many tokens in a second for long; a model that repeats itself may.
constexpr std::int64_t kSpokenPerSecond = 25;
constexpr std::int64_t kLeastSpoken = 2'048;
/// Where sound is heard piece by piece, each may fill the model's window.
constexpr std::int64_t kPieceSeconds = 5;
/// The largest file that a provider fetches itself (Groq: 100 MB).
constexpr std::uint64_t kFetchedBytes = 100'000'000;
/// Tokens of a picture, where no reply says it.
constexpr std::int64_t kLikelyPicture = 400;

template <class Names>
bool is_one_of(std::string_view text, const Names& names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

bool is_decided_on(Form form, std::string_view name) {
  if (form == Form::transcriptions) {
    return is_one_of(name, std::array<std::string_view, 2>{"model", "stream"});
  }
  return is_one_of(name, std::array<std::string_view, 3>{"model", "stream", "n"});
}

std::int64_t seconds_of(std::int64_t ms) {
  return (ms + 999) / 1000;
}

}  // namespace

FormRequest::FormRequest(Form form, std::string_view boundary)
    : form_(form), parts_(boundary, *this) {}

void FormRequest::refuse(std::string message, std::string_view param) {
  if (!problem_) problem_ = BadRequest{"invalid_value", std::move(message), std::string(param)};
}

bool FormRequest::feed(std::string_view bytes) {
  if (!problem_ && !parts_.feed(bytes) && !problem_) {
    problem_ = BadRequest{"invalid_multipart", "the body is not a form: " + parts_.problem(), ""};
  }
  return !problem_;
}

bool FormRequest::end() {
  if (!problem_ && !parts_.is_closed()) {
    problem_ = BadRequest{
        "invalid_multipart", "the body is not a form: it ends before its last boundary", ""};
  }
  if (!request_.model.present()) refuse("you must provide a model", "model");
  return !problem_;
}

bool FormRequest::may_pass_on() const {
  return !problem_ && request_.model.present() && (!files_.empty() || pictures_ > 0);
}

void FormRequest::begin_part(PartHead head) {
  part_ = std::move(head);
  value_.clear();
  decided_ = is_decided_on(form_, part_.folded_name);
  is_sound_ = form_ == Form::transcriptions && part_.is_file;
  const auto& name = part_.folded_name;
  if (name == "_charset_") refuse("the form must be in UTF-8", part_.name);
  if (form_ == Form::transcriptions) {
    if (name == "chunking_strategy") in_chunks_ = true;
    if (!part_.is_file && name.find("url") != std::string::npos) is_fetched_ = true;
    if (is_sound_) {
      if (passing_) refuse("a second file behind a long one can't be taken", part_.name);
      files_.emplace_back();
    }
  } else if (part_.is_file || name == "image" || name == "images" || name == "mask") {
    pictures_ += 1;
  }
  if (!decided_) return;
  if (part_.name != name) {
    refuse("the field '" + part_.name + "' is ambiguous: write it as '" + name + "'", name);
  } else if (is_one_of(name, seen_)) {
    refuse("the field '" + name + "' is given twice", name);
  } else if (part_.is_file || !part_.is_plain) {
    refuse("the field '" + name + "' must be plain text", name);
  }
  seen_.push_back(name);
}

void FormRequest::content(std::string_view bytes, std::uint64_t at) {
  if (decided_) {
    if (value_.empty()) value_at_ = at;
    if (value_.size() + bytes.size() > kMaxValueBytes) {
      return refuse(part_.name + " is too long", part_.name);
    }
    value_ += bytes;
    return;
  }
  if (is_sound_) {
    auto& file = files_.back();
    file.bytes += bytes.size();
    if (file.head.size() < kAudioHead) {
      file.head += bytes.substr(0, kAudioHead - file.head.size());
    }
    return;
  }
  if (form_ == Form::image_edits && part_.is_file) return;
  text_bytes_ += bytes.size();
  if (!passing_ || form_ == Form::image_edits) return;
  late_bytes_ += bytes.size();
  if (late_bytes_ > kLateText) refuse("the texts behind a long file must be short", part_.name);
}

void FormRequest::end_part() {
  if (decided_ && !problem_) decide();
  decided_ = is_sound_ = false;
}

void FormRequest::decide() {
  if (part_.name == "model") {
    if (value_.empty() || value_.size() > kMaxModelBytes ||
        value_.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return refuse("model must be a name of 1 to 256 bytes", "model");
    }
    request_.call.model = value_;
    request_.model = {static_cast<std::size_t>(value_at_), value_.size()};
  } else if (part_.name == "stream") {
    const auto text = to_lower(value_);
    constexpr std::array<std::string_view, 3> kNo = {"false", "0", ""};
    request_.call.stream = text == "true" || text == "1";
    if (!request_.call.stream && !is_one_of(text, kNo)) {
      refuse("stream must be true or false", "stream");
    }
  } else {
    const auto number = parse_integer(value_);
    if (!number || *number < 1 || *number > INT32_MAX) {
      return refuse("n must be a positive integer", "n");
    }
    choices_ = *number;
  }
}

void FormRequest::bound_sound(FormReading& reading, std::uint64_t rest) const {
  std::int64_t most = 0;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const bool goes_on = i + 1 == files_.size();
    const auto bytes = files_[i].bytes + (goes_on ? rest : 0);
    const auto length = audio_length(files_[i].head, bytes);
    most += length.most_ms;
    reading.audio_ms_estimate += length.likely_ms;
  }
  if (is_fetched_) most += audio_length({}, kFetchedBytes).most_ms;
  auto& call = reading.request.call;
  const auto texts = static_cast<std::int64_t>(text_bytes_);
  call.audio_ms_bound = most;
  call.prompt_bound = texts + seconds_of(most) * kTokensPerSecond;
  if (rest > 0) call.prompt_bound += static_cast<std::int64_t>(std::min(rest, kLateText));
  call.prompt_is_elsewhere = is_fetched_;
  call.output_cap = std::max(kLeastSpoken, seconds_of(most) * kSpokenPerSecond);
  if (in_chunks_ || rest > 0) call.prompts = 1 + seconds_of(most) / kPieceSeconds;
  reading.prompt_estimate =
      (texts + 3) / 4 + seconds_of(reading.audio_ms_estimate) * kLikelyTokensPerSecond;
}

void FormRequest::bound_pictures(FormReading& reading) const {
  auto& call = reading.request.call;
  const auto texts = static_cast<std::int64_t>(text_bytes_);
  call.choices = choices_;
  call.image_bound = choices_;
  call.output_cap = kPictureBound;
  call.prompt_bound = texts + pictures_ * kEditedPictureBound;
  reading.prompt_estimate = (texts + 3) / 4 + pictures_ * kLikelyPicture;
}

FormReading FormRequest::reading(std::uint64_t rest) const {
  FormReading reading;
  reading.request = request_;
  if (form_ == Form::transcriptions) {
    bound_sound(reading, rest);
  } else {
    bound_pictures(reading);
  }
  return reading;
}

std::string splice_form(std::string_view known, const Request& request, std::string_view model) {
  std::string text;
  text.reserve(known.size() + model.size());
  text += known.substr(0, request.model.at);
  text += model;
  text += known.substr(request.model.at + request.model.size);
  return text;
}

}  // namespace nufi::openai
