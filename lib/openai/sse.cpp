#include "lib/openai/sse.hpp"

#include <algorithm>
#include <utility>

namespace nufi::openai {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Length of the line end at `at`: 0 none, 1 CR or LF, 2 CRLF.
std::size_t line_end(std::string_view text, std::size_t at) {
  if (at >= text.size()) return 0;
  if (text[at] == '\n') return 1;
  if (text[at] != '\r') return 0;
  return at + 1 < text.size() && text[at + 1] == '\n' ? 2 : 1;
}

}  // namespace

void SseSplitter::feed(std::string_view bytes) {
  if (start_ == buffer_.size()) {
    buffer_.clear();
    start_ = scan_ = 0;
  } else if (start_ > 0) {
    buffer_.erase(0, start_);
    scan_ -= start_;
    start_ = 0;
  }
  buffer_.append(bytes);
}

std::string_view SseSplitter::partial() const {
  return std::string_view(buffer_).substr(start_);
}

bool SseSplitter::next(SseEvent& event) {
  const std::string_view text = buffer_;
  if (ended_with_cr_ && start_ < text.size()) {
    ended_with_cr_ = false;
    if (text[start_] == '\n') {
      event = {text.substr(start_, 1), {}};
      scan_ = ++start_;
      return true;
    }
  }
  // An event ends with an empty line: a line end right behind another.
  std::size_t at = scan_;
  std::size_t end = std::string_view::npos;
  while (at < text.size()) {
    const auto first = text.find_first_of("\r\n", at);
    if (first == std::string_view::npos) {
      at = text.size();
      break;
    }
    const auto one = line_end(text, first);
    // A CR that is the last byte so far may become CRLF: wait for what follows.
    if (text[first] == '\r' && first + 1 == text.size()) {
      at = first;
      break;
    }
    const auto two = line_end(text, first + one);
    if (two == 0) {
      if (first + one == text.size()) {
        at = first;
        break;
      }
      at = first + one;
      continue;
    }
    end = first + one + two;
    break;
  }
  if (end == std::string_view::npos) {
    scan_ = at;
    // Line ends at the end so far are kept: they may be half of the empty line.
    const bool is_too_long = in_pieces_ || text.size() - start_ > most_;
    if (!is_too_long || scan_ == start_) return false;
    event = {text.substr(start_, scan_ - start_), {}, !in_pieces_, /*ends=*/false};
    start_ = scan_;
    in_pieces_ = true;
    return true;
  }
  event = {text.substr(start_, end - start_), {}, !std::exchange(in_pieces_, false), /*ends=*/true};
  start_ = scan_ = end;
  ended_with_cr_ = end == text.size() && text.back() == '\r';
  if (event.begins) read_data(event);
  return true;
}

bool SseSplitter::last(SseEvent& event) {
  const auto rest = partial();
  if (rest.empty()) return false;
  event = {rest, {}, !std::exchange(in_pieces_, false), /*ends=*/true};
  start_ = scan_ = buffer_.size();
  if (event.begins) read_data(event);
  return true;
}

void SseSplitter::read_data(SseEvent& event) {
  joined_.clear();
  bool several = false;
  std::string_view rest = event.raw;
  if (std::exchange(is_first_, false) && rest.starts_with(kByteOrderMark)) {
    rest.remove_prefix(kByteOrderMark.size());
  }
  while (!rest.empty()) {
    const auto length = std::min(rest.find_first_of("\r\n"), rest.size());
    auto line = rest.substr(0, length);
    rest.remove_prefix(
        std::min(rest.size(), length + std::max<std::size_t>(1, line_end(rest, length))));
    if (!line.starts_with("data:")) continue;
    line.remove_prefix(5);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (event.data.data() == nullptr) {
      event.data = line;
      continue;
    }
    if (!several) joined_ = event.data;
    several = true;
    joined_ += '\n';
    joined_ += line;
  }
  if (several) event.data = joined_;
}

}  // namespace nufi::openai
