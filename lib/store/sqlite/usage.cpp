#include "lib/store/sqlite/usage.hpp"

#include "lib/store/sqlite/forgiven.hpp"
#include "lib/store/sqlite/rollups.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace nufi::store::sqlite {
namespace {

constexpr std::string_view kBucket = "bucket";

/// Each value has its own parameter, whatever else a statement asks for.
enum Parameter { kFrom = 1, kTo, kSpan, kAccount, kProject, kKey, kSubject };

std::string_view column_of(GroupBy by) {
  switch (by) {
    case GroupBy::model:
      return "model";
    case GroupBy::key:
      return "key_id";
    case GroupBy::project:
      return "project_id";
    case GroupBy::group:
      return "group_name";
    case GroupBy::upstream:
      return "upstream";
    case GroupBy::account:
      return "account_id";
  }
  return "model";
}

bool is_everyone(const UsageFilter& filter) {
  return !filter.account && !filter.project && !filter.key;
}

std::string sums_by(std::string_view column, std::string_view table) {
  return "SELECT " + std::string(column) + ", " + summed_columns() + " FROM " + std::string(table) +
         " WHERE bucket >= ?1 AND bucket < ?2";
}

/// Everything of the filter by `column`, from the rollups or, for hours and days of an account or a
/// key, from the details.
std::string filtered(const UsageFilter& filter,
                     const Piece& piece,
                     std::string_view column,
                     Whose whose) {
  const std::string of_key =
      whose == Whose::family ? "key_id IN (" + family("?6") + ")" : std::string("key_id = ?6");
  const bool in_details = (filter.account || filter.key) && piece.span != kQuarter;
  std::string sql = sums_by(column, in_details ? kDetails.name : "rollups");
  if (in_details) sql += " AND span = ?3";
  if (filter.account) sql += " AND account_id = ?4";
  if (in_details && !filter.account) {
    sql += " AND account_id IN (SELECT DISTINCT account_id FROM rollups WHERE " + of_key + ")";
  }
  if (filter.project) sql += " AND project_id = ?5";
  if (filter.key) sql += " AND " + of_key;
  return sql + " GROUP BY 1";
}

/// The scope of which `filter` asks one subject or everyone; "" if it asks for more at once.
std::string_view scope_of(const UsageFilter& filter) {
  const int asked = (filter.account ? 1 : 0) + (filter.project ? 1 : 0) + (filter.key ? 1 : 0);
  if (asked > 1) return "";
  if (filter.account) return domain::scope_name(domain::Scope::account);
  if (filter.project) return domain::scope_name(domain::Scope::project);
  if (filter.key) return domain::scope_name(domain::Scope::key);
  return kEveryone;
}

std::string subject_of(const UsageFilter& filter) {
  if (filter.account) return filter.account->text();
  if (filter.project) return filter.project->text();
  if (filter.key) return filter.key->text();
  return "";
}

std::string over_time(const UsageFilter& filter, const Piece& piece, Whose whose) {
  const auto scope = scope_of(filter);
  const bool has_total = !scope.empty() && (!filter.key || piece.span != kQuarter);
  if (!has_total) return filtered(filter, piece, kBucket, whose);
  const std::string in_span = " AND span = ?3 AND scope = '" + std::string(scope) + "'";
  if (filter.key && whose == Whose::family) {
    // From each of them to its totals, however many keys there are beside.
    return "WITH family(one) AS (" + family("?7") + ") SELECT bucket, " + summed_columns() +
           " FROM family CROSS JOIN usage_totals WHERE subject = one" + in_span +
           " AND bucket >= ?1 AND bucket < ?2 GROUP BY 1";
  }
  return sums_by(kBucket, kTotals.name) + in_span + " AND subject = ?7 GROUP BY 1";
}

/// The totals of each subject of a scope: a step to the next subject, and within it to the span.
std::string totals_of_each(std::string_view scope) {
  const std::string is_scope = " scope = '" + std::string(scope) + "'";
  const std::string next = "SELECT min(subject) FROM usage_totals WHERE" + is_scope;
  return "WITH RECURSIVE every(one) AS (" + next + " UNION ALL SELECT (" + next +
         " AND subject > every.one) FROM every WHERE one IS NOT NULL) "
         "SELECT one, " +
         summed_columns() + " FROM every CROSS JOIN usage_totals WHERE" + is_scope +
         " AND subject = one AND span = ?3 AND bucket >= ?1 AND bucket < ?2 GROUP BY one";
}

std::string by_name(const UsageFilter& filter, GroupBy by, const Piece& piece) {
  if (!is_everyone(filter)) return filtered(filter, piece, column_of(by), Whose::family);
  switch (by) {
    case GroupBy::account:
      return totals_of_each(domain::scope_name(domain::Scope::account));
    case GroupBy::project:
      return totals_of_each(domain::scope_name(domain::Scope::project));
    case GroupBy::key:
      if (piece.span == kQuarter) break;
      // By time, not key after key: most keys live shorter than a report is long.
      return sums_by("subject", "usage_totals INDEXED BY usage_top_keys") +
             " AND span = ?3 AND scope = 'key' GROUP BY 1";
    case GroupBy::model:
    case GroupBy::group:
    case GroupBy::upstream:
      if (piece.span == kQuarter) break;
      return sums_by(column_of(by), kKinds.name) + " AND span = ?3 GROUP BY 1";
  }
  return filtered(filter, piece, column_of(by), Whose::family);
}

void bind(Query& query, const std::string& sql, const UsageFilter& filter, const Piece& piece) {
  const auto asks = [&](std::string_view parameter) {
    return sql.find(parameter) != std::string::npos;
  };
  query.at(kFrom).add(piece.from);
  query.at(kTo).add(piece.to);
  if (asks("?3")) query.at(kSpan).add(std::int64_t{piece.span.count()});
  if (asks("?4")) query.at(kAccount).add(*filter.account);
  if (asks("?5")) query.at(kProject).add(*filter.project);
  if (asks("?6")) query.at(kKey).add(*filter.key);
  if (asks("?7")) query.at(kSubject).add(subject_of(filter));
}

}  // namespace

