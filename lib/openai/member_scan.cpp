#include "lib/openai/member_scan.hpp"

#include "lib/base/text.hpp"

#include <algorithm>

namespace nufi::openai {
namespace {

constexpr std::size_t kMaxName = 32;

/// How many bytes from the front of `rest` neither end a string nor escape.
std::size_t plain_run(std::string_view rest) {
  std::size_t run = 0;
  while (run < rest.size() && rest[run] != '"' && rest[run] != '\\') ++run;
  return run;
}

}  // namespace

void MemberScan::end_of_value() {
  if (capturing_ && !too_long_) {
    value_ = trim(capture_);
    found_ = true;
  }
  capturing_ = false;
  expects_value_ = false;
  capture_.clear();
  too_long_ = false;
}

void MemberScan::capture(std::string_view bytes) {
  too_long_ = too_long_ || capture_.size() + bytes.size() > most_;
  if (too_long_) {
    capture_.clear();
  } else {
    capture_.append(bytes);
  }
}

/// Looks at `c` of the value, outside of strings.
void MemberScan::note_shape(char c) {
  constexpr std::string_view kSpace = " \t\r\n";
  if (kSpace.find(c) != std::string_view::npos) return;
  if (depth_ == level() && first_ == 0) {
    first_ = c;
    has_strays_ = c != '[' && c != 'n';
  } else if (depth_ == level() + 1 && c != '{' && c != ',' && c != ']') {
    has_strays_ = true;
  }
}

void MemberScan::open() {
  if (capturing_ && depth_ == level() + 1) items_ += 1;
  if (depth_ == 1 && expects_value_ && !parent_.empty() && key_ == parent_) {
    in_parent_ = true;
    expects_value_ = false;
  }
  ++depth_;
}

void MemberScan::close() {
  --depth_;
  if (depth_ == 1 && in_parent_) {
    in_parent_ = false;
    expects_value_ = true;
  }
  if (depth_ == 0) complete_ = true;
}

void MemberScan::feed(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    // Most of a reply is text in strings: pass it in runs.
    if (in_string_ && !escaped_ && c != '"' && c != '\\') {
      const auto run = plain_run(bytes.substr(i));
      if (capturing_) capture(bytes.substr(i, run));
      if (is_watched() && !expects_value_ && key_.size() <= kMaxName) {
        key_.append(bytes.substr(i, std::min(run, kMaxName + 1 - key_.size())));
      }
      i += run - 1;
      continue;
    }
    if (capturing_ && depth_ == level() && !in_string_ && (c == ',' || c == '}')) end_of_value();
    if (capturing_) capture(bytes.substr(i, 1));
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
        if (is_watched() && !expects_value_) key_.assign(kMaxName + 1, '?');
      } else if (c == '\\') {
        escaped_ = true;
      } else {
        in_string_ = false;
      }
      continue;
    }
    if (capturing_) note_shape(c);
    switch (c) {
      case '"':
        in_string_ = true;
        if (is_watched() && !expects_value_) key_.clear();
        break;
      case ':':
        if (is_watched() && !expects_value_) {
          expects_value_ = true;
          capturing_ = depth_ == level() && key_ == name_;
          begun_ = begun_ || capturing_;
          if (capturing_) first_ = 0;
        }
        break;
      case ',':
        if (is_watched()) expects_value_ = false;
        break;
      case '{':
      case '[':
        open();
        break;
      case '}':
      case ']':
        close();
        break;
      default:
        break;
    }
  }
}

}  // namespace nufi::openai
