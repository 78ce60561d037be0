#pragma once

#include "cli/context.hpp"
#include "lib/base/text.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace nufi::test {

/// 2026-08-15T12:00:00Z, for ever.
class StillClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return *parse_rfc3339("2026-08-15T12:00:00Z"); }
  [[nodiscard]] SteadyTime steady() const override { return {}; }
};

/// What a command printed and how it ended.
struct Run {
  int code = 0;
  std::string out;
  std::string err;
};

/// A place to run commands of nufi in, with a daemon that answers from a table.
class Console {
 public:
  /// The daemon answers `request` ("GET /v1/status") with `body`; asked again, with the next one
  /// told, and with the last one from then on.
  void answers(const std::string& request, const std::string& body, int status = 200);
  /// Nobody answers on the socket.
  bool is_down = false;
  /// What the person types, or what comes in the pipe.
  std::string input;
  std::string typed_secret;
  std::vector<std::string> environment;  ///< "NAME=value", of programs that nufi runs
  bool is_terminal = false;              ///< standard output
  bool can_ask = false;                  ///< standard input and error
  int width = 80;
  bool unicode = true;
  bool colour = false;
  std::string around;     ///< NUFI_RUN: the key of the run that this is in, or ""
  std::string time_zone;  ///< of the person; "" = not known
  int pauses = 0;         ///< how often a follower may wait before it stops

  Run run(const std::vector<std::string>& arguments);
  /// As run(), of a part of a command; its result is the exit code.
  Run act(const std::function<int(cli::Context&)>& part);
  /// As run(), on a terminal without colour.
  Run on_terminal(const std::vector<std::string>& arguments, int columns = 80);

  /// What the daemon was asked: "PATCH /v1/profile {…}".
  std::vector<std::string> asked;

 private:
  std::map<std::string, std::vector<api::Reply>> table_;
};

/// A key as the daemon sends it; `fields` replaces or adds some of its JSON.
std::string key_json(const std::string& fields = "{}");
std::string status_json(const std::string& fields = "{}");
/// Prices as the daemon sends them: of the catalogue, imported for pictures, set to nothing.
inline constexpr const char* kPrice =
    R"({"id":"openai/gpt-4o@2026-08-01","provider":"openai","model":"gpt-4o","mode":"chat",)"
    R"("date":"2026-08-01","free":false,"rates":{"input":2.5,"cached_input":1.25,"output":10},)"
    R"("tiers":[],"service":{},"per_request_usd":0,"context_window":128000,"max_output":16384,)"
    R"("deprecates":null,"own":false})";
inline constexpr const char* kPainter =
    R"({"id":"import/painter","model":"painter","per_image_usd":0.04,"imported":true})";
inline constexpr const char* kFree =
    R"({"id":"set/local@2026-08-02","provider":null,"model":"local","free":true,"own":true})";
std::string upstream_json(const std::string& fields = "{}");
std::string account_json(const std::string& fields = "{}");
/// The account with its last seven days.
std::string profile_json();
/// A report of `days` days to 2026-08-15 of which each third cost something.
std::string usage_json(int days);
std::string request_json(const std::string& fields = "{}");
/// {"data":[…],"next":null}.
std::string list_json(const std::vector<std::string>& items);

}  // namespace nufi::test
