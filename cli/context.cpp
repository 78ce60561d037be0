#include "cli/context.hpp"

#include "cli/ascii.hpp"
#include "cli/fields.hpp"
#include "lib/base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <istream>
#include <ostream>
#include <sstream>

namespace nufi::cli {

namespace {

constexpr int kIndent = 2;

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
  for (const std::string& line : wrapped_message(text, screen.width)) err << line << '\n';
}

void Context::print(const Listing& listing) const {
  if (json) {
    print_json(api::list_to_json(listing.items(), std::nullopt));
  } else if (quiet) {
    for (const std::string& id : listing.ids) out << id << '\n';
  } else if (!screen.is_terminal) {
    listing.table.print_tsv(out, screen.colour);
  } else if (listing.table.empty()) {
    note(listing.when_empty);
  } else {
    std::ostringstream text;
    listing.table.print(text, screen);
    print_text(text.str());
  }
}

void Context::print_text(const std::string& text) const {
  const auto lines = std::count(text.begin(), text.end(), '\n');
  const bool is_long = screen.is_terminal && screen.height > 0 && lines >= screen.height;
  if (is_long && page && !no_pager && !quiet) {
    out.flush();
    if (page(screen.unicode ? text : to_ascii(text))) return;
  }
  out << text;
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
    const std::string shown = screen.unicode ? cell.shown : to_ascii(cell.shown);
    for (const std::string& line : wrapped(shown, screen.width - label_width - kIndent)) {
      out << toned(head, Tone::dim, screen.colour) << toned(line, cell.tone, screen.colour) << '\n';
      head = indent;
    }
  }
}

void Context::print_json(const api::Json& value) const {
  const std::string text = api::to_text(value, kIndent);
  // On a terminal without UTF-8; in a pipe every byte stays what it is.
  const bool escapes = screen.is_terminal && !screen.unicode;
  out << (escapes ? to_ascii_json(text) : text) << '\n';
}

void Context::print_fields(const api::Json& value) const {
  Table table({{.title = "field"}, {.title = "value"}});
  for (const auto& [name, field] : flat_fields(value)) {
    table.add({text_cell(name), text_cell(field)});
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
  // Ctrl-D leaves the cursor behind the question.
  if (!std::getline(in, answer)) err << '\n';
  answer = to_lower(trim(answer));
  if (answer != "y" && answer != "yes") {
    throw Error(Errc::usage, "nothing was done", "answer y, or add --yes");
  }
}

}  // namespace nufi::cli
