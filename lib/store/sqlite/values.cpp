#include "lib/store/sqlite/values.hpp"

#include "lib/base/error.hpp"

#include <algorithm>

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

Sha256 read_digest(const std::string& bytes, std::string_view id) {
  Sha256 digest{};
  if (bytes.size() != digest.size()) refuse_word("digest of", id);
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

std::string_view bytes_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace nufi::store::sqlite
