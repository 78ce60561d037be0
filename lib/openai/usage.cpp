#include "lib/openai/usage.hpp"

#include "lib/openai/json_walk.hpp"
#include "lib/openai/message_usage.hpp"
#include "lib/openai/transcript.hpp"
#include "lib/openai/usage_count.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace nufi::openai {
namespace {

using domain::Bucket;

/// The counts of a usage object, as they stand there.
class Counts final : public JsonVisitor {
 public:
  void open(const JsonValue& value) override {
    if (value.depth == 0) possible = value.kind == JsonKind::object;
    if (value.depth == 1 && is_count(value.key)) possible = false;
    if (value.depth == 1 && is_details(value.key)) possible = value.kind == JsonKind::object;
    if (value.depth == 2 && is_details(value.parent_key) && value.key.ends_with("_tokens")) {
      possible = false;
    }
  }
  void close(const JsonValue&) override {}
  void scalar(const JsonValue& value) override {
    if (value.kind == JsonKind::null) return;
    if (value.depth == 0) possible = false;
    if (value.depth == 1) {
      if (value.key == "prompt_tokens" || value.key == "input_tokens") take(value, prompt);
      if (value.key == "completion_tokens" || value.key == "output_tokens") take(value, completion);
      if (value.key == "total_tokens") take(value, total);
      if (value.key == "prompt_cache_hit_tokens") take(value, cached);
      if (value.key == "cache_read_input_tokens") take(value, cache_read);
      if (value.key == "cache_creation_input_tokens") take(value, cache_creation);
      if (is_details(value.key)) possible = false;
      if (value.key == "seconds") take_seconds(value);
      if (value.key == "cost" && value.kind == JsonKind::number) {
        cost = rounded_usd(value.raw);
      }
    } else if (value.depth == 2) {
      if (value.parent_key == "prompt_tokens_details" ||
          value.parent_key == "input_tokens_details" || value.parent_key == "input_token_details") {
        if (value.key == "cached_tokens") take(value, cached);
        if (value.key == "cache_write_tokens") take(value, cache_write);
        if (value.key == "audio_tokens") take(value, audio_in);
        if (value.key == "image_tokens") take(value, image_in);
      } else if (value.parent_key == "completion_tokens_details" ||
                 value.parent_key == "output_tokens_details") {
        if (value.key == "reasoning_tokens") take(value, reasoning);
        if (value.key == "text_tokens") take(value, text_out);
        if (value.key == "audio_tokens") take(value, audio_out);
        if (value.key == "image_tokens") take(value, image_out);
      }
    }
  }

  bool possible = true;
  std::optional<std::int64_t> prompt, completion, total;
  std::optional<std::int64_t> cached, cache_write, audio_in, image_in;
  std::optional<std::int64_t> cache_read, cache_creation;
  std::optional<std::int64_t> reasoning, audio_out, image_out, text_out;
  std::optional<domain::Money> cost;
  std::optional<std::int64_t> sound_ms;

 private:
  static bool is_count(std::string_view key) {
    return key == "prompt_tokens" || key == "input_tokens" || key == "completion_tokens" ||
           key == "output_tokens" || key == "total_tokens";
  }
  static bool is_details(std::string_view key) {
    return key == "prompt_tokens_details" || key == "input_tokens_details" ||
           key == "input_token_details" || key == "completion_tokens_details" ||
           key == "output_tokens_details";
  }
  void take_seconds(const JsonValue& value) {
    if (value.kind == JsonKind::number) sound_ms = ms_of_seconds(value.raw);
    if (!sound_ms) possible = false;
  }
  void take(const JsonValue& value, std::optional<std::int64_t>& into) {
    if (const auto number = read_count(value)) {
      into = *number;
    } else {
      possible = false;
    }
  }
};

/// Moves up to `count` tokens from `rest` to `bucket`: parts never sum to more than the whole.
void part(const std::optional<std::int64_t>& count, std::int64_t& rest, std::int64_t& bucket) {
  bucket = std::min(count.value_or(0), rest);
  rest -= bucket;
}

std::optional<std::int64_t> later_of(const std::optional<std::int64_t>& a,
                                     const std::optional<std::int64_t>& b) {
  return b ? b : a;
}

/// The prompt with the tokens of a cache that are counted beside it.
std::int64_t prompt_with_cache(const Counts& counts) {
  const auto prompt = counts.prompt.value_or(0);
  const auto cache = counts.cache_read.value_or(0) + counts.cache_creation.value_or(0);
  const auto all = prompt + cache + counts.completion.value_or(0);
  const bool is_beside = prompt < cache || (counts.completion && counts.total == all);
  return is_beside ? prompt + cache : prompt;
}

/// Where the output falls that the details do not name.
Bucket made_by(Form form) {
  if (form == Form::images || form == Form::image_edits) return Bucket::image_output;
  if (form == Form::speech) return Bucket::audio_output;
  return Bucket::output;
}

bool makes_output(Form form) {
  return form != Form::embeddings && form != Form::moderations && form != Form::rerank;
}

}  // namespace

UsageReading read_usage(std::string_view json, Form form) {
  if (json == "null") return {};
  if (form == Form::messages) return read_message_usage(json);
  Counts counts;
  if (!walk_json(json, counts).empty() || !counts.possible) return {UsageKind::impossible, {}};
  const bool has_tokens = counts.prompt || counts.completion || counts.total;
  const bool has_seconds = form == Form::transcriptions && counts.sound_ms;
  if (!has_tokens && !has_seconds) return {};

  UsageReading reading;
  reading.kind = UsageKind::reported;
  reading.reported.cost = counts.cost;
  auto& usage = reading.reported.usage;
  if (has_seconds) {
    usage.audio_ms = *counts.sound_ms;
    reading.reported.counts_seconds = true;
  }
  const auto total = counts.total.value_or(0);
  std::int64_t completion = counts.completion.value_or(0);
  auto prompt = prompt_with_cache(counts);
  std::int64_t beside = std::max<std::int64_t>(0, total - prompt - completion);
  if (!makes_output(form)) {
    reading.reported.prompt_missing = !counts.prompt && !counts.total;
    prompt += beside;
    beside = 0;
  } else {
    // Without its own count the one is what the total has beyond the other.
    reading.reported.prompt_missing = !counts.prompt && (!counts.total || !counts.completion);
    reading.reported.completion_missing = !counts.completion && (!counts.total || !counts.prompt);
    if (!counts.completion || !counts.prompt) {
      (counts.completion ? prompt : completion) += std::exchange(beside, 0);
    }
  }

  part(later_of(counts.cache_read, counts.cached), prompt, usage[Bucket::cached_input]);
  part(later_of(counts.cache_creation, counts.cache_write), prompt, usage[Bucket::cache_write]);
  part(counts.audio_in, prompt, usage[Bucket::audio_input]);
  part(counts.image_in, prompt, usage[Bucket::image_input]);
  usage[Bucket::input] = prompt;

  if (beside > 0) {
    usage[Bucket::reasoning] = beside;
  } else {
    part(counts.reasoning, completion, usage[Bucket::reasoning]);
  }
  part(counts.audio_out, completion, usage[Bucket::audio_output]);
  part(counts.image_out, completion, usage[Bucket::image_output]);
  part(counts.text_out, completion, usage[Bucket::output]);
  usage[made_by(form)] += completion;
  return reading;
}

}  // namespace nufi::openai
