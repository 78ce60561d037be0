#include "lib/service/reports.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/catalogue.hpp"
#include "lib/service/keys.hpp"
#include "lib/service/names.hpp"
#include "lib/service/people.hpp"
#include "lib/service/upstreams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace nufi::service {

namespace {

using std::chrono::days;
using std::chrono::local_days;
using Quarter = std::chrono::duration<std::int64_t, std::ratio<900>>;

constexpr std::int64_t kMostDays = 3660;
constexpr std::int64_t kMostRequests = 10'000;

constexpr std::array<std::pair<std::string_view, store::GroupBy>, 6> kGroupings = {{
    {"model", store::GroupBy::model},
    {"key", store::GroupBy::key},
    {"project", store::GroupBy::project},
    {"group", store::GroupBy::group},
    {"upstream", store::GroupBy::upstream},
    {"account", store::GroupBy::account},
}};

std::optional<store::GroupBy> grouping(std::string_view by) {
  for (const auto& [name, value] : kGroupings) {
    if (name == by) return value;
  }
  if (by == "day") return std::nullopt;
  throw Error(Errc::invalid,
              fmt::format("usage can't be grouped by '{}'", by),
              "by is one of model, key, project, group, upstream, account, day");
}

domain::UsageTotals totals_of(const store::RollupSums& sums) {
  return {.requests = sums.requests,
          .errors = sums.errors,
          .refused = sums.refused,
          .cost = sums.cost,
          .tokens = sums.usage};
}

local_days day_of(const TimeZone& zone, Timestamp instant) {
  return std::chrono::floor<days>(zone.to_local(instant));
}

std::string date_text(local_days day) {
  const std::chrono::year_month_day date{day};
  return fmt::format("{:04}-{:02}-{:02}",
                     static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

TimeZone zone_of(const Context& context, const UsageQuery& query) {
  if (query.timezone.empty()) return read_settings(context.store.settings()).timezone;
  return query.timezone == "UTC" ? TimeZone() : TimeZone::named(query.timezone);
}

struct Range {
  Timestamp from;
  Timestamp to;
};

/// The whole quarters of an hour that the query asks for.
Range range_of(const Context& context, const UsageQuery& query, const TimeZone& zone) {
  if (query.days && (query.from || query.to)) {
    throw Error(Errc::invalid, "days goes without from and to");
  }
  const std::int64_t count = query.days.value_or(30);
  if (count < 1 || count > kMostDays) {
    throw Error(Errc::invalid, fmt::format("days must be from 1 to {}", kMostDays));
  }
  // Up to now is with the whole quarter that now lies in.
  const Timestamp to = query.to ? std::chrono::ceil<Quarter>(*query.to)
                                : std::chrono::floor<Quarter>(context.clock.now()) + Quarter(1);
  Timestamp from;
  if (query.from) {
    from = std::chrono::floor<Quarter>(*query.from);
  } else {
    const local_days today = day_of(zone, to - std::chrono::milliseconds(1));
    from = std::chrono::floor<Quarter>(zone.to_utc(today - days(count - 1)));
  }
  if (from >= to)
    throw Error(Errc::invalid, "a report must begin before it ends: from is not before to");
  if (to - from > days(kMostDays + 1)) {
    throw Error(Errc::invalid, fmt::format("a report covers at most {} days", kMostDays));
  }
  return {.from = from, .to = to};
}

/// The days of the range in the zone, and where each begins in it.
struct Days {
  std::vector<local_days> dates;
  std::vector<Timestamp> starts;
};

Days days_of(const Range& range, const TimeZone& zone) {
  Days all;
  const local_days last = day_of(zone, range.to - std::chrono::milliseconds(1));
  for (local_days day = day_of(zone, range.from); day <= last; day += days(1)) {
    const Timestamp midnight = std::chrono::ceil<Quarter>(zone.to_utc(day));
    all.dates.push_back(day);
    all.starts.push_back(std::max(midnight, range.from));
  }
  return all;
}

/// Sums by id or name, with the names people know.
std::vector<domain::NamedTotals> named(const Context& context,
                                       const std::vector<store::NamedSums>& sums,
                                       store::GroupBy by) {
  const Names names(context.store.people());
  std::map<domain::KeyId, std::string> keys;
  if (by == store::GroupBy::key) {
    std::vector<domain::KeyId> ids;
    for (const store::NamedSums& one : sums) ids.emplace_back(one.name);
    keys = context.store.keys().names(ids);
  }
  std::vector<domain::NamedTotals> result;
  for (const store::NamedSums& one : sums) {
    domain::NamedTotals entry{.name = one.name, .id = {}, .totals = totals_of(one.sums)};
    switch (by) {
      case store::GroupBy::key: {
        const auto found = keys.find(domain::KeyId(one.name));
        entry.id = one.name;
        if (found != keys.end()) entry.name = found->second;
        break;
      }
      case store::GroupBy::project:
        entry.id = one.name;
        entry.name = names.project(domain::ProjectId(one.name));
        break;
      case store::GroupBy::account:
        entry.id = one.name;
        entry.name = names.account(domain::AccountId(one.name));
        break;
      case store::GroupBy::model:
      case store::GroupBy::group:
      case store::GroupBy::upstream:
        break;
    }
    result.push_back(std::move(entry));
  }
  return result;
}

domain::RequestId request_id(const std::string& text, std::string_view field) {
  const domain::RequestId id = domain::RequestId::parse(text);
  if (id.value == 0) {
    throw Error(Errc::invalid, std::string(field) + " must be the id of a request (req_…)");
  }
  return id;
}

}  // namespace

domain::UsageReport report_usage(const Context& context,
                                 const Actor& actor,
                                 const UsageQuery& query) {
  const auto by = grouping(query.by);
  if (query.top && *query.top < 1) throw Error(Errc::invalid, "top must be 1 or more");
  const TimeZone zone = zone_of(context, query);
  const Range range = range_of(context, query, zone);
  store::UsageFilter filter;
  filter.from = range.from;
  filter.to = range.to;
  if (!actor.is_admin() || query.only_own) filter.account = actor.account;
  if (!query.key.empty()) filter.key = find_key_id(context, actor, query.key);
  if (!query.project.empty()) {
    const Names names(context.store.people());
    const domain::Project& project = names.find_project(actor, query.project);
    filter.project = project.id;
    filter.account = project.account;
  }
  const Days all_days = days_of(range, zone);

  context.ledger.sync();
  const store::UsageSums sums = context.store.reports().usage(
      {.filter = filter, .starts = all_days.starts, .by = by, .most = query.top.value_or(0)});

  domain::UsageReport report;
  report.from = range.from;
  report.to = range.to;
  report.timezone = zone.name();
  store::RollupSums total;
  for (std::size_t i = 0; i < sums.intervals.size(); ++i) {
    total += sums.intervals[i];
    report.days.push_back(
        {.date = date_text(all_days.dates[i]), .totals = totals_of(sums.intervals[i])});
  }
  report.totals = totals_of(total);
  report.by_what = query.by;
  if (by) {
    report.by = named(context, sums.by, *by);
  } else {
    for (const domain::DayTotals& day : report.days) {
      report.by.push_back({.name = day.date, .id = {}, .totals = day.totals});
    }
  }
  return report;
}

Page<domain::RequestView> list_requests(const Context& context,
                                        const Actor& actor,
                                        const RequestQuery& query) {
  if (query.last < 1 || query.last > kMostRequests) {
    throw Error(Errc::invalid, fmt::format("last must be from 1 to {}", kMostRequests));
  }
  if (!query.status.empty() && !domain::row_status_from_name(query.status)) {
    throw Error(Errc::invalid,
                fmt::format("there is no status '{}'", query.status),
                "one of running, ok, client_error, upstream_error, client_gone, cut, interrupted");
  }
  store::RequestFilter filter;
  if (!actor.is_admin()) filter.account = actor.account;
  if (!query.key.empty()) filter.key = find_key_id(context, actor, query.key);
  filter.model = query.model;
  filter.status = query.status;
  filter.since = query.since;
  if (!query.after.empty()) filter.after = request_id(query.after, "after");
  if (!query.before.empty()) filter.before = request_id(query.before, "before");
  filter.limit = query.last + 1;

  context.ledger.sync();
  auto rows = context.store.reports().requests(filter);
  Page<domain::RequestView> page;
  if (rows.size() > static_cast<std::size_t>(query.last)) {
    rows.resize(static_cast<std::size_t>(query.last));
    page.next = rows.back().id.text();
  }
  const Names names(context.store.people());
  for (domain::LedgerRow& row : rows) {
    std::string account = names.account(row.account);
    std::string project = names.project(row.project);
    page.data.push_back(
        {.row = std::move(row), .account = std::move(account), .project = std::move(project)});
  }
  return page;
}

store::VerifyReport verify_ledger(const Context& context, const Actor& actor) {
  require_admin(actor, "verify the ledger");
  return context.ledger.verify();
}

domain::StatusView show_status(const Context& context, const Actor& actor) {
  const DaemonFacts& facts = context.facts;
  domain::StatusView view;
  view.version = facts.version;
  view.pid = facts.pid;
  view.started_at = facts.started_at;
  view.inference_url = facts.inference_url;
  view.console_url = facts.console_url;
  view.socket = facts.socket;
  view.data_dir = facts.data_dir;
  view.durability = facts.durability;
  view.timezone = facts.timezone;
  view.schema_version = context.store.schema_version();
  view.ledger_problem = context.ledger.problem();
  view.ledger_writable = view.ledger_problem.empty();
  view.draining = context.data_plane.is_draining();
  view.spend = account_view(context, account_of(context, actor)).standing;
  // What others have running is not a member's business.
  const domain::WindowState& own = view.spend.usd;
  const ledger::HeldTotals held =
      actor.is_admin() ? context.ledger.held()
                       : ledger::HeldTotals{own.in_flight, domain::Money::nanos(own.held)};
  view.calls_in_flight = held.calls;
  view.held = held.money;
  view.upstreams = list_upstreams(context, actor);
  const auto whose = actor.is_admin() ? std::nullopt : std::optional(actor.account);
  view.live_keys = context.store.keys().count_live(whose, context.clock.now());
  view.catalogue_date = domain::Catalogue::built_in().date();
  return view;
}

}  // namespace nufi::service
