#include "cli/nufid_flags.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

namespace nufi::cli {

namespace {

/// A flag and its value, if it has one.
struct Flag {
  std::string name;
  std::string value;
  bool has_value = false;

  bool operator==(const Flag&) const = default;
};

constexpr std::array<std::string_view, 4> kPaths = {
    "--data-dir", "--socket", "--config", "--ca-file"};

/// A word after a flag that is no flag itself is its value: no flag of nufid's has a value that
/// begins with a dash, and nufid takes no other words.
std::vector<Flag> split_flags(const Words& words) {
  std::vector<Flag> flags;
  for (const std::string& word : words) {
    if (word.starts_with("-")) {
      const auto equals = word.find('=');
      const bool has_value = equals != std::string::npos;
      flags.push_back(
          {word.substr(0, equals), has_value ? word.substr(equals + 1) : "", has_value});
    } else if (!flags.empty() && !flags.back().has_value) {
      flags.back().value = word;
      flags.back().has_value = true;
    } else {
      flags.push_back({word, "", false});
    }
  }
  return flags;
}

Words joined(const std::vector<Flag>& flags) {
  Words words;
  for (const Flag& flag : flags) {
    words.push_back(flag.name);
    if (!flag.has_value) continue;
    // With = a value can be empty, and that of a flag that could do without one stays with it.
    words.back() += "=" + flag.value;
  }
  return words;
}

}  // namespace

Words merged_flags(const Words& flags, const Words& more) {
  const auto added = split_flags(more);
  auto all = split_flags(flags);
  std::erase_if(all, [&](const Flag& old) {
    return std::any_of(
        added.begin(), added.end(), [&](const Flag& flag) { return flag.name == old.name; });
  });
  all.insert(all.end(), added.begin(), added.end());
  return joined(all);
}

bool has_flags(const Words& flags, const Words& wanted) {
  const auto all = split_flags(flags);
  const auto some = split_flags(wanted);
  return std::all_of(some.begin(), some.end(), [&](const Flag& flag) {
    return std::find(all.begin(), all.end(), flag) != all.end();
  });
}

bool names_flag(const Words& flags, const std::string& name) {
  const auto all = split_flags(flags);
  return std::any_of(all.begin(), all.end(), [&](const Flag& flag) { return flag.name == name; });
}

std::string value_of(const Words& flags, const std::string& name) {
  std::string value;
  for (const Flag& flag : split_flags(flags)) {
    if (flag.name == name) value = flag.value;
  }
  return value;
}

Words with_absolute_paths(const Words& flags) {
  auto all = split_flags(flags);
  for (Flag& flag : all) {
    const bool is_path = std::find(kPaths.begin(), kPaths.end(), flag.name) != kPaths.end();
    if (!is_path || flag.value.empty()) continue;
    flag.value = std::filesystem::absolute(flag.value).lexically_normal().string();
  }
  return joined(all);
}

}  // namespace nufi::cli
