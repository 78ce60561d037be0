#include "lib/store/sqlite/values.hpp"

#include "lib/base/error.hpp"

namespace nufi::store::sqlite {

void add_limits(Query& query, const domain::SpendLimits& limits) {
  query.add(limits.budget)
      .add(domain::period_name(limits.budget_period))
      .add(limits.token_limit)
      .add(domain::period_name(limits.token_period));
}

domain::SpendLimits read_limits(Query& query) {
  domain::SpendLimits limits;
  limits.budget = query.maybe_money();
  limits.budget_period = read_period(query);
  limits.token_limit = query.maybe_integer();
  limits.token_period = read_period(query);
  return limits;
}

void refuse_word(std::string_view what, std::string_view word) {
  throw Error(
      Errc::unavailable,
      "the database holds the unknown " + std::string(what) + " '" + std::string(word) + "'",
      "restore a backup; nobody but nufid may write this file");
}

domain::Period read_period(Query& query) {
  const auto word = query.text();
  return known(domain::period_from_name(word), "period", word);
}

}  // namespace nufi::store::sqlite
