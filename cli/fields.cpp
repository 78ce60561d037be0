#include "cli/fields.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace nufi::cli {

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string text_of(const api::Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : api::to_text(value);
}

/// What a thing of a list is called.
std::string name_of(const api::Json& item, std::size_t index) {
  for (const char* field : {"name", "id"}) {
    const auto found = item.is_object() ? item.find(field) : item.end();
    if (found != item.end() && found->is_string()) return found->get<std::string>();
  }
  return std::to_string(index + 1);
}

void collect(const std::string& name, const api::Json& value, Fields& fields) {
  const bool is_nested = value.is_structured() && !value.empty();
  if (is_nested && value.is_object()) {
    for (const auto& [key, inner] : value.items()) collect(name + '.' + key, inner, fields);
  } else if (is_nested && std::any_of(value.begin(), value.end(), [](const api::Json& item) {
               return item.is_structured();
             })) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      collect(name + '.' + name_of(value[i], i), value[i], fields);
    }
  } else if (value.is_array()) {
    std::string list;
    for (const api::Json& item : value) list += (list.empty() ? "" : ",") + text_of(item);
    fields.emplace_back(name, std::move(list));
  } else {
    fields.emplace_back(name, value.is_object() ? std::string() : text_of(value));
  }
}

}  // namespace

Fields flat_fields(const api::Json& json) {
  Fields fields;
  for (const auto& [name, value] : json.items()) collect(name, value, fields);
  return fields;
}

}  // namespace nufi::cli
