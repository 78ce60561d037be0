#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::daemon {

/// `text` as JSON of a depth that it is safe to walk; what lies deeper is left out. Discarded where
/// it is none.
nlohmann::json parse_said(std::string_view text);

/// Calls `visit` with the data of each event in `stream`, and again for what was cut off behind the
/// last one.
void each_event(std::string_view stream, const std::function<void(std::string_view data)>& visit);

/// What a reply says piece by piece: for each place (the choice, block or item by its index, and
/// the way to the field) what was said there, in order. A reply that is no stream counts as one
/// event. A list whose members have no index, as one of tokens, is one place.
std::vector<std::vector<std::string>> said_in_pieces(std::string_view reply);

}  // namespace nufi::daemon