void add_named(Connection& connection,
               const UsageFilter& filter,
               GroupBy by,
               const Piece& piece,
               SumsByName& result) {
  const auto sql = by_name(filter, by, piece);
  Query row(connection.prepared(sql));
  bind(row, sql, filter, piece);
  while (row.step()) {
    auto name = row.text();
    result[std::move(name)] += read_sums(row);
  }
}

std::vector<RollupSums> usage_over_time(Connection& connection,
                                        const UsageQuestion& question,
                                        Whose whose) {
  const auto& starts = question.starts;
  std::vector<RollupSums> intervals(starts.size());
  for (const Piece& piece : pieces_of(starts, question.filter.to)) {
    const auto sql = over_time(question.filter, piece, whose);
    Query row(connection.prepared(sql));
    bind(row, sql, question.filter, piece);
    while (row.step()) {
      const auto behind = std::upper_bound(starts.begin(), starts.end(), row.time());
      intervals[static_cast<std::size_t>(behind - starts.begin() - 1)] += read_sums(row);
    }
  }
  return intervals;
}

std::vector<NamedSums> usage_by(Connection& connection, const UsageQuestion& question) {
  const auto& filter = question.filter;
  if (is_everyone(filter) && question.by == GroupBy::key && question.most > 0) {
    if (auto top = top_keys(connection, question)) return *std::move(top);
  }
  SumsByName all;
  for (const Piece& piece : pieces_of({filter.from}, filter.to)) {
    add_named(connection, filter, *question.by, piece, all);
  }
  return dearest(std::move(all), question.most);
}

std::vector<NamedSums> dearest(SumsByName all, std::int64_t most) {
  std::vector<NamedSums> result;
  result.reserve(all.size());
  while (!all.empty()) {
    auto node = all.extract(all.begin());
    result.push_back({std::move(node.key()), node.mapped()});
  }
  const auto is_before = [](const NamedSums& a, const NamedSums& b) {
    return std::tie(b.sums.cost, b.sums.requests, a.name) <
           std::tie(a.sums.cost, a.sums.requests, b.name);
  };
  if (most > 0 && static_cast<std::size_t>(most) < result.size()) {
    const auto end = result.begin() + static_cast<std::ptrdiff_t>(most);
    std::partial_sort(result.begin(), end, result.end(), is_before);
    result.erase(end, result.end());
  } else {
    std::sort(result.begin(), result.end(), is_before);
  }
  return result;
}

}  // namespace nufi::store::sqlite
