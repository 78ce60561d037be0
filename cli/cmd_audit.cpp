#include "cli/commands.hpp"
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace nufi::cli {

using api::Json;
using domain::AuditView;

namespace {

constexpr int kMost = 10'000;

/// A value of an entry as a word: lists with commas, nothing as "none".
std::string word_of(const Json& value) {
  if (value.is_null()) return "none";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return api::to_text(value);
  std::string text;
  for (const Json& item : value) text += (text.empty() ? "" : ",") + word_of(item);
  return text.empty() ? "none" : text;
}

/// "budget_usd 5 → 10, rpm none → 60" for an edit, "name laptop, budget_usd 5" for what was made,
/// "was name laptop, …" for what was removed.
std::string change_of(const AuditView& entry, bool unicode) {
  const Json before = Json::parse(entry.before, nullptr, /*allow_exceptions=*/false);
  const Json after = Json::parse(entry.after, nullptr, /*allow_exceptions=*/false);
  const bool was = before.is_object();
  const bool is = after.is_object();
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (was && is) {
    const char* arrow = unicode ? "→" : "->";
    for (const auto& [name, value] : after.items()) {
      const Json old = before.contains(name) ? before[name] : Json(nullptr);
      add(old == value ? name + " changed"
                       : fmt::format("{} {} {} {}", name, word_of(old), arrow, word_of(value)));
    }
    for (const auto& [name, value] : before.items()) {
      if (!after.contains(name)) add(fmt::format("{} {} {} none", name, word_of(value), arrow));
    }
    return text;
  }
  const Json none = Json::object();
  for (const auto& [name, value] : (is ? after : was ? before : none).items()) {
    add(name + " " + word_of(value));
  }
  if (was && !text.empty()) return "was " + text;
  return text.empty() ? entry.after : text;
}

std::string who_of(const AuditView& entry) {
  if (!entry.account.empty()) return entry.account;
  return entry.uid >= 0 ? fmt::format("uid-{}", entry.uid) : entry.account_id;
}

Listing list_of_entries(const Context& context, const std::vector<AuditView>& entries) {
  Listing listing{items_of(entries),
                  {},
                  Table({{.title = "TIME", .align = Align::right},
                         {.title = "WHO", .shrinks_to = 8},
                         {.title = "UID", .only_raw = true},
                         {.title = "ACTION"},
                         {.title = "SUBJECT", .shrinks_to = 10},
                         {.title = "ID", .only_raw = true},
                         {.title = "CHANGE", .shrinks_to = 16, .wraps = true}}),
                  "nothing was changed yet"};
  const Timestamp now = context.clock.now();
  for (const AuditView& entry : entries) {
    listing.ids.push_back(std::to_string(entry.id));
    listing.table.add({ago_cell(entry.time, now),
                       text_cell(who_of(entry)),
                       text_cell(entry.uid < 0 ? "" : std::to_string(entry.uid)),
                       text_cell(entry.action, Tone::strong),
                       text_cell(entry.name.empty() ? entry.subject : entry.name),
                       text_cell(entry.subject),
                       text_cell(change_of(entry, context.screen.unicode))});
  }
  return listing;
}

}  // namespace

void add_audit_command(CLI::App& root, Context& context) {
  auto last = std::make_shared<int>(50);
  CLI::App* command = root.add_subcommand("audit", "who changed what, the newest first (admin)");
  add_value(*command,
            "--last",
            "N",
            "how many changes (default 50)",
            [last](const std::string& value, const std::string& option) {
              const std::int64_t count = read_count(value, option);
              if (count > kMost) {
                throw Error(Errc::usage, fmt::format("{} must be at most {}", option, kMost));
              }
              *last = static_cast<int>(count);
            });
  add_output_options(*command, context);
  command->callback(
      [&context, last] { context.print(list_of_entries(context, context.client().audit(*last))); });
}

}  // namespace nufi::cli
