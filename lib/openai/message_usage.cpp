#include "lib/openai/message_usage.hpp"

#include "lib/openai/json_walk.hpp"
#include "lib/openai/usage_count.hpp"

#include <algorithm>

namespace nufi::openai {
namespace {

using domain::Bucket;

/// The counts of one usage object, as they stand there.
class MessageCounts final : public JsonVisitor {
 public:
  void open(const JsonValue& value) override {
    if (value.depth == 0) possible = value.kind == JsonKind::object;
    if (value.depth == 1) root_ = value.key;
    if (value.depth == 1 && is_count(value.key)) possible = false;
    if (value.depth == 2) pass_ = {};
  }

  void close(const JsonValue& value) override {
    if (value.depth == 1) root_ = {};
    if (value.depth != 2 || root_ != "iterations") return;
    has_passes = true;
    if (!pass_.is_beside) return;
    prompt_beside += pass_.prompt;
    output_beside += pass_.output;
  }

  void scalar(const JsonValue& value) override {
    if (value.kind == JsonKind::null) return;
    if (value.depth == 0) possible = false;
    if (value.depth == 1) member(value);
    if (value.depth == 2) detail(value);
    if (value.depth == 3 && root_ == "iterations") of_pass(value);
  }

  bool possible = true;
  std::optional<std::int64_t> input, cache_read, cache_write, output, thinking;
  std::int64_t by_age = 0;  ///< written to the cache, summed over how long it is kept
  bool has_passes = false;
  std::int64_t prompt_beside = 0;
  std::int64_t output_beside = 0;
  std::optional<domain::Money> cost;
  std::optional<domain::ServiceTier> tier;

 private:
  struct Pass {
    bool is_beside = false;
    std::int64_t prompt = 0;
    std::int64_t output = 0;
  };

  static bool is_count(std::string_view key) {
    return key == "input_tokens" || key == "output_tokens" || key == "cache_read_input_tokens" ||
           key == "cache_creation_input_tokens";
  }

  std::int64_t count_of(const JsonValue& value) {
    const auto number = read_count(value);
    possible = possible && number.has_value();
    return number.value_or(0);
  }

  void member(const JsonValue& value) {
    if (value.key == "input_tokens") input = count_of(value);
    if (value.key == "output_tokens") output = count_of(value);
    if (value.key == "cache_read_input_tokens") cache_read = count_of(value);
    if (value.key == "cache_creation_input_tokens") cache_write = count_of(value);
    if (value.key == "cost" && value.kind == JsonKind::number) cost = rounded_usd(value.raw);
    if (value.key != "service_tier") return;
    if (value.raw == R"("standard")") tier = domain::ServiceTier::standard;
    if (value.raw == R"("priority")") tier = domain::ServiceTier::priority;
    if (value.raw == R"("batch")") tier = domain::ServiceTier::batch;
  }

  void detail(const JsonValue& value) {
    if (root_ == "cache_creation" && value.key.ends_with("_input_tokens")) {
      by_age += count_of(value);
    }
    if (root_ == "output_tokens_details" && value.key == "thinking_tokens") {
      thinking = count_of(value);
    }
  }

  void of_pass(const JsonValue& value) {
    if (value.key == "type") {
      pass_.is_beside = value.raw == R"("compaction")" || value.raw == R"("advisor_message")";
    } else if (value.key == "output_tokens") {
      pass_.output += count_of(value);
    } else if (is_count(value.key)) {
      pass_.prompt += count_of(value);
    }
  }

  std::string_view root_;
  Pass pass_;
};

}  // namespace

void MessageUsage::add(std::string_view json, bool is_whole) {
  MessageCounts counts;
  if (json == "null") return;
  if (!walk_json(json, counts).empty() || !counts.possible) {
    is_possible_ = false;
    return;
  }
  if (counts.by_age > 0) {
    counts.cache_write = std::max(counts.cache_write.value_or(0), counts.by_age);
  }
  // No prompt has no tokens: one who says so at the end has forgotten what it said at first.
  const bool knows_prompt = counts.input.value_or(0) > 0 || counts.cache_read.value_or(0) > 0 ||
                            counts.cache_write.value_or(0) > 0 || !input_;
  if (knows_prompt) {
    if (counts.input) input_ = counts.input;
    if (counts.cache_read) cache_read_ = counts.cache_read;
    if (counts.cache_write) cache_write_ = counts.cache_write;
  }
  if (counts.output) {
    // They are cumulative: one that is smaller than the one before comes late, or lies.
    output_ = std::max(output_.value_or(0), *counts.output);
    is_whole_ = is_whole_ || is_whole;
  }
  if (counts.thinking) thinking_ = counts.thinking;
  if (counts.has_passes) {
    prompt_beside_ = counts.prompt_beside;
    output_beside_ = counts.output_beside;
  }
  if (counts.cost) cost_ = counts.cost;
  if (counts.tier) tier_ = counts.tier;
}

UsageReading MessageUsage::reading() const {
  const bool is_too_much = input_.value_or(0) + prompt_beside_ > kMostTokens ||
                           output_.value_or(0) + output_beside_ > kMostTokens ||
                           cache_write_.value_or(0) > kMostTokens;
  if (!is_possible_ || is_too_much) return {UsageKind::impossible, {}};
  const bool has_prompt = input_ || cache_read_ || cache_write_;
  if (!has_prompt && !output_) return {};
  UsageReading reading;
  reading.kind = UsageKind::reported;
  auto& reported = reading.reported;
  reported.cost = cost_;
  reported.tier = tier_;
  reported.prompt_missing = !has_prompt;
  reported.completion_missing = !output_ || !is_whole_;
  auto& usage = reported.usage;
  usage[Bucket::input] = input_.value_or(0) + prompt_beside_;
  usage[Bucket::cached_input] = cache_read_.value_or(0);
  usage[Bucket::cache_write] = cache_write_.value_or(0);
  const auto output = output_.value_or(0);
  usage[Bucket::reasoning] = std::min(thinking_.value_or(0), output);
  usage[Bucket::output] = output - usage[Bucket::reasoning] + output_beside_;
  return reading;
}

UsageReading read_message_usage(std::string_view json) {
  MessageUsage usage;
  usage.add(json, /*is_whole=*/true);
  return usage.reading();
}

}  // namespace nufi::openai
