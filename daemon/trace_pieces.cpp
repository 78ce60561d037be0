#include "daemon/trace_pieces.hpp"

#include "lib/openai/sse.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <functional>
#include <unordered_map>
#include <utility>

namespace nufi::daemon {
namespace {

using Json = nlohmann::json;

/// Deeper than any reply has a reason to be, and shallow enough for walks that call themselves.
constexpr int kDeepest = 64;

bool is_index(const std::string& name) {
  return name == "index" || name.ends_with("_index");
}

/// A way to a field, as a number: ways may be long, and many fields lie behind one.
using Place = std::size_t;

Place further(Place place, std::string_view step) {
  constexpr Place kSpread = 0x100000001b3;
  return (place ^ std::hash<std::string_view>()(step)) * kSpread;
}

/// Gathers texts by their place.
class Places {
 public:
  void add(const Json& event) {
    // Events of the responses say in it which text their delta goes on with.
    const bool has_type = event.is_object() && event.contains("type") && event["type"].is_string();
    walk(event, has_type ? further(0, event["type"].get_ref<const std::string&>()) : 0);
  }
  void add(Place place, std::string text) {
    if (!text.empty()) pieces_[place].push_back(std::move(text));
  }
  std::vector<std::vector<std::string>> take() {
    std::vector<std::vector<std::string>> all;
    for (auto& [place, pieces] : pieces_) all.push_back(std::move(pieces));
    return all;
  }

 private:
  void walk(const Json& json, Place place) {
    if (json.is_string()) {
      add(place, json.get<std::string>());
    } else if (json.is_array()) {
      for (const Json& each : json) walk(each, place);
    } else if (json.is_object()) {
      Place here = place;
      for (const auto& [name, value] : json.items()) {
        // The first of all is often left out.
        const bool counts = is_index(name) && value.is_number_integer() && value != 0;
        if (counts) here = further(further(here, name), value.dump());
      }
      for (const auto& [name, value] : json.items()) walk(value, further(here, name));
    }
  }

  std::unordered_map<Place, std::vector<std::string>> pieces_;
};

}  // namespace

nlohmann::json parse_said(std::string_view text) {
  const auto is_shallow = [](int depth, Json::parse_event_t /*event*/, Json& /*parsed*/) {
    return depth <= kDeepest;
  };
  return Json::parse(text, is_shallow, /*allow_exceptions=*/false);
}

void each_event(std::string_view stream, const std::function<void(std::string_view)>& visit) {
  openai::SseSplitter splitter(stream.size() + 1);
  splitter.feed(stream);
  openai::SseEvent event;
  while (splitter.next(event)) visit(event.data);
  if (splitter.last(event)) visit(event.data);
}

std::vector<std::vector<std::string>> said_in_pieces(std::string_view reply) {
  Places places;
  if (const Json whole = parse_said(reply); !whole.is_discarded()) {
    places.add(whole);
    return places.take();
  }
  each_event(reply, [&places](std::string_view data) {
    if (const Json json = parse_said(data); !json.is_discarded()) {
      places.add(json);
    } else {
      places.add(0, std::string(data));
    }
  });
  return places.take();
}

}  // namespace nufi::daemon
