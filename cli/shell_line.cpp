#include "cli/shell_line.hpp"

#include <algorithm>

namespace nufi::cli {

namespace {

/// Reads `line` as bash does: words end at white space, quotes and backslashes are undone.
class Reader {
 public:
  explicit Reader(std::string_view line) : line_(line) {}

  ShellLine read() {
    for (std::size_t i = 0; i < line_.size(); ++i) i = take(i);
    result_.words.push_back(std::move(word_));
    result_.quote = quote_;
    return std::move(result_);
  }

 private:
  /// Takes what is at `i`; the place of the last character that belongs to it.
  std::size_t take(std::size_t i) {
    const char c = line_[i];
    const bool is_blank = c == ' ' || c == '\t' || c == '\n';
    if (quote_ == 0 && is_blank) {
      if (has_begun_) result_.words.push_back(std::move(word_));
      word_.clear();
      result_.last.clear();
      has_begun_ = false;
      return i;
    }
    has_begun_ = true;
    result_.last += c;
    if (c == quote_) {
      quote_ = 0;
    } else if (quote_ == 0 && (c == '\'' || c == '"')) {
      quote_ = c;
    } else if (c == '\\' && quote_ != '\'' && i + 1 < line_.size()) {
      const char next = line_[i + 1];
      result_.last += next;
      const bool keeps_backslash =
          quote_ == '"' && next != '"' && next != '\\' && next != '$' && next != '`';
      if (keeps_backslash) word_ += c;
      word_ += next;
      return i + 1;
    } else if (c != '\\' || quote_ == '\'') {
      word_ += c;
    }
    return i;
  }

  std::string_view line_;
  ShellLine result_;
  std::string word_;
  char quote_ = 0;
  bool has_begun_ = false;
};

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || std::string_view("_-+=./:,@%").find(c) != std::string_view::npos;
}

std::string escaped(std::string_view text, char quote) {
  std::string line;
  for (const char c : text) {
    if (quote == '\'' && c == '\'') {
      line += "'\\'";  // ends the quotes, stands alone, and begins them again with the last one
    } else if (quote == '"') {
      if (c == '!') {
        // No backslash within the quotes keeps it from calling up the history: it stands outside.
        line += "\"\\!\"";
        continue;
      }
      if (c == '"' || c == '\\' || c == '$' || c == '`') line += '\\';
    } else if (quote == 0 && !is_plain(c)) {
      line += '\\';
    }
    line += c;
  }
  return line;
}

}  // namespace

ShellLine read_shell_line(std::string_view line) {
  return Reader(line).read();
}

std::string insertion(const ShellLine& line, std::string_view replaced, const std::string& value) {
  std::string before = line.last;
  if (!before.ends_with(replaced)) return escaped(value, line.quote);
  before.erase(before.size() - replaced.size());
  // What stands before the replaced part stays in the line, so the value goes on from there.
  const std::string kept = read_shell_line(before).words.back();
  return escaped(std::string_view(value).substr(std::min(kept.size(), value.size())), line.quote);
}

}  // namespace nufi::cli
