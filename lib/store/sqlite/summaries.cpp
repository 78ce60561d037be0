#include "lib/store/sqlite/summaries.hpp"

#include "lib/store/sqlite/forgiven.hpp"
#include "lib/store/sqlite/rollups.hpp"

namespace nufi::store::sqlite {
namespace {

using std::chrono::minutes;

Timestamp start_of(Timestamp time, minutes span) {
  return time - time.time_since_epoch() % std::chrono::milliseconds(span);
}

template <class Key>
void write(Connection& connection,
           const SummaryTable& table,
           const std::map<Key, RollupSums>& all) {
  // One per type of key, that is per table.
  static const std::string sql = upsert_sums(table.name, table.key_columns);
  if (all.empty()) return;
  Query query(connection.prepared(sql));
  for (const auto& [key, sums] : all) {
    add_key(query, key);
    add_sums(query, sums);
    query.run_again();
  }
}

void append(std::vector<Piece>& pieces, const Piece& piece) {
  if (!pieces.empty() && pieces.back().span == piece.span && pieces.back().to == piece.from) {
    pieces.back().to = piece.to;
  } else {
    pieces.push_back(piece);
  }
}

/// Appends [from, to) in buckets of at most `kSpans[longest]`.
void split(std::vector<Piece>& pieces, std::size_t longest, Timestamp from, Timestamp to) {
  if (from >= to) return;
  const minutes span = kSpans[longest];
  if (longest == 0) return append(pieces, {span, from, to});
  const Timestamp first = start_of(from, span) == from ? from : start_of(from, span) + span;
  const Timestamp last = start_of(to, span);
  if (first >= last) return split(pieces, longest - 1, from, to);
  split(pieces, longest - 1, from, first);
  append(pieces, {span, first, last});
  split(pieces, longest - 1, last, to);
}

}  // namespace

Summaries summarize(const std::map<RollupKey, RollupSums>& rollups) {
  Summaries result;
  for (const auto& [key, sums] : rollups) {
    for (const minutes span : kSpans) {
      const Timestamp bucket = start_of(key.bucket, span);
      const std::int64_t length = span.count();
      const auto total = [&result, &added = sums, length, bucket](std::string_view scope,
                                                                  const std::string& subject) {
        result.totals[{std::string(scope), subject, length, bucket}] += added;
      };
      total(kEveryone, "");
      total(domain::scope_name(domain::Scope::account), key.account.text());
      total(domain::scope_name(domain::Scope::project), key.project.text());
      if (span == kQuarter) continue;
      total(domain::scope_name(domain::Scope::key), key.key.text());
      result.kinds[{length, bucket, key.group, key.model, key.upstream}] += sums;
      result.details[{key.account.text(),
                      length,
                      bucket,
                      key.project.text(),
                      key.key.text(),
                      key.group,
                      key.model,
                      key.upstream}] += sums;
    }
  }
  return result;
}

void add_key(Query& query, const TotalKey& key) {
  query.add(key.scope).add(key.subject).add(key.span).add(key.bucket);
}

void add_key(Query& query, const KindKey& key) {
  query.add(key.span).add(key.bucket).add(key.group).add(key.model).add(key.upstream);
}

void add_key(Query& query, const DetailKey& key) {
  query.add(key.account)
      .add(key.span)
      .add(key.bucket)
      .add(key.project)
      .add(key.key)
      .add(key.group)
      .add(key.model)
      .add(key.upstream);
}

void write_summaries(Connection& connection, const std::map<RollupKey, RollupSums>& rollups) {
  const Summaries summaries = summarize(rollups);
  write(connection, kTotals, summaries.totals);
  write(connection, kKinds, summaries.kinds);
  write(connection, kDetails, summaries.details);
}

std::vector<Piece> pieces_of(const std::vector<Timestamp>& starts, Timestamp end) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    split(pieces, kSpans.size() - 1, starts[i], i + 1 < starts.size() ? starts[i + 1] : end);
  }
  return pieces;
}

std::int64_t used_between(Connection& connection,
                          domain::Scope scope,
                          const std::string& subject,
                          const std::string& amount,
                          Timestamp from,
                          Timestamp to) {
  const std::string sum = "SELECT sum(" + amount + ") FROM ";
  const std::string whose =
      scope == domain::Scope::key ? " IN (" + family("?1") + ")" : std::string(" = ?1");
  std::int64_t used = 0;
  for (const Piece& piece : pieces_of({from}, to)) {
    const bool is_in_rollups = scope == domain::Scope::key && piece.span == kQuarter;
    Query row(connection.prepared(
        sum + (is_in_rollups ? "rollups WHERE key_id" : "usage_totals WHERE subject") + whose +
        " AND bucket >= ?2 AND bucket < ?3" +
        (is_in_rollups ? "" : " AND scope = ?4 AND span = ?5")));
    row.add(subject).add(piece.from).add(piece.to);
    if (!is_in_rollups) row.add(domain::scope_name(scope)).add(std::int64_t{piece.span.count()});
    row.step();
    used += row.maybe_integer().value_or(0);
  }
  return used;
}

}  // namespace nufi::store::sqlite
