// Weighted order without replacement (Efraimidis and Spirakis): each candidate draws an even u in
// (0, 1) and stands in the order of -ln(u) / weight. The first place then goes to each in
// proportion to its weight, the second likewise among the rest.
#include "lib/domain/route.hpp"

#include "lib/domain/offer.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace nufi::domain {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool may_use(const Group& group, const Upstream& upstream) {
  return (group.upstreams.empty() || contains(group.upstreams, upstream.name)) &&
         (upstream.groups.empty() || contains(upstream.groups, group.name));
}

/// How sure it is that an upstream has a model; the surest first (see candidates()).
enum class Fit { named, listed, unknown, unlisted };

Fit fit_of(const Upstream& upstream, const Catalogue& listed, std::string_view model) {
  if (is_named(upstream, model)) return Fit::named;
  if (!listed.knows_provider(upstream.provider)) return Fit::unknown;
  return listed.knows_maker(upstream.provider, model) ? Fit::listed : Fit::unlisted;
}

/// splitmix64: spreads every bit of `value` over all bits of the result.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

/// FNV-1a. The draw hangs on the name, so it does not change with the order of the list.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xCBF29CE484222325U;
  for (const char c : text) value = (value ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
  return value;
}

double draw(const Upstream& upstream, std::uint64_t random) {
  constexpr double kSteps = 9007199254740992.0;  // 2^53
  const std::uint64_t bits = mix(mix(random) ^ hash(upstream.name)) >> 11U;
  const double even = (static_cast<double>(bits) + 0.5) / kSteps;
  return -std::log(even) / static_cast<double>(std::max<std::int64_t>(upstream.weight, 1));
}

}  // namespace

std::vector<Candidate> candidates(const std::vector<std::shared_ptr<const Upstream>>& upstreams,
                                  const Catalogue& listed,
                                  const Group& group,
                                  std::string_view model,
                                  std::uint64_t random) {
  struct Drawn {
    std::int64_t priority;
    Fit fit;
    double place;
    Candidate candidate;
  };
  std::vector<Drawn> drawn;
  for (const auto& upstream : upstreams) {
    if (!may_use(group, *upstream)) continue;
    if (auto served = upstream->serves(model)) {
      drawn.push_back({upstream->priority,
                       fit_of(*upstream, listed, model),
                       draw(*upstream, random),
                       {upstream, std::move(*served)}});
    }
  }
  std::sort(drawn.begin(), drawn.end(), [](const Drawn& a, const Drawn& b) {
    return std::tie(b.priority, a.fit, a.place, a.candidate.upstream->name) <
           std::tie(a.priority, b.fit, b.place, b.candidate.upstream->name);
  });
  std::vector<Candidate> ordered;
  ordered.reserve(drawn.size());
  for (Drawn& entry : drawn) ordered.push_back(std::move(entry.candidate));
  return ordered;
}

bool may_try_next(AttemptResult result, int http_status) {
  switch (result) {
    case AttemptResult::connect_failed:
    case AttemptResult::closed_unused:
    case AttemptResult::no_turn:
      return true;
    case AttemptResult::answered:
      return http_status == 408 || http_status == 429 || (http_status >= 500 && http_status <= 599);
    case AttemptResult::timed_out:
    case AttemptResult::broken:
      break;
  }
  return false;
}

bool has_reached_upstream(AttemptResult result) {
  switch (result) {
    case AttemptResult::connect_failed:
    case AttemptResult::closed_unused:
    case AttemptResult::no_turn:
      return false;
    case AttemptResult::answered:
    case AttemptResult::timed_out:
    case AttemptResult::broken:
      break;
  }
  return true;
}

}  // namespace nufi::domain
