#pragma once

#include "lib/api/shapes.hpp"

#include <string>
#include <utility>
#include <vector>

namespace nufi::cli {

/// `json`, an object, as flat names and values: what is inside another thing has a dotted name
/// ("spend.budget_usd"), a thing of a list is called by its name, else by its id or its number
/// ("upstreams.openai.health"), words of a list stand with commas between them, and null is "".
/// An empty list or object is "". In the order of `json`.
std::vector<std::pair<std::string, std::string>> flat_fields(const api::Json& json);

}  // namespace nufi::cli
