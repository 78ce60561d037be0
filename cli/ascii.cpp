#include "cli/ascii.hpp"

#include "cli/format.hpp"
#include "lib/base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ostream>
#include <streambuf>

namespace nufi::cli {

namespace {

struct Sign {
  char32_t code;
  const char* ascii;
};
constexpr std::array kSigns = {
    Sign{U'…', "..."}, Sign{U'→', "->"}, Sign{U'×', "x"},  Sign{U'·', "-"},  Sign{U'–', "-"},
    Sign{U'—', "-"},   Sign{U'│', "|"},  Sign{U'─', "-"},  Sign{U'┤', "+"},  Sign{U'└', "+"},
    Sign{U'├', "+"},   Sign{U'┼', "+"},  Sign{U'✓', "+"},  Sign{U'✗', "x"},  Sign{U'•', "*"},
    Sign{U'‘', "'"},   Sign{U'’', "'"},  Sign{U'“', "\""}, Sign{U'”', "\""}, Sign{U'\u00a0', " "}};

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

void append_ascii(std::string& out, const Utf8Character& character, std::string_view bytes) {
  if (bytes.size() == 1 && is_ascii(bytes)) {
    out += bytes;
    return;
  }
  const auto* const sign = std::find_if(kSigns.begin(), kSigns.end(), [&](const Sign& each) {
    return character.valid && each.code == character.code;
  });
  if (sign != kSigns.end()) {
    out += sign->ascii;
  } else if (character.code >= U'▀' && character.code <= U'▟') {  // block elements
    out += '#';
  } else {
    out.append(static_cast<std::size_t>(display_width(bytes)), '?');
  }
}

/// Bytes of a character that begins with `first`; 1 for what can't begin one.
std::size_t length_after(unsigned char first) {
  if (first >= 0xF0) return 4;
  if (first >= 0xE0) return 3;
  return first >= 0xC0 ? 2 : 1;
}

}  // namespace

std::string to_ascii(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const Utf8Character character = first_character(text);
    append_ascii(out, character, text.substr(0, character.length));
    text.remove_prefix(character.length);
  }
  return out;
}

std::string to_ascii_json(std::string_view json) {
  std::string out;
  while (!json.empty()) {
    const Utf8Character character = first_character(json);
    const auto code = static_cast<std::uint32_t>(character.valid ? character.code : 0xFFFD);
    if (code < 0x80) {
      out += json.front();
    } else if (code < 0x10000) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      const std::uint32_t rest = code - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
    }
    json.remove_prefix(character.length);
  }
  return out;
}

/// Hands on in ASCII; a character that is not whole yet waits for its rest.
class AsciiOnly::Filter final : public std::streambuf {
 public:
  explicit Filter(std::streambuf* to) : to_(to) {}
  [[nodiscard]] std::streambuf* to() const { return to_; }
  void finish() { hand_on(/*all=*/true); }

 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    waiting_ += traits_type::to_char_type(c);
    return hand_on(/*all=*/false) ? c : traits_type::eof();
  }
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    waiting_.append(text, static_cast<std::size_t>(count));
    return hand_on(/*all=*/false) ? count : 0;
  }
  int sync() override { return to_->pubsync(); }

 private:
  bool hand_on(bool all) {
    std::size_t whole = waiting_.size();
    for (std::size_t back = 1; !all && back <= std::min<std::size_t>(3, waiting_.size()); ++back) {
      const auto byte = static_cast<unsigned char>(waiting_[waiting_.size() - back]);
      if (byte < 0x80) break;
      if (byte < 0xC0) continue;
      if (length_after(byte) > back) whole = waiting_.size() - back;
      break;
    }
    const std::string text = to_ascii(std::string_view(waiting_).substr(0, whole));
    waiting_.erase(0, whole);
    const auto size = static_cast<std::streamsize>(text.size());
    return to_->sputn(text.data(), size) == size;
  }

  std::streambuf* to_;
  std::string waiting_;
};

AsciiOnly::AsciiOnly(std::ostream& stream)
    : stream_(stream), filter_(std::make_unique<Filter>(stream.rdbuf())) {
  const auto state = stream_.rdstate();
  stream_.rdbuf(filter_.get());
  stream_.clear(state);
}

AsciiOnly::~AsciiOnly() {
  const auto state = stream_.rdstate();
  filter_->finish();
  stream_.rdbuf(filter_->to());
  // Another buffer makes a stream good again; what failed stays so.
  stream_.setstate(state);
}

}  // namespace nufi::cli
