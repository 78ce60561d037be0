#pragma once

#include "lib/store/reports.hpp"
#include "lib/store/sqlite/connection.hpp"
#include "lib/store/sqlite/summaries.hpp"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

/// Sums over a range: long spans from the summaries, the rest from the rollups. All run within the
/// caller's transaction.
namespace nufi::store::sqlite {

using SumsByName = std::unordered_map<std::string, RollupSums>;

/// Adds the sums of one piece by `by`.
void add_named(Connection& connection,
               const UsageFilter& filter,
               GroupBy by,
               const Piece& piece,
               SumsByName& result);

/// Whose calls a question about one key is about: its children's too, or its own alone.
enum class Whose { family, own };
std::vector<RollupSums> usage_over_time(Connection& connection,
                                        const UsageQuestion& question,
                                        Whose whose = Whose::family);
std::vector<NamedSums> usage_by(Connection& connection, const UsageQuestion& question);

/// The `most` of `all`, dearest first; 0 = all.
std::vector<NamedSums> dearest(SumsByName all, std::int64_t most);

/// The answer of usage_by() for the dearest keys of everyone, without reading all of them;
/// std::nullopt where that takes longer.
std::optional<std::vector<NamedSums>> top_keys(Connection& connection,
                                               const UsageQuestion& question);

}  // namespace nufi::store::sqlite
