#include "cli/show_usage.hpp"

#include "cli/chart.hpp"
#include "cli/local_time.hpp"
#include "lib/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <ostream>

namespace nufi::cli {

using domain::Bucket;
using domain::RequestView;
using domain::RowStatus;
using domain::UsageTotals;

namespace {

Tone tone_of(RowStatus status) {
  switch (status) {
    case RowStatus::ok:
      return Tone::good;
    case RowStatus::running:
      return Tone::plain;
    case RowStatus::client_gone:
    case RowStatus::cut:
    case RowStatus::client_error:
      return Tone::warning;
    case RowStatus::upstream_error:
    case RowStatus::interrupted:
      return Tone::bad;
  }
  return Tone::plain;
}

std::string to_upper(std::string word) {
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word;
}

std::string raw_ms(std::int64_t us) {
  constexpr std::int64_t kUsPerMs = 1000;
  if (us < 0) return "";
  return us % kUsPerMs == 0 ? std::to_string(us / kUsPerMs)
                            : fmt::format("{}.{:03}", us / kUsPerMs, us % kUsPerMs);
}

}  // namespace

Table table_of_totals(const std::string& title, const std::vector<domain::NamedTotals>& totals) {
  std::vector<Column> columns{{.title = title, .shrinks_to = 16},
                              {.title = "REQUESTS", .align = Align::right},
                              {.title = "ERRORS", .align = Align::right, .rank = 2},
                              {.title = "REFUSED", .align = Align::right, .rank = 1},
                              {.title = "COST", .align = Align::point, .csv_name = "cost_usd"},
                              {.title = "TOKENS", .align = Align::right, .rank = 3}};
  for (const Bucket bucket : domain::kBuckets) {
    columns.push_back({.title = std::string(domain::bucket_name(bucket)), .only_raw = true});
  }
  Table table(std::move(columns));
  for (const domain::NamedTotals& named : totals) {
    const UsageTotals& sums = named.totals;
    std::vector<Cell> row{text_cell(named.name),
                          count_cell(sums.requests),
                          count_cell(sums.errors),
                          count_cell(sums.refused),
                          money_cell(sums.cost),
                          count_cell(sums.tokens.total())};
    for (const Bucket bucket : domain::kBuckets) row.push_back(count_cell(sums.tokens[bucket]));
    table.add(std::move(row));
  }
  return table;
}

Table table_of_report(const domain::UsageReport& report) {
  if (report.by_what != "day") return table_of_totals(to_upper(report.by_what), report.by);
  std::vector<domain::NamedTotals> days;
  for (const domain::DayTotals& day : report.days) days.push_back({day.date, "", day.totals});
  return table_of_totals("DAY", days);
}

Context::Rows rows_of_totals(const UsageTotals& totals) {
  std::string requests = human_count(totals.requests);
  if (totals.errors > 0) requests += fmt::format(", {} with an error", human_count(totals.errors));
  if (totals.refused > 0) requests += fmt::format(", {} more refused", human_count(totals.refused));
  std::string tokens = human_count(totals.tokens.prompt()) + " in";
  if (const std::int64_t cached = totals.tokens[Bucket::cached_input]; cached > 0) {
    tokens += fmt::format(" ({} cached)", human_count(cached));
  }
  tokens += fmt::format(", {} out", human_count(totals.tokens.completion()));
  Cell cost = money_cell(totals.cost);
  cost.tone = Tone::strong;
  return {{"spent", cost}, {"requests", text_cell(requests)}, {"tokens", text_cell(tokens)}};
}

void print_chart(const Context& context, const domain::UsageReport& report) {
  for (const std::string& line : draw_chart(report.days, context.screen)) {
    context.out << line << '\n';
  }
}

Listing list_of_requests(const std::vector<RequestView>& requests,
                         Timestamp now,
                         const std::optional<TimeZone>& follow) {
  const auto any = [&requests](const auto& is) {
    return std::any_of(requests.begin(), requests.end(), is);
  };
  const bool with_error =
      follow || any([](const RequestView& view) { return !view.row.error_code.empty(); });
  const bool with_upstream = any([&requests](const RequestView& view) {
    return view.row.upstream != requests.front().row.upstream;
  });
  const auto free_for = [&follow](int columns) { return follow ? columns : 0; };
  Listing listing{
      items_of(requests),
      {},
      Table({{.title = "TIME", .align = Align::right, .steady = free_for(8)},
             {.title = "KEY", .rank = 8, .shrinks_to = 10, .steady = free_for(7)},
             {.title = "MODEL", .shrinks_to = 14, .steady = free_for(12)},
             {.title = "STATUS", .steady = free_for(12)},
             {.title = "IN", .align = Align::right, .rank = 5, .steady = free_for(6)},
             {.title = "CACHED", .align = Align::right, .rank = 4, .steady = free_for(6)},
             {.title = "OUT", .align = Align::right, .rank = 5, .steady = free_for(5)},
             {.title = "COST", .align = Align::point, .rank = 9, .steady = free_for(9)},
             {.title = "LATENCY", .align = Align::right, .rank = 6, .steady = free_for(7)},
             {.title = "ID", .rank = 1, .only_raw = follow.has_value()},
             {.title = "HTTP", .only_raw = true},
             {.title = "ERROR", .rank = 3, .steady = free_for(20), .only_raw = !with_error},
             {.title = "UPSTREAM",
              .rank = 2,
              .shrinks_to = 10,
              .only_raw = follow || !with_upstream}}),
      "no calls yet"};
  for (const RequestView& view : requests) {
    const domain::LedgerRow& row = view.row;
    const domain::Usage& usage = row.usage;
    const std::string http = row.http_status == 0 ? "" : std::to_string(row.http_status);
    Cell time = ago_cell(row.time, now);
    if (follow) time.shown = clock_text(row.time, *follow);
    Cell error = text_cell(row.error_code);
    if (!row.error_code.empty() && !http.empty()) error.shown = http + ' ' + error.shown;
    if (row.error_code.empty()) error.shown.clear();
    listing.ids.push_back(row.id.text());
    listing.table.add(
        {time,
         text_cell(row.key_name),
         text_cell(row.model, Tone::strong),
         text_cell(std::string(domain::row_status_name(row.status)), tone_of(row.status)),
         count_cell(usage.prompt()),
         count_cell(usage[Bucket::cached_input]),
         count_cell(usage.completion()),
         money_cell(row.cost),
         {human_latency(row.total_us), raw_ms(row.total_us)},
         text_cell(row.id.text(), Tone::dim),
         text_cell(http),
         error,
         text_cell(row.upstream)});
  }
  return listing;
}

}  // namespace nufi::cli
