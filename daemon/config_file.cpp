#include "daemon/config_file.hpp"

#include "lib/base/regular_file.hpp"
#include "lib/base/text.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace nufi::daemon {

namespace {

/// What CLI11 says of a line that it can't take as an option.
constexpr std::string_view kNotParsed = "INI was not able to parse ";
/// How it names the lines "[name]".
constexpr std::string_view kSection = ".++";

std::string read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The name before "=", or all of a line without; "" for a comment.
std::string_view name_in(std::string_view line) {
  line = trim(line);
  if (line.empty() || line.front() == '#' || line.front() == ';') return {};
  return trim(line.substr(0, line.find('=')));
}

bool is_typed(const std::vector<std::string>& typed, const std::string& option) {
  const std::string flag = "--" + option;
  return std::any_of(typed.begin(), typed.end(), [&flag](const std::string& word) {
    return word == flag || word.starts_with(flag + '=');
  });
}

std::string place(const std::string& file, std::optional<std::size_t> line) {
  return line ? fmt::format("{} line {}", file, *line) : file;
}

/// The option a message begins with ("--listen must be …"), without its dashes; "" = none.
std::string option_in(std::string_view message) {
  if (!message.starts_with("--")) return {};
  message.remove_prefix(2);
  return std::string(message.substr(0, message.find_first_of(": =")));
}

constexpr const char* kSeeFlags = "see all flags with: nufid --help";

Error unreadable(const std::string& file, const std::string& why) {
  return {Errc::usage,
          fmt::format("the config file {} can't be read: {}", file, why),
          "nufid needs to read it, or name another with --config FILE"};
}

/// Why `file` can't be read; "" if it can.
std::string reading_problem(const std::string& file) {
  if (std::error_code ignored; std::filesystem::is_directory(file, ignored)) {
    return "it is a directory";
  }
  return ::access(file.c_str(), R_OK) == 0 ? "" : std::strerror(errno);
}

Error unexpected(const std::string& word, const std::vector<std::string>& options) {
  if (!word.starts_with("--")) {
    return {Errc::usage, fmt::format("'{}' is not an option", word), kSeeFlags};
  }
  const auto near = closest(word.substr(2, word.find('=') - 2), options);
  return {Errc::usage,
          fmt::format("there is no option '{}'", word.substr(0, word.find('='))),
          near ? fmt::format("did you mean '--{}'?", *near) : kSeeFlags};
}

Error not_an_option(std::string_view name,
                    const std::string& file,
                    const std::string& text,
                    const std::vector<std::string>& options) {
  if (name.ends_with(kSection)) {
    name.remove_suffix(kSection.size());
    const std::string section = fmt::format("[{}]", name);
    return {Errc::usage,
            fmt::format("{}: there are no sections, and {} begins one",
                        place(file, line_of_option(text, section)),
                        section),
            "leave it out: every option stands by itself"};
  }
  const std::string where = place(file, line_of_option(text, name));
  const bool is_name = name.find_first_of(" \t\"'") == std::string_view::npos;
  if (!is_name || std::find(options.begin(), options.end(), name) != options.end()) {
    return {Errc::usage,
            fmt::format("{}: '{}' can't be understood", where, name),
            "write it as: option = \"value\""};
  }
  const auto near = closest(name, options);
  return {Errc::usage,
          fmt::format("{}: there is no option '{}'", where, name),
          near ? fmt::format("did you mean '{}'?", *near) : "see them all with: nufid --help"};
}

}  // namespace

std::optional<std::size_t> line_of_option(std::string_view text, std::string_view option) {
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (name_in(line) == option) return number;
  }
  return std::nullopt;
}

Error blame(const Error& error,
            const std::string& file,
            const std::vector<std::string>& typed,
            const std::vector<std::string>& options) {
  const std::string message = error.what();
  if (message.starts_with(kNotParsed)) {
    return not_an_option(message.substr(kNotParsed.size()), file, read_text(file), options);
  }
  const std::string option = option_in(message);
  if (option.empty() || is_typed(typed, option)) return error;
  const auto line = line_of_option(read_text(file), option);
  if (!line) return error;
  return {error.code(), fmt::format("{}: {}", place(file, line), message.substr(2)), error.hint()};
}

Error in_our_words(const CLI::ParseError& error, const std::vector<std::string>& options) {
  const std::string said = error.what();
  const auto behind = [&said](std::string_view start) {
    const auto at = said.find(start);
    return at == std::string::npos ? std::string() : said.substr(at + start.size());
  };
  if (dynamic_cast<const CLI::FileError*>(&error) != nullptr) {
    const std::string file = said.substr(0, said.find(" was not readable"));
    return unreadable(file, reading_problem(file));
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const std::string words = behind("not expected: ");
    return unexpected(words.substr(0, words.find(' ')), options);
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return {Errc::usage, said.substr(0, said.find(':')) + " needs a value", kSeeFlags};
  }
  // Only flags are converted by the parser.
  if (const std::string flag = behind("Could not convert: "); !flag.empty()) {
    const auto end = flag.find(" = ");
    if (end != std::string::npos) {
      return {Errc::usage,
              fmt::format(
                  "{} must be true or false, not '{}'", flag.substr(0, end), flag.substr(end + 3))};
    }
  }
  if (const auto end = said.find(": This option is not allowed in a config"); end != said.npos) {
    return {Errc::usage,
            fmt::format("--{} is for the command line alone", said.substr(0, end)),
            "leave it out of the config file"};
  }
  return {Errc::usage, said, kSeeFlags};
}

void check_is_file(const std::string& file) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  std::error_code ignored;
  // What else can't be read is said when the flags are known to ask for it.
  if (std::filesystem::is_directory(file, ignored) || ::access(file.c_str(), R_OK) != 0) return;
  try {
    (void)read_file(file, kMostBytes);
  } catch (const Error& error) {
    throw unreadable(file, error.what());
  }
}

void check_config_file(const std::string& file) {
  if (std::error_code ignored; !std::filesystem::exists(file, ignored)) return;
  if (const std::string problem = reading_problem(file); !problem.empty()) {
    throw unreadable(file, problem);
  }
  std::size_t number = 0;
  for (const std::string& line : split(read_text(file), '\n')) {
    ++number;
    const std::string_view name = name_in(line);
    const auto equals = line.find('=');
    if (name.empty() || equals == std::string::npos) continue;
    const std::string_view value = trim(std::string_view(line).substr(equals + 1));
    if (!value.empty() && value != "\"\"") continue;
    throw Error(Errc::usage,
                fmt::format("{}: {} has no value", place(file, number), name),
                "give it one, or leave the line out");
  }
}

}  // namespace nufi::daemon
