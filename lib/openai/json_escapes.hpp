#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace nufi::openai {

/// JSON that says the same with as few escapes as it can: what an escape hides is found in it.
std::string without_escapes(std::string_view json);

/// The same at any depth: of JSON in a string of JSON, which may lie in a string itself. It is JSON
/// as before, but what was said about escapes lost its backslashes: for a look, not to be kept.
std::string without_nested_escapes(std::string_view json);

/// `text` as `mask` leaves it, also where something is to be masked that escapes hide. Escapes
/// are undone only then: else it stays as it came.
std::string masked_through_escapes(std::string_view text,
                                   const std::function<std::string(std::string_view)>& mask);

}  // namespace nufi::openai
