#include "cli/run_report.hpp"

#include "lib/base/shell.hpp"
#include "lib/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace nufi::cli {

using domain::KeyView;
using domain::UsageReport;

namespace {

constexpr int kSettleLooks = 60;
constexpr std::chrono::milliseconds kBetweenLooks{50};

UsageReport usage_of(RunKey& key, const RunReport& report) {
  api::UsageQuery query;
  query.key = key.id();
  // A day more at each end for time zones; the key has not lived longer.
  const auto age = report.ended_at - report.started_at;
  query.days = static_cast<int>(std::chrono::duration_cast<std::chrono::days>(age).count()) + 2;
  return key.client().usage(query);
}

bool has_running_calls(RunKey& key) {
  api::RequestQuery query;
  query.last = 1;
  query.key = key.id();
  query.status = "running";
  return !key.client().requests(query).empty();
}

/// Why calls were refused, as far as a small call to the model that most of them were to can tell.
void explain_refusals(RunKey& key, const UsageReport& usage, RunReport& report) {
  const auto most =
      std::max_element(usage.by.begin(), usage.by.end(), [](const auto& one, const auto& other) {
        return one.totals.refused < other.totals.refused;
      });
  if (most == usage.by.end() || most->totals.refused == 0) return;
  const auto check = key.client().check_key(key.id(), most->name, 1);
  if (check.reason == "model_price_unknown") report.unpriced_model = most->name;
  if (check.reason != "budget" || !check.refusal) return;
  report.budget_reached = domain::scope_name(check.refusal->window.scope);
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? std::to_string(signal) : std::string("SIG") + name;
}

}  // namespace

void settle(Context& context, RunKey& key, RunReport& report, const std::function<bool()>& hurry) {
  bool is_hurried = false;
  const auto hurried = [&] { return is_hurried = is_hurried || hurry(); };
  try {
    // The key has to live to be asked about.
    explain_refusals(key, usage_of(key, report), report);
  } catch (const Error&) {
    // Then it is not said.
  }
  if (!key.revoke(hurried)) return;
  try {
    for (int looks = kSettleLooks; looks > 0; --looks) {
      report.has_running_calls = has_running_calls(key);
      if (!report.has_running_calls || hurried() || !context.pause(kBetweenLooks)) break;
    }
    report.usage = usage_of(key, report);
  } catch (const Error&) {
    report.usage.reset();
  }
}

std::string cost_line(const RunReport& report, const KeyView& view) {
  const std::string& name = view.key.name;
  if (!report.usage) {
    return fmt::format(
        "nufi: nufid does not answer, so it is not known what '{}' cost; see it later with: nufi "
        "usage --key {}. The key ends by itself within {} s",
        name,
        view.key.id.text(),
        RunKey::kLease.count());
  }
  const domain::UsageTotals& totals = report.usage->totals;
  const auto& budget = view.standing.limits.budget;
  std::string line = fmt::format("nufi: '{}' cost {}", name, human_money(totals.cost));
  if (budget) line += " of " + human_money(*budget);
  if (!report.parent.empty()) line += fmt::format(" (within the limits of '{}')", report.parent);
  line += fmt::format(": {}, {} tokens",
                      human_count_of(totals.requests, "call"),
                      human_count(totals.tokens.total()));
  if (totals.errors > 0) line += fmt::format(", {} failed", human_count(totals.errors));
  if (totals.refused > 0) line += fmt::format(", {} refused", human_count(totals.refused));
  if (!report.budget_reached.empty()) {
    line += fmt::format("; the budget of the {} is reached", report.budget_reached);
  }
  if (!report.unpriced_model.empty()) {
    line += fmt::format("; no budget can hold {0}, whose price is not known: nufi prices set {0} …",
                        shell_quoted(report.unpriced_model));
  }
  if (report.has_running_calls) line += "; calls that still run are not in it";
  return line;
}

api::Json to_json(const RunReport& report, const KeyView& view) {
  const Ending& ending = report.ending;
  const bool was_started = ending.start_error == 0;
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? api::Json(nullptr) : api::Json(text);
  };
  const std::chrono::duration<double> lasted = report.ended_at - report.started_at;
  api::Json json{
      {"key", view.key.id.text()},
      {"name", view.key.name},
      {"parent", text_or_null(report.parent)},
      {"project", view.project},
      {"command", report.command},
      {"exit_code", ending.signal == 0 ? api::Json(ending.code()) : api::Json(nullptr)},
      {"signal", text_or_null(ending.signal == 0 ? "" : signal_name(ending.signal))},
      {"start_error", text_or_null(was_started ? "" : std::strerror(ending.start_error))},
      {"started_at", format_rfc3339(report.started_at)},
      {"ended_at", format_rfc3339(report.ended_at)},
      {"duration_seconds", lasted.count()},
      {"budget_usd",
       view.standing.limits.budget ? api::money_to_json(*view.standing.limits.budget)
                                   : api::Json(nullptr)},
      {"budget_reached", text_or_null(report.budget_reached)},
      {"unpriced_model", text_or_null(report.unpriced_model)}};
  constexpr std::array kTotals = {"cost_usd", "requests", "errors", "refused", "tokens"};
  const api::Json usage = report.usage ? api::to_json(*report.usage) : api::Json::object();
  for (const char* name : kTotals) {
    json[name] = report.usage ? usage.at("totals").at(name) : api::Json(nullptr);
  }
  json["models"] = report.usage ? usage.at("by") : api::Json(nullptr);
  json["running_calls_left_out"] = report.has_running_calls;
  return json;
}

}  // namespace nufi::cli
