#include "lib/openai/splice.hpp"

#include "lib/openai/json_walk.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace nufi::openai {
namespace {

struct Edit {
  std::size_t at = 0;
  std::size_t remove = 0;
  std::string insert;
};

std::string member(std::string_view name, std::string_view value) {
  std::string text = "\"";
  text.append(name).append("\":").append(value).append(",");
  return text;
}

}  // namespace

std::string splice_request(std::string_view body, const Request& request, const Changes& changes) {
  std::vector<Edit> edits;
  // New members go right behind the root's brace: one of them is never the last.
  std::string members;
  if (changes.ask_for_usage) {
    const auto& options = request.stream_options;
    if (request.include_usage.present()) {
      edits.push_back({request.include_usage.at, request.include_usage.size, "true"});
    } else if (!options.present()) {
      members += member("stream_options", R"({"include_usage":true})");
    } else if (body[options.at] == '{') {
      const std::string_view end = request.stream_options_is_empty ? "" : ",";
      edits.push_back({options.at + 1, 0, R"("include_usage":true)" + std::string(end)});
    } else {
      edits.push_back({options.at, options.size, R"({"include_usage":true})"});
    }
  }
  if (changes.output_cap) {
    const auto text = std::to_string(*changes.output_cap);
    const auto field = static_cast<std::size_t>(changes.cap_field);
    const auto& given = request.null_caps[field];
    if (given.present()) {
      edits.push_back({given.at, given.size, text});
    } else {
      members += member(kCapFields[field], text);
    }
  }
  if (changes.model && *changes.model != request.call.model) {
    const auto name = quote_json(*changes.model);
    if (request.model.present()) {
      edits.push_back({request.model.at, request.model.size, name});
    } else {
      members += member("model", name);
    }
  }
  if (!members.empty()) edits.push_back({body.find('{') + 1, 0, std::move(members)});

  std::sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  std::string out;
  std::size_t from = 0;
  for (const auto& edit : edits) {
    out.append(body.substr(from, edit.at - from));
    out.append(edit.insert);
    from = edit.at + edit.remove;
  }
  out.append(body.substr(from));
  return out;
}

}  // namespace nufi::openai
