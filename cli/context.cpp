#include "cli/context.hpp"

#include "lib/base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <istream>
#include <ostream>

namespace nufi::cli {

namespace {

constexpr int kIndent = 2;

/// A JSON value as one field of TSV.
std::string raw_text(const api::Json& json) {
  if (json.is_null()) return "";
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array() && std::all_of(json.begin(), json.end(), [](const api::Json& item) {
        return item.is_string();
      })) {
    std::string text;
    for (const api::Json& item : json) text += (text.empty() ? "" : ",") + item.get<std::string>();
    return text;
  }
  return api::to_text(json);
}

}  // namespace

std::string Context::socket_path() const {
  return socket.empty() ? choose_socket(config) : socket;
}

api::Client Context::new_client() const {
  return api::Client(connect(socket_path()));
}

api::Client& Context::client() {
  if (!client_) client_ = std::make_unique<api::Client>(new_client());
  return *client_;
}

void Context::note(const std::string& text) const {
  if (quiet) return;
  if (!err_is_terminal) {
    err << text << '\n';
    return;
  }
  for (const std::string& line : wrapped(text, screen.width)) err << line << '\n';
}

void Context::print(const Listing& listing) const {
  if (json) {
    print_json(api::list_to_json(listing.items(), std::nullopt));
  } else if (quiet) {
    for (const std::string& id : listing.ids) out << id << '\n';
  } else if (!screen.is_terminal) {
    listing.table.print_tsv(out);
  } else if (listing.table.empty()) {
    note(listing.when_empty);
  } else {
    listing.table.print(out, screen);
  }
}

void Context::print(const api::Json& item, const std::string& id, const Rows& rows) const {
  if (json) {
    print_json(item);
  } else if (quiet) {
    out << id << '\n';
  } else if (screen.is_terminal) {
    print_rows(rows);
  } else {
    print_fields(item);
  }
}

void Context::print_done(const api::Json& item,
                         const std::string& id,
                         const std::string& sentence) const {
  if (json) {
    print_json(item);
  } else if (quiet) {
    out << id << '\n';
  } else {
    note(printable(sentence));
  }
}

void Context::print_rows(const Rows& rows) const {
  int label_width = 0;
  for (const auto& [label, cell] : rows) label_width = std::max(label_width, display_width(label));
  const std::string indent(static_cast<std::size_t>(label_width + kIndent), ' ');
  for (const auto& [label, cell] : rows) {
    std::string head = label + indent.substr(static_cast<std::size_t>(display_width(label)));
    for (const std::string& line : wrapped(cell.shown, screen.width - label_width - kIndent)) {
      out << toned(head, Tone::dim, screen.colour) << toned(line, cell.tone, screen.colour) << '\n';
      head = indent;
    }
  }
}

void Context::print_json(const api::Json& value) const {
  out << api::to_text(value, kIndent) << '\n';
}

void Context::print_fields(const api::Json& value) const {
  Table table({{.title = "field"}, {.title = "value"}});
  for (const auto& [name, field] : value.items()) {
    table.add({text_cell(name), text_cell(raw_text(field))});
  }
  table.print_tsv(out);
}

void Context::confirm(const std::string& action) {
  if (yes) return;
  if (!can_ask()) {
    throw Error(Errc::usage, "will not " + action + " without being told to", "add --yes");
  }
  err << printable(action) << "? [y/N] " << std::flush;
  std::string answer;
  std::getline(in, answer);
  answer = to_lower(trim(answer));
  if (answer != "y" && answer != "yes") {
    throw Error(Errc::usage, "nothing was done", "answer y, or add --yes");
  }
}

}  // namespace nufi::cli
