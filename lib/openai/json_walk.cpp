#include "lib/openai/json_walk.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <vector>

namespace nufi::openai {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// A container that is open.
struct Frame {
  bool is_object = false;
  std::size_t start = 0;
  std::string_view key;  ///< its own
  bool has_members = false;
};

class Walker {
 public:
  Walker(std::string_view text, JsonVisitor& visitor) : text_(text), visitor_(visitor) {}

  std::string run() {
    skip_space();
    if (!value({})) return problem_;
    while (!frames_.empty()) {
      if (!step()) return problem_;
    }
    skip_space();
    if (at_ != text_.size()) return fail("something follows the JSON value"), problem_;
    return {};
  }

 private:
  bool fail(std::string_view what) {
    problem_ = fmt::format("{} at byte {}", what, at_);
    return false;
  }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  /// The next member of the innermost container, or its end.
  bool step() {
    auto& frame = frames_.back();
    skip_space();
    const char closing = frame.is_object ? '}' : ']';
    if (peek() == closing) {
      ++at_;
      close();
      return true;
    }
    if (frame.has_members) {
      if (peek() != ',') return fail("expected ',' or the end of the container");
      ++at_;
      skip_space();
    }
    frame.has_members = true;
    if (!frame.is_object) return value({});
    std::string_view key;
    if (peek() != '"') return fail("expected a member name");
    if (!string(key)) return false;
    skip_space();
    if (peek() != ':') return fail("expected ':'");
    ++at_;
    skip_space();
    return value(key);
  }

  [[nodiscard]] JsonValue describe(JsonKind kind, std::string_view key, std::size_t start) const {
    return {kind,
            frames_.size(),
            key,
            frames_.empty() ? std::string_view{} : frames_.back().key,
            text_.substr(start, at_ - start)};
  }

  void close() {
    auto frame = frames_.back();
    frames_.pop_back();
    visitor_.close(
        describe(frame.is_object ? JsonKind::object : JsonKind::array, frame.key, frame.start));
  }

  bool value(std::string_view key) {
    const auto start = at_;
    switch (peek()) {
      case '{':
      case '[': {
        if (frames_.size() >= kMaxJsonDepth) return fail("nested too deep");
        const bool is_object = peek() == '{';
        ++at_;
        visitor_.open(describe(is_object ? JsonKind::object : JsonKind::array, key, start));
        frames_.push_back({is_object, start, key, false});
        return true;
      }
      case '"': {
        std::string_view content;
        if (!string(content)) return false;
        visitor_.scalar(describe(JsonKind::string, key, start));
        return true;
      }
      case 't':
        return word("true", JsonKind::boolean, key);
      case 'f':
        return word("false", JsonKind::boolean, key);
      case 'n':
        return word("null", JsonKind::null, key);
      default:
        if (!number()) return false;
        visitor_.scalar(describe(JsonKind::number, key, start));
        return true;
    }
  }

  bool word(std::string_view expected, JsonKind kind, std::string_view key) {
    const auto start = at_;
    if (text_.substr(at_, expected.size()) != expected) return fail("unknown word");
    at_ += expected.size();
    visitor_.scalar(describe(kind, key, start));
    return true;
  }

  bool digits() {
    if (!is_digit(peek())) return fail("expected a value");
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
      if (is_digit(peek())) return fail("a number can't start with 0");
    } else if (!digits()) {
      return false;
    }
    if (peek() == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits()) return false;
    }
    return true;
  }

  bool string(std::string_view& content) {
    const auto start = ++at_;
    while (at_ < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        content = text_.substr(start, at_ - start);
        ++at_;
        return true;
      }
      if (c < 0x20) return fail("control character in a string");
      ++at_;
      if (c == '\\' && !escape()) return false;
    }
    return fail("string without an end");
  }

  bool escape() {
    switch (peek()) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        ++at_;
        return true;
      case 'u':
        ++at_;
        for (int i = 0; i < 4; ++i, ++at_) {
          if (hex_digit(peek()) < 0) return fail("bad \\u escape");
        }
        return true;
      default:
        return fail("unknown escape");
    }
  }

  std::string_view text_;
  JsonVisitor& visitor_;
  std::size_t at_ = 0;
  std::vector<Frame> frames_;
  std::string problem_;
};

std::uint32_t hex4(std::string_view raw, std::size_t at) {
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    code = code * 16 + static_cast<std::uint32_t>(hex_digit(raw[at + i]));
  }
  return code;
}

}  // namespace

std::string walk_json(std::string_view text, JsonVisitor& visitor) {
  if (!simdjson::validate_utf8(text.data(), text.size())) return "the body is not UTF-8";
  return Walker(text, visitor).run();
}

std::string unescape_json(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out.push_back(raw[i]);
      continue;
    }
    switch (raw[++i]) {
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'u': {
        auto code = hex4(raw, i + 1);
        i += 4;
        const bool high = code >= 0xD800 && code < 0xDC00;
        if (high && i + 6 < raw.size() && raw[i + 1] == '\\' && raw[i + 2] == 'u') {
          const auto low = hex4(raw, i + 3);
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
          }
        }
        // A surrogate on its own has no UTF-8; U+FFFD stands for it.
        append_utf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
        break;
      }
      default:
        out.push_back(raw[i]);
    }
  }
  return out;
}

}  // namespace nufi::openai
