#include "lib/openai/part_head.hpp"

#include "lib/base/text.hpp"
#include "lib/openai/member_name.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace nufi::openai {
namespace {

constexpr std::size_t kMaxLines = 16;
constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxBoundary = 70;

struct Parameter {
  std::string name;  ///< lower case
  std::string value;
  bool has_escapes = false;
};

std::string_view skip_space(std::string_view text) {
  const auto at = text.find_first_not_of(" \t");
  return at == std::string_view::npos ? std::string_view{} : text.substr(at);
}

/// `; name=value; name="value"`; std::nullopt if it is not that, or a name comes twice.
std::optional<std::vector<Parameter>> read_parameters(std::string_view text) {
  std::vector<Parameter> found;
  for (text = skip_space(text); !text.empty(); text = skip_space(text)) {
    if (text.front() != ';') return std::nullopt;
    text = skip_space(text.substr(1));
    if (text.empty()) break;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    Parameter one;
    one.name = to_lower(trim(text.substr(0, equals)));
    if (one.name.empty() || one.name.find_first_of(" \t;\"") != std::string::npos) {
      return std::nullopt;
    }
    text = skip_space(text.substr(equals + 1));
    if (text.starts_with('"')) {
      std::size_t at = 1;
      while (at < text.size() && text[at] != '"') {
        if (text[at] == '\\') {
          one.has_escapes = true;
          ++at;
        }
        ++at;
      }
      if (at >= text.size()) return std::nullopt;
      one.value = text.substr(1, at - 1);
      text = text.substr(at + 1);
    } else {
      const auto end = std::min(text.find_first_of("; \t"), text.size());
      one.value = text.substr(0, end);
      if (one.value.find_first_of("\"\\,") != std::string::npos) return std::nullopt;
      text = text.substr(end);
    }
    const bool is_second = std::any_of(
        found.begin(), found.end(), [&](const auto& each) { return each.name == one.name; });
    if (is_second) return std::nullopt;
    found.push_back(std::move(one));
  }
  return found;
}

/// The first word of a field's value, lower case, and what follows it.
std::pair<std::string, std::string_view> first_word(std::string_view value) {
  value = skip_space(value);
  const auto end = std::min(value.find(';'), value.size());
  return {to_lower(trim(value.substr(0, end))), value.substr(end)};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string fold_name(std::string_view name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '%' && i + 2 < name.size() && hex_digit(name[i + 1]) >= 0 &&
        hex_digit(name[i + 2]) >= 0) {
      text += static_cast<char>(hex_digit(name[i + 1]) * 16 + hex_digit(name[i + 2]));
      i += 2;
    } else {
      text += name[i];
    }
  }
  std::string folded(trim(fold_letters(std::move(text))));
  folded.resize(std::min(folded.find_first_of("[."), folded.size()));
  return folded;
}

/// "" or what is wrong.
std::string read_disposition(std::string_view value, PartHead& head) {
  const auto [kind, rest] = first_word(value);
  const auto parameters = read_parameters(rest);
  if (kind != "form-data" || !parameters) return "a part's Content-Disposition can't be read";
  bool is_named = false;
  for (const auto& each : *parameters) {
    if (each.name == "name*") return "a part's name must not be encoded";
    if (each.name == "filename" || each.name == "filename*") head.is_file = true;
    if (each.name != "name") continue;
    if (each.has_escapes) return "a part's name must not have escapes";
    if (each.value.size() > kMaxName) return "a part's name is too long";
    head.name = each.value;
    head.folded_name = fold_name(each.value);
    is_named = true;
  }
  return is_named ? std::string() : "a part has no name";
}

bool is_utf8_or_unsaid(std::string_view content_type) {
  const auto lower = to_lower(content_type);
  const auto at = lower.find("charset");
  if (at == std::string::npos) return true;
  std::string_view rest = std::string_view(lower).substr(at);
  rest = rest.substr(0, rest.find(';'));
  return rest.ends_with("utf-8") || rest.ends_with("utf8") || rest.ends_with("us-ascii") ||
         rest.ends_with("utf-8\"");
}

}  // namespace

std::variant<PartHead, std::string> read_part_head(std::string_view lines) {
  PartHead head;
  int dispositions = 0;
  int types = 0;
  int encodings = 0;
  for (std::size_t count = 0; !lines.empty(); ++count) {
    if (count == kMaxLines) return "a part has too many header fields";
    const auto end = lines.find("\r\n");
    const auto line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    for (const char c : line) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte < 0x20 && c != '\t') || byte == 0x7F) {
        return "a part's head has a control character";
      }
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 ||
        line.substr(0, colon).find_first_of(" \t\"") != std::string_view::npos) {
      return "a part's head can't be read";
    }
    const auto name = to_lower(line.substr(0, colon));
    const auto value = line.substr(colon + 1);
    if (name == "content-disposition") {
      ++dispositions;
      if (auto problem = read_disposition(value, head); !problem.empty()) return problem;
    } else if (name == "content-type") {
      ++types;
      if (first_word(value).first.starts_with("multipart/")) return "a part has parts of its own";
      if (!is_utf8_or_unsaid(value)) head.is_plain = false;
    } else if (name == "content-transfer-encoding") {
      ++encodings;
      const auto encoding = first_word(value).first;
      if (encoding != "binary" && encoding != "8bit" && encoding != "7bit") head.is_plain = false;
    }
  }
  if (dispositions != 1) return "a part must have one Content-Disposition";
  if (types > 1 || encodings > 1) return "a part's head says something twice";
  return head;
}

bool is_form(std::string_view content_type) {
  return first_word(content_type).first == "multipart/form-data";
}

std::optional<std::string> boundary_of(std::string_view content_type) {
  const auto [type, rest] = first_word(content_type);
  const auto parameters = read_parameters(rest);
  if (type != "multipart/form-data" || !parameters) return std::nullopt;
  std::optional<std::string> boundary;
  for (const auto& each : *parameters) {
    if (each.name.starts_with("boundary*")) return std::nullopt;
    if (each.name == "boundary") boundary = each.value;
  }
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary ||
      boundary->ends_with(' ')) {
    return std::nullopt;
  }
  const auto is_allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  };
  if (!std::all_of(boundary->begin(), boundary->end(), is_allowed)) return std::nullopt;
  return boundary;
}

}  // namespace nufi::openai
