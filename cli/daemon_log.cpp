#include "cli/daemon_log.hpp"

#include "lib/base/text.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

namespace nufi::cli {

namespace {

constexpr std::streamoff kMostRead = 8000;
constexpr std::size_t kMostLines = 10;

}  // namespace

LastWords last_words(const std::string& text) {
  LastWords words;
  std::vector<std::string> lines;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("error: ")) {
      words.message = line.substr(7);
      words.hint.clear();
    } else if (line.starts_with("hint: ")) {
      words.hint = line.substr(6);
    } else if (!line.empty()) {
      lines.push_back(line);
    }
  }
  const std::size_t first = lines.size() > kMostLines ? lines.size() - kMostLines : 0;
  for (std::size_t i = first; i < lines.size(); ++i) words.lines += lines[i] + '\n';
  return words;
}

std::streamoff size_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  return file ? std::streamoff(file.tellg()) : 0;
}

std::string end_of_file(const std::string& path, std::streamoff start) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(0, std::ios::end);
  const std::streamoff size = file.tellg();
  if (size <= 0) return {};
  const bool is_cut = size - kMostRead > start;
  file.seekg(is_cut ? size - kMostRead : std::min(start, size));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (is_cut) text.erase(0, text.find('\n') + 1);
  return text;
}

}  // namespace nufi::cli
