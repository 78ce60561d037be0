#include "lib/service/doctor_rules.hpp"

#include "lib/base/shell.hpp"
#include "lib/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace nufi::service {

using domain::bytes_text;
using domain::fault;
using domain::HealthCheck;
using domain::healthy;
using domain::warning;

namespace {

constexpr std::size_t kFewNames = 5;

/// "a, b, c and 4 more".
std::string few(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kFewNames; ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kFewNames) text += fmt::format(" and {} more", names.size() - kFewNames);
  return text;
}

/// "1 key", "3 keys".
std::string counted(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string span_text(std::chrono::milliseconds span) {
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(span));
}

}  // namespace

HealthCheck judge_files(const std::vector<ExposedFile>& exposed, const std::string& directory) {
  if (exposed.empty()) return healthy("storage.files", directory + " is its owner's alone");
  const ExposedFile& first = exposed.front();
  std::string finding = first.path.string() + ": " + first.problem;
  if (exposed.size() > 1) finding += fmt::format(" (and {} more)", exposed.size() - 1);
  return fault("storage.files",
               std::move(finding),
               fmt::format("chmod -R u+rwX,go-rwx {} (and chown -R, if it is another user's)",
                           shell_quoted(directory)));
}

HealthCheck judge_journal(const std::string& problem, std::uint64_t bytes, std::size_t segments) {
  if (!problem.empty()) {
    return fault("storage.journal",
                 "the ledger can't be written: " + problem,
                 "calls are refused until it can: look at the disk and at nufid's log");
  }
  const std::string finding =
      fmt::format("writable, {} in {}", bytes_text(bytes), counted(segments, "segment"));
  if (bytes > kLongJournal) {
    return warning("storage.journal",
                   finding,
                   "the database does not keep up: look whether its disk is slow or full");
  }
  return healthy("storage.journal", finding);
}

HealthCheck judge_database(const store::Integrity& integrity) {
  if (!integrity.faults.empty()) {
    return fault("storage.database",
                 "damaged: " + integrity.faults.front(),
                 "stop nufid and put a backup in place: nufi down, then nufid --restore FILE");
  }
  return healthy(
      "storage.database",
      integrity.is_complete ? "no damage" : "no damage in what could be read in a few seconds");
}

HealthCheck judge_traces(const store::Integrity& integrity,
                         const std::string& problem,
                         std::uint64_t bytes) {
  constexpr const char* kName = "storage.traces";
  if (!integrity.faults.empty()) {
    return fault(kName,
                 "damaged: " + integrity.faults.front(),
                 "calls do not depend on them; begin anew without them: nufi traces delete --all");
  }
  if (!problem.empty()) {
    return warning(kName,
                   "the last could not be kept: " + problem,
                   "see to their disk, or begin anew without them: nufi traces delete --all");
  }
  if (bytes == 0) return healthy(kName, "none are kept");
  return healthy(
      kName,
      fmt::format(
          "{}, {}",
          bytes_text(bytes),
          integrity.is_complete ? "no damage" : "no damage in what could be read in a second"));
}

HealthCheck judge_clock(Timestamp now, std::optional<Timestamp> newest) {
  if (newest && now < *newest - std::chrono::seconds(1)) {
    return fault("machine.clock",
                 fmt::format("{} behind the newest call in the ledger ({})",
                             span_text(*newest - now),
                             format_rfc3339(*newest)),
                 "set the clock (timedatectl set-ntp true): budgets reset by it");
  }
  return healthy("machine.clock", format_rfc3339(now));
}

std::optional<HealthCheck> judge_skew(const std::string& upstream,
                                      Timestamp ours,
                                      Timestamp theirs) {
  const auto skew = ours - theirs;
  if (skew >= -kMostSkew && skew <= kMostSkew) return std::nullopt;
  const bool is_ahead = skew.count() > 0;
  return warning("machine.clock",
                 fmt::format("{} {} upstream '{}'",
                             span_text(is_ahead ? skew : -skew),
                             is_ahead ? "ahead of" : "behind",
                             upstream),
                 "set the clock: timedatectl set-ntp true");
}

