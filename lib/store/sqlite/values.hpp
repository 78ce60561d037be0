#pragma once

#include "lib/base/secret.hpp"
#include "lib/domain/budget.hpp"
#include "lib/domain/cycle.hpp"
#include "lib/store/sqlite/query.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Values that several tables hold.
namespace nufi::store::sqlite {

/// The columns budget, budget_period, token_limit, token_period.
void add_limits(Query& query, const domain::SpendLimits& limits);
domain::SpendLimits read_limits(Query& query);

/// Throws Error{unavailable}: the database holds the word `word` where a `what` should be.
[[noreturn]] void refuse_word(std::string_view what, std::string_view word);

/// The value behind a word of the database, e.g. known(period_from_name(word), "period", word).
template <class T>
T known(std::optional<T> value, std::string_view what, std::string_view word) {
  if (!value) refuse_word(what, word);
  return *value;
}

domain::Period read_period(Query& query);

/// The column `digest` of what has the id `id`. Throws Error{unavailable} if it is none.
Sha256 read_digest(const std::string& bytes, std::string_view id);
std::string_view bytes_of(const Sha256& digest);

}  // namespace nufi::store::sqlite
