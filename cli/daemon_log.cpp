#include "cli/daemon_log.hpp"

#include "lib/base/text.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
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

LastWords words_since_ready(const std::string& log) {
  const auto ready = ("\n" + log).rfind("\nnufid: ready on ");
  return last_words(ready == std::string::npos ? log : log.substr(ready));
}

std::string for_nufi(std::string hint) {
  constexpr std::string_view kFlag = "with --";
  if (const auto at = hint.find(kFlag); at != std::string::npos) {
    hint.replace(at, kFlag.size(), "with: nufi up -- --");
  }
  return hint;
}

std::string log_path(const std::string& state_dir) {
  return state_dir.empty() ? "" : state_dir + "/nufid.log";
}

std::streamoff size_of_file(const std::string& path) {
  // Asked of the directory, not of the file: a pipe that stands there is not waited for.
  std::error_code failure;
  const auto size = std::filesystem::file_size(path, failure);
  return failure ? 0 : static_cast<std::streamoff>(size);
}

std::string end_of_file(const std::string& path, std::streamoff start) {
  const std::streamoff size = size_of_file(path);
  if (size <= 0) return {};
  std::ifstream file(path, std::ios::binary);
  const bool is_cut = size - kMostRead > start;
  file.seekg(is_cut ? size - kMostRead : std::min(start, size));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (is_cut) text.erase(0, text.find('\n') + 1);
  return text;
}

}  // namespace nufi::cli