HealthCheck judge_price_age(const std::string& date, Timestamp now) {
  const auto then = parse_rfc3339(date);
  if (!then) return healthy("prices.age", "the list has no date");
  const auto days = std::chrono::floor<std::chrono::days>(now - *then).count();
  std::string finding = fmt::format("the newest prices are of {}", date);
  if (now - *then <= kOldPrices) return healthy("prices.age", std::move(finding));
  return warning("prices.age",
                 fmt::format("{}, {} days old", finding, days),
                 "nufi prices import FILE, with LiteLLM's model_prices_and_context_window.json");
}

HealthCheck judge_unpriced(const std::vector<std::string>& unpriced,
                           const std::vector<std::string>& open,
                           bool is_budget_set) {
  constexpr const char* kName = "prices.models";
  if (unpriced.empty() && open.empty()) return healthy(kName, "every model by name has one");
  std::string finding;
  std::string remedy;
  if (!open.empty()) {
    finding = few(open) + " may serve models that no price list names";
    remedy = fmt::format(
        "nufi prices set MODEL --input USD --output USD, or if its calls cost nothing: nufi "
        "upstreams edit {} --free",
        shell_quoted(open.front()));
  }
  if (!unpriced.empty()) {
    finding = fmt::format("{} without a price: {}{}{}",
                          counted(unpriced.size(), "model"),
                          few(unpriced),
                          finding.empty() ? "" : "; ",
                          finding);
    remedy = fmt::format("nufi prices set {} --input USD --output USD, or --free",
                         shell_quoted(unpriced.front()));
  }
  if (!is_budget_set) return healthy(kName, finding + " (no budget needs one)");
  return warning(
      kName, finding + "; calls of models without a price are refused under a budget", remedy);
}

HealthCheck judge_rotation(const std::vector<std::string>& due, std::size_t live) {
  if (due.empty()) {
    return healthy("keys.rotation",
                   live == 0 ? "no live key"
                             : fmt::format("none of {} is older than {} days",
                                           counted(live, "live key"),
                                           domain::kRotateAfter.count()));
  }
  return warning("keys.rotation",
                 fmt::format("{} older than {} days: {}",
                             counted(due.size(), "key"),
                             domain::kRotateAfter.count(),
                             few(due)),
                 fmt::format("nufi keys rotate {} --overlap 24h", shell_quoted(due.front())));
}

HealthCheck judge_unlimited(const std::vector<std::string>& unlimited, std::size_t live) {
  if (unlimited.empty()) {
    return healthy("keys.budget",
                   live == 0 ? "no live key" : "every live key has a limit above it");
  }
  return warning(
      "keys.budget",
      fmt::format("{} without any budget: {}", counted(unlimited.size(), "key"), few(unlimited)),
      fmt::format("nufi keys edit {} --budget 20", shell_quoted(unlimited.front())));
}

HealthCheck judge_trust(std::size_t roots, const std::vector<std::string>& unreadable) {
  if (!unreadable.empty()) {
    return fault("machine.tls",
                 "can't read the CA file " + few(unreadable),
                 "put it back where it was, readable for nufid; or name another with --ca-file");
  }
  if (roots == 0) {
    return warning("machine.tls",
                   "no certificate authorities found on this machine",
                   "install them (package ca-certificates), or name a file: nufid --ca-file FILE");
  }
  return healthy("machine.tls", counted(roots, "trusted root"));
}

std::optional<Timestamp> parse_http_date(const std::string& text) {
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto words = split(text, ' ');
  if (words.size() != 6 || words[5] != "GMT") return std::nullopt;
  const auto month = std::find(kMonths.begin(), kMonths.end(), words[2]);
  if (month == kMonths.end()) return std::nullopt;
  return parse_rfc3339(
      fmt::format("{}-{:02}-{}T{}Z", words[3], month - kMonths.begin() + 1, words[1], words[4]));
}

}  // namespace nufi::service
