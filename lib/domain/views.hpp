#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/secret.hpp"
#include "lib/domain/account.hpp"
#include "lib/domain/key.hpp"
#include "lib/domain/ledger_row.hpp"
#include "lib/domain/price.hpp"
#include "lib/domain/upstream.hpp"
#include "lib/domain/verdict.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the control plane shows: facts from store and ledger put together for a reader. The JSON of
/// each is in lib/api/shapes.
namespace nufi::domain {

/// A budget and token limit with what is used of them now.
struct Standing {
  SpendLimits limits;
  WindowState usd;     ///< of limits.budget_period
  WindowState tokens;  ///< of limits.token_period
};

/// PRODUCT §4's key.
struct KeyView {
  Key key;
  KeyState state = KeyState::active;
  std::string account;  ///< username
  std::string project;  ///< name
  std::string group;    ///< name
  Standing standing;
  std::optional<Secret> secret;  ///< the key itself: create and rotate only
};

/// Would a call be admitted now (`nufi check`)?
struct CheckView {
  bool allowed = false;
  std::string reason;   ///< of the limit ("budget"), else the error's code; "" = allowed
  std::string message;  ///< what the call would be told; "" = allowed
  std::optional<WindowRefusal> refusal;     ///< the window that has no room
  std::string rate_owner;                   ///< "key" or "group", if it is a rate that has none
  std::optional<Timestamp> rate_resets_at;  ///< when the call fits that rate; none = never
  Money ask_usd;                            ///< what the call would hold
  std::int64_t ask_tokens = 0;
  /// What the model takes at most, if the prompt is longer: no more is held for it, and its
  /// provider refuses it.
  std::optional<std::int64_t> context_window;
};

struct ProjectView {
  Project project;
  std::string account;  ///< username
  Standing standing;
  std::int64_t live_keys = 0;
};

struct GroupView {
  Group group;
  std::int64_t live_keys = 0;
};

struct AccountView {
  Account account;
  Role role = Role::member;
  Standing standing;
};

/// `secret` is described, never shown: "env OPENAI_API_KEY", "file /run/…", "stored", "none".
struct UpstreamView {
  Upstream upstream;
  std::string secret;
  std::string health;          ///< "ok", "unknown", "busy: <why>", "failing: <why>"
  std::string secret_problem;  ///< why its secret can't be read now, or ""
};

/// How a step of `upstreams test` went.
enum class ProbeResult {
  ok,
  warning,  ///< calls work all the same, and lose something: `detail` says what
  failed,   ///< calls will fail
  skipped,  ///< it was not tried: `detail` says why
};

/// One step of `upstreams test`.
struct ProbeStep {
  std::string name;  ///< "secret", "models", "chat", "embeddings", "stream", "usage", "price"
  ProbeResult result = ProbeResult::skipped;
  std::string detail;  ///< what was seen, or what failed
  std::string hint;    ///< what to do about it, or ""
  std::int64_t ms = 0;
  std::optional<std::int64_t> first_byte_ms;  ///< of a stream's body
};

/// A model server on this machine that `upstreams discover` found.
struct LocalServer {
  std::string
      preset;  ///< which it is: "ollama", …; "" = it speaks OpenAI's form, and is none of them
  std::string url;  ///< its base URL, "http://127.0.0.1:11434/v1"
  std::vector<std::string> models;
  bool needs_key = false;  ///< it tells its models to nobody without a secret
  std::string upstream;    ///< the upstream that goes there, or ""
  bool added = false;      ///< by this very discovery
};

struct ModelView {
  std::string name;
  std::vector<std::string> upstreams;
  std::optional<Price> price;
};

struct PriceView {
  Price price;
  bool own = false;                        ///< set by the operator
  bool imported = false;                   ///< from a price list
  std::vector<std::string> warnings = {};  ///< what looks like a mistake in one that was just set
};

struct UsageTotals {
  std::int64_t requests = 0;
  std::int64_t errors = 0;
  std::int64_t refused = 0;
  Money cost;
  Usage tokens;
};
struct DayTotals {
  std::string date;  ///< YYYY-MM-DD in the report's zone
  UsageTotals totals;
};
struct NamedTotals {
  std::string name;  ///< shown name (key name, project name, model, …)
  std::string id;    ///< for key, project, account; else ""
  UsageTotals totals;
};
struct UsageReport {
  Timestamp from;
  Timestamp to;
  std::string timezone;
  UsageTotals totals;
  std::vector<DayTotals> days;  ///< every day of the range, also those without calls
  std::string by_what;          ///< "model", "key", …
  std::vector<NamedTotals> by;
};

/// A row with the names people know instead of ids.
struct RequestView {
  LedgerRow row;
  std::string account;  ///< username
  std::string project;  ///< name
};

struct ProfileView {
  AccountView account;
  UsageReport week;  ///< 7 days, by key
};

struct StatusView {
  std::string version;
  std::int64_t pid = 0;
  Timestamp started_at;
  std::string inference_url;
  std::string console_url;  ///< "" = off
  std::string socket;
  std::string data_dir;
  std::string durability;  ///< "process", "power"
  std::string timezone;
  int schema_version = 0;
  bool ledger_writable = true;
  std::string ledger_problem;
  bool draining = false;  ///< it takes no more calls, lets those in flight end, and stops
  std::int64_t calls_in_flight = 0;
  Money held;
  Standing spend;  ///< of the asking account
  std::vector<UpstreamView> upstreams;
  std::int64_t live_keys = 0;
  std::string catalogue_date;
};

}  // namespace nufi::domain
