#include "cli/local_time.hpp"

#include "lib/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <system_error>

namespace nufi::cli {

namespace {

constexpr std::string_view kDatabase = "/usr/share/zoneinfo/";

/// Is `name` one of the database's? TZ may hold anything.
bool is_zone(std::string_view name) {
  const bool is_plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '_' || c == '+' || c == '-';
  });
  if (name.empty() || !is_plain) return false;
  std::error_code ignored;
  return std::filesystem::is_regular_file(std::string(kDatabase) + std::string(name), ignored);
}

/// "Europe/Berlin" of "/usr/share/zoneinfo/Europe/Berlin", also where a folder is before it.
std::string name_in(const std::string& path) {
  const auto at = path.find("zoneinfo/");
  return at == std::string::npos ? path : path.substr(at + std::string_view("zoneinfo/").size());
}

}  // namespace

std::string find_time_zone(const std::string& tz, const std::filesystem::path& localtime) {
  const std::string chosen = name_in(tz.starts_with(':') ? tz.substr(1) : tz);
  if (chosen == "UTC" || is_zone(chosen)) return chosen;
  if (!tz.empty()) return "";
  std::error_code problem;
  const auto target = std::filesystem::read_symlink(localtime, problem);
  if (problem) return "";
  const std::string name = name_in(target.string());
  const bool is_utc = name == "UTC" || name == "Etc/UTC" || name == "Universal";
  return !is_utc && is_zone(name) ? name : "";
}

TimeZone zone_named(const std::string& name) {
  return name.empty() || name == "UTC" ? TimeZone() : TimeZone::named(name);
}

std::string clock_text(Timestamp instant, const TimeZone& zone) {
  const auto local = zone.to_local(instant);
  const auto of_day = std::chrono::floor<std::chrono::seconds>(local) -
                      std::chrono::floor<std::chrono::days>(local);
  const std::chrono::hh_mm_ss time(of_day);
  return fmt::format(
      "{:02}:{:02}:{:02}", time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::optional<Timestamp> read_date(std::string_view text,
                                   const std::string& zone_name,
                                   std::chrono::days later) {
  constexpr std::size_t kDateLength = std::string_view("2026-08-01").size();
  if (text.size() != kDateLength) return std::nullopt;
  const auto midnight = parse_rfc3339(text);
  if (!midnight) return std::nullopt;
  const std::chrono::local_time<std::chrono::milliseconds> local(midnight->time_since_epoch());
  return zone_named(zone_name).to_utc(local + later);
}

}  // namespace nufi::cli
