// A stream of events: however it is cut, the same events; bytes out are bytes in.
#include "lib/openai/sse.hpp"
#include "tests/fuzz/property.hpp"

#include <string>
#include <vector>

using namespace nufi::fuzz;
using nufi::openai::SseEvent;
using nufi::openai::SseSplitter;

namespace {

struct Seen {
  std::string bytes;
  std::vector<std::string> data;  ///< of the events that have any
};

void take(SseSplitter& splitter, Seen& seen, bool& is_open) {
  SseEvent event;
  while (splitter.next(event)) {
    require(event.begins != is_open, "an event begins when the one before has ended");
    is_open = !event.ends;
    seen.bytes += event.raw;
    if (event.is_whole() && !event.data.empty()) seen.data.emplace_back(event.data);
  }
}

Seen split(std::string_view text, std::size_t most, std::size_t seed) {
  SseSplitter splitter(most);
  Seen seen;
  bool is_open = false;
  in_pieces(text, seed, [&](std::string_view piece) {
    splitter.feed(piece);
    take(splitter, seen, is_open);
    require(seen.bytes + std::string(splitter.partial()) ==
                text.substr(0, seen.bytes.size() + splitter.partial().size()),
            "what is not given yet is kept");
  });
  SseEvent event;
  if (splitter.last(event)) {
    seen.bytes += event.raw;
    if (event.is_whole() && !event.data.empty()) seen.data.emplace_back(event.data);
  }
  return seen;
}

/// The same, read line by line from the whole text.
std::vector<std::string> data_of(std::string_view text) {
  std::vector<std::string> all;
  std::string data;
  bool has_data = false;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const auto length = std::min(text.find_first_of("\r\n"), text.size());
    auto line = text.substr(0, length);
    text.remove_prefix(length);
    text.remove_prefix(text.starts_with("\r\n") ? 2 : std::min<std::size_t>(1, text.size()));
    if (line.empty()) {
      if (!data.empty()) all.push_back(data);
      data.clear();
      has_data = false;
    } else if (line.starts_with("data:")) {
      line.remove_prefix(line.starts_with("data: ") ? 6 : 5);
      if (has_data) data += '\n';
      data += line;
      has_data = true;
    }
  }
  if (!data.empty()) all.push_back(data);
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Input input(bytes, size);
  const auto seed = input.pick(8);
  const auto text = input.text();
  const auto seen = split(text, 64 * 1024, seed);
  require(seen.bytes == text, "bytes out are bytes in");
  require(seen.data == data_of(text), "the events are those of the text");
  require(split(text, 16, seed).bytes == text, "also those of events too long to keep");
  return 0;
}
