#include "lib/domain/usage.hpp"

#include "lib/domain/wide.hpp"

namespace nufi::domain {
namespace {

std::int64_t sum(const Usage& usage, Bucket first, Bucket last) {
  Wide total = 0;
  for (auto i = static_cast<std::size_t>(first); i <= static_cast<std::size_t>(last); ++i) {
    total += widen(usage.tokens[i]);
  }
  return narrow(total);
}

}  // namespace

std::string_view bucket_name(Bucket bucket) noexcept {
  switch (bucket) {
    case Bucket::input:
      return "input";
    case Bucket::cached_input:
      return "cached_input";
    case Bucket::cache_write:
      return "cache_write";
    case Bucket::audio_input:
      return "audio_input";
    case Bucket::image_input:
      return "image_input";
    case Bucket::output:
      return "output";
    case Bucket::reasoning:
      return "reasoning";
    case Bucket::audio_output:
      return "audio_output";
    case Bucket::image_output:
      return "image_output";
  }
  return "";
}

std::int64_t Usage::prompt() const noexcept {
  return sum(*this, Bucket::input, Bucket::image_input);
}

std::int64_t Usage::completion() const noexcept {
  return sum(*this, Bucket::output, Bucket::image_output);
}

std::int64_t Usage::total() const noexcept {
  return sum(*this, Bucket::input, Bucket::image_output);
}

}  // namespace nufi::domain
