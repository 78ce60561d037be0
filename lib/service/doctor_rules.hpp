#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/private_files.hpp"
#include "lib/domain/disk.hpp"
#include "lib/domain/health.hpp"
#include "lib/store/store.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// When what nufid sees of itself is well, worrying or broken. Pure values in, one check out.
namespace nufi::service {

/// More than that of the journal that is not in the database yet.
inline constexpr std::uint64_t kLongJournal = std::uint64_t{256} << 20;
/// A clock may be that far off before somebody should know.
inline constexpr std::chrono::seconds kMostSkew{60};
/// Prices change; a list of that age misses models and has others wrong.
inline constexpr std::chrono::days kOldPrices{90};

domain::HealthCheck judge_files(const std::vector<ExposedFile>& exposed,
                                const std::string& directory);
domain::HealthCheck judge_journal(const std::string& problem,
                                  std::uint64_t bytes,
                                  std::size_t segments);
domain::HealthCheck judge_database(const store::Integrity& integrity);
/// `problem`: why the last could not be written, or ""; `bytes`: what they take.
domain::HealthCheck judge_traces(const store::Integrity& integrity,
                                 const std::string& problem,
                                 std::uint64_t bytes);
/// `newest`: when the newest call was admitted.
domain::HealthCheck judge_clock(Timestamp now, std::optional<Timestamp> newest);
/// How the clock of `upstream` differs from ours; std::nullopt if it does not, as far as can be
/// seen.
std::optional<domain::HealthCheck> judge_skew(const std::string& upstream,
                                              Timestamp ours,
                                              Timestamp theirs);
/// `date`: YYYY-MM-DD of the newest prices.
domain::HealthCheck judge_price_age(const std::string& date, Timestamp now);
/// `unpriced`: names of models that can be called and have no price; `open`: upstreams that serve
/// models whose names are not known, and so no prices.
domain::HealthCheck judge_unpriced(const std::vector<std::string>& unpriced,
                                   const std::vector<std::string>& open,
                                   bool is_budget_set);
/// `due`: names of keys with an old secret.
domain::HealthCheck judge_rotation(const std::vector<std::string>& due, std::size_t live);
/// `unlimited`: names of keys that no budget and no token limit bounds.
domain::HealthCheck judge_unlimited(const std::vector<std::string>& unlimited, std::size_t live);
/// `roots`: certificates of authorities that were found; `unreadable`: CA files that can't be read.
domain::HealthCheck judge_trust(std::size_t roots, const std::vector<std::string>& unreadable);

/// The instant of an HTTP Date field ("Sun, 06 Nov 1994 08:49:37 GMT"); std::nullopt for others.
std::optional<Timestamp> parse_http_date(const std::string& text);

}  // namespace nufi::service
