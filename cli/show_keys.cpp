#include "cli/show_keys.hpp"

#include "lib/base/text.hpp"
#include "lib/domain/health.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace nufi::cli {

using domain::KeyState;
using domain::KeyView;
using domain::Money;

namespace {

bool wants_rotation(const KeyView& view, Timestamp now) {
  return is_live(view.state) && domain::is_due_for_rotation(view.key, now);
}

Tone tone_of(KeyState state) {
  switch (state) {
    case KeyState::active:
      return Tone::good;
    case KeyState::disabled:
    case KeyState::exhausted:
      return Tone::warning;
    case KeyState::expired:
    case KeyState::revoked:
      return Tone::dim;
  }
  return Tone::plain;
}

Cell status_cell(const KeyView& view, Timestamp now) {
  const std::string name(domain::key_state_name(view.state));
  Cell cell{name, name, tone_of(view.state)};
  if (wants_rotation(view, now)) {
    cell.shown += ", rotate";
    cell.tone = Tone::warning;
  }
  return cell;
}

Cell limit_cell(const std::optional<std::int64_t>& limit) {
  Cell cell = count_cell(limit);
  if (!limit) cell.shown = "no limit";
  return cell;
}

std::string resets(const domain::Cycle& cycle, Timestamp now) {
  const auto at = cycle.resets_at();
  return at && cycle.end != Timestamp{} ? ", resets " + human_until(*at, now) : "";
}

}  // namespace

bool is_live(KeyState state) {
  return state != KeyState::revoked && state != KeyState::expired;
}

Cell remaining_cell(const domain::Standing& standing) {
  if (!standing.limits.budget) return money_cell(std::nullopt);
  const Money left = *standing.limits.budget - Money::nanos(standing.usd.spent);
  return {human_money(left, Rounding::down), domain::format_usd(left)};
}

Cell budget_cell(const domain::SpendLimits& limits) {
  Cell cell = money_cell(limits.budget);
  cell.shown = human_budget(limits.budget, limits.budget_period);
  if (!limits.budget && limits.token_limit) {
    cell.shown = human_token_limit(*limits.token_limit, limits.token_period);
    cell.tone = Tone::plain;
  }
  return cell;
}

void add_standing_rows(Context::Rows& rows, const domain::Standing& standing, Timestamp now) {
  const domain::SpendLimits& limits = standing.limits;
  Cell budget = budget_cell(limits);
  if (!limits.budget) budget = {"no limit", "", Tone::dim};
  if (limits.budget) budget.shown += resets(standing.usd.cycle, now);
  rows.emplace_back("budget", budget);
  Cell spent = money_cell(Money::nanos(standing.usd.spent));
  if (limits.budget_period != domain::Period::total) {
    spent.shown += fmt::format(" this {}", domain::period_name(limits.budget_period));
  }
  if (standing.usd.held > 0) {
    spent.shown +=
        fmt::format(", {} held by calls in flight", human_money(Money::nanos(standing.usd.held)));
  }
  rows.emplace_back("spent", spent);
  if (limits.budget) rows.emplace_back("remaining", remaining_cell(standing));
  if (!limits.token_limit) return;
  rows.emplace_back("tokens",
                    text_cell(fmt::format("{} of {}/{}",
                                          human_count(standing.tokens.spent),
                                          human_count(*limits.token_limit),
                                          domain::period_name(limits.token_period))));
}

Listing list_of_keys(const std::vector<KeyView>& keys, bool with_account, Timestamp now) {
  const bool with_project = std::any_of(
      keys.begin(), keys.end(), [](const KeyView& view) { return view.project != "default"; });
  Listing listing{items_of(keys),
                  {},
                  Table({{.title = "NAME", .shrinks_to = 8},
                         {.title = "STATUS"},
                         {.title = "SPENT", .align = Align::point, .rank = 7},
                         {.title = "BUDGET", .align = Align::point},
                         {.title = "LEFT", .align = Align::point, .rank = 6},
                         {.title = "LAST USED", .align = Align::right, .rank = 5},
                         {.title = "EXPIRES", .align = Align::right, .rank = 3},
                         {.title = "KEY", .rank = 2},
                         {.title = "ID", .only_raw = true},
                         {.title = "PROJECT", .rank = 1, .only_raw = !with_project},
                         {.title = "ACCOUNT", .rank = 4, .only_raw = !with_account},
                         {.title = "BUDGET PERIOD", .only_raw = true},
                         {.title = "ROTATE", .only_raw = true},
                         {.title = "TOKEN LIMIT", .only_raw = true},
                         {.title = "TOKEN PERIOD", .only_raw = true},
                         {.title = "TOKENS USED", .only_raw = true}}),
                  "no keys yet; make one with: nufi keys create --name laptop --budget 5"};
  for (const KeyView& view : keys) {
    const domain::Key& key = view.key;
    listing.ids.push_back(key.id.text());
    listing.table.add(
        {text_cell(key.name, is_live(view.state) ? Tone::strong : Tone::dim),
         status_cell(view, now),
         money_cell(Money::nanos(view.standing.usd.spent)),
         budget_cell(view.standing.limits),
         remaining_cell(view.standing),
         ago_cell(key.last_used_at, now),
         until_cell(key.expires_at, now),
         text_cell(key.masked, Tone::dim),
         text_cell(key.id.text()),
         text_cell(view.project),
         text_cell(view.account),
         text_cell(std::string(domain::period_name(view.standing.limits.budget_period))),
         text_cell(wants_rotation(view, now) ? "rotate" : ""),
         count_cell(view.standing.limits.token_limit),
         text_cell(std::string(domain::period_name(view.standing.limits.token_period))),
         count_cell(view.standing.tokens.spent)});
  }
  return listing;
}

Context::Rows rows_of_key(const KeyView& view, Timestamp now) {
  const domain::Key& key = view.key;
  Context::Rows rows{{"name", text_cell(key.name, Tone::strong)},
                     {"status", status_cell(view, now)},
                     {"key", text_cell(key.masked)},
                     {"id", text_cell(key.id.text())},
                     {"account", text_cell(view.account)},
                     {"project", text_cell(view.project)},
                     {"group", text_cell(view.group)}};
  add_standing_rows(rows, view.standing, now);
  rows.emplace_back("requests/min", limit_cell(key.rpm));
  rows.emplace_back("tokens/min", limit_cell(key.tpm));
  rows.emplace_back("in parallel", limit_cell(key.max_parallel));
  rows.emplace_back("models", list_cell(key.allowed_models, "all"));
  rows.emplace_back("addresses", list_cell(key.allowed_ips, "all"));
  rows.emplace_back("enforce", text_cell(std::string(domain::enforce_name(key.enforce))));
  rows.emplace_back("trace", text_cell(key.trace ? "on" : "off"));
  rows.emplace_back("created", ago_cell(key.created_at, now));
  if (key.rotated_at) rows.emplace_back("rotated", ago_cell(key.rotated_at, now));
  if (domain::is_overlap_running(key, now)) {
    rows.emplace_back("old secret ends", until_cell(domain::overlap_end(key), now));
  }
  rows.emplace_back("last used", ago_cell(key.last_used_at, now));
  rows.emplace_back("expires", until_cell(key.expires_at, now));
  if (key.revoked_at) rows.emplace_back("revoked", ago_cell(key.revoked_at, now));
  if (key.archived) rows.emplace_back("archived", text_cell("yes"));
  return rows;
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/@%+=,";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace nufi::cli
