// The dearest keys of a range, without reading the many that cost little. The range is made of
// parts (an hour, a day, the quarters at its ends), and each part has its keys in the order of
// their cost:
//   1. The first few of each part give sums that are too small, if anything. The last place among
//      them, T, is what the last place costs at least.
//   2. Of n parts, a key that costs T in all must cost T/n in one of them: only the keys that do
//      can have a place.
//   3. Those are summed up.

#include "lib/store/sqlite/rollups.hpp"
#include "lib/store/sqlite/usage.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>

namespace nufi::store::sqlite {
namespace {

constexpr std::string_view kOfPart =
    "SELECT subject, cost FROM usage_totals INDEXED BY usage_top_keys "
    "WHERE scope = 'key' AND span = ?1 AND bucket = ?2 AND cost >= ?3 ORDER BY cost DESC LIMIT ?4";
constexpr std::int64_t kNoLimit = -1;
/// With more than so many it is faster to sum up all keys.
constexpr std::size_t kMostCandidates = 1000;

/// Calls visit(key, cost) for keys of one bucket that cost at least so much, dearest first.
template <class Visit>
void visit_part(Connection& connection,
                std::chrono::minutes span,
                Timestamp bucket,
                std::int64_t least,
                std::int64_t most,
                Visit visit) {
  Query row(connection.prepared(kOfPart));
  row.add(std::int64_t{span.count()}).add(bucket).add(least).add(most);
  while (row.step()) {
    auto key = row.text();
    visit(std::move(key), row.integer());
  }
}

template <class Visit>
void visit_parts(Connection& connection,
                 const std::vector<Piece>& pieces,
                 std::int64_t least,
                 std::int64_t most,
                 Visit visit) {
  for (const Piece& piece : pieces) {
    if (piece.span == kQuarter) continue;
    for (auto bucket = piece.from; bucket < piece.to; bucket += piece.span) {
      visit_part(connection, piece.span, bucket, least, most, visit);
    }
  }
}

/// The least of the `most` largest; 0 if there are fewer.
std::int64_t last_place(const std::unordered_map<std::string, std::int64_t>& costs,
                        std::int64_t most) {
  if (static_cast<std::int64_t>(costs.size()) < most) return 0;
  std::vector<std::int64_t> all;
  all.reserve(costs.size());
  for (const auto& [key, cost] : costs) all.push_back(cost);
  const auto place = all.begin() + static_cast<std::ptrdiff_t>(most - 1);
  std::nth_element(all.begin(), place, all.end(), std::greater<>());
  return *place;
}

}  // namespace

std::optional<std::vector<NamedSums>> top_keys(Connection& connection,
                                               const UsageQuestion& question) {
  const auto& filter = question.filter;
  const auto pieces = pieces_of({filter.from}, filter.to);
  SumsByName in_quarters;
  std::int64_t parts = 1;
  for (const Piece& piece : pieces) {
    if (piece.span == kQuarter) {
      add_named(connection, filter, GroupBy::key, piece, in_quarters);
    } else {
      parts += (piece.to - piece.from) / piece.span;
    }
  }

  std::unordered_map<std::string, std::int64_t> costs;
  for (const auto& [key, sums] : in_quarters) costs[key] = sums.cost.nanos();
  visit_parts(connection, pieces, 0, question.most, [&](std::string key, std::int64_t cost) {
    costs[std::move(key)] += cost;
  });
  const std::int64_t enough = last_place(costs, question.most);
  if (enough == 0) return std::nullopt;  // a place that costs nothing anybody can have
  const std::int64_t share = (enough + parts - 1) / parts;

  std::set<std::string> candidates;
  for (const auto& [key, sums] : in_quarters) {
    if (sums.cost.nanos() >= share) candidates.insert(key);
  }
  visit_parts(connection, pieces, share, kNoLimit, [&](std::string key, std::int64_t) {
    candidates.insert(std::move(key));
  });
  if (candidates.size() > kMostCandidates) return std::nullopt;

  SumsByName all;
  UsageFilter of_key = filter;
  for (const auto& key : candidates) {
    of_key.key = domain::KeyId(key);
    RollupSums sums;
    for (const auto& part :
         usage_over_time(connection, {of_key, {filter.from}, {}, 0}, Whose::own)) {
      sums += part;
    }
    all.emplace(key, sums);
  }
  return dearest(std::move(all), question.most);
}

}  // namespace nufi::store::sqlite
