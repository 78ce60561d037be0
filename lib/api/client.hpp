#pragma once

#include "lib/api/shapes.hpp"
#include "lib/api/transport.hpp"
#include "lib/base/secret.hpp"
#include "lib/domain/terms.hpp"
#include "lib/domain/views.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::api {

/// Which keys to list.
struct KeyQuery {
  std::string project;    ///< "" = every project
  bool archived = false;  ///< only the archived ones
  bool all = false;       ///< of every account (admin)
};

/// Which part of the usage to report.
struct UsageQuery {
  int days = 30;                  ///< whole days, today included
  std::optional<Timestamp> from;  ///< instead of days
  std::optional<Timestamp> to;    ///< exclusive; with `from` only
  std::string timezone;           ///< whose days; "" = nufid's
  std::string by = "model";       ///< model, key, project, group, upstream, day
  std::string key;                ///< "" = every key
  std::string project;            ///< "" = every project
  int top = 0;                    ///< only the dearest so many; 0 = all
};

/// Which requests to list.
struct RequestQuery {
  int last = 50;
  std::string key;     ///< "" = any
  std::string model;   ///< "" = any
  std::string status;  ///< "" = any
  std::optional<Timestamp> since;
  std::string after;  ///< request id: only newer ones, oldest first
};

/// A setting, its values as text.
struct Setting {
  std::string name;
  std::optional<std::string> value;  ///< std::nullopt: the default counts
  std::string fallback;              ///< the default; "" = none
  std::string description;
  std::vector<std::string> words;  ///< all it may be; empty when that can not be listed

  [[nodiscard]] const std::string& effective() const { return value ? *value : fallback; }
};

/// A backup that nufid makes.
struct Backup {
  std::string id;
  std::string state;  ///< copying, ready, failed
  std::int64_t pages_done = 0;
  std::int64_t pages = 0;  ///< 0 = not known yet
  std::int64_t bytes = 0;  ///< of a ready one
  std::string problem;     ///< of a failed one
};

struct VerifyReport {
  bool ok = false;
  std::int64_t rows = 0;
  std::int64_t rollups = 0;
  std::int64_t windows = 0;
  std::vector<std::string> faults;
};

/// The management API as typed calls. Each sends one request (lists: as many as they have pages)
/// and waits for it. Throws Error{unreachable} when nufid does not answer, and otherwise the error
/// that nufid answered with. One thread at a time.
class Client {
 public:
  explicit Client(std::unique_ptr<Transport> transport);

  /// The daemon's version as its last reply told it, or "".
  [[nodiscard]] const std::string& daemon_version() const { return daemon_version_; }
  /// No call from now on waits longer for a sign of life of nufid. Without it one that reads waits
  /// seconds, and one that is known to take long waits minutes.
  void limit_patience(std::chrono::milliseconds most) { most_patience_ = most; }

  domain::StatusView status();
  /// What nufid finds out about itself (see service/doctor); `offline`: without asking providers.
  std::vector<domain::HealthCheck> doctor(bool offline);
  /// Asks nufid to drain and stop; returns as soon as it agreed. The time it may take, if it said.
  std::optional<std::chrono::seconds> shutdown();

  /// `timezone`: whose days its week has; "" = nufid's.
  domain::ProfileView profile(const std::string& timezone = {});
  void edit_profile(const domain::AccountTerms& terms);
  std::vector<domain::AccountView> accounts();
  domain::AccountView account(const std::string& account);
  domain::AccountView edit_account(const std::string& account, const domain::AccountTerms& terms);

  /// `all`: of every account (admin).
  std::vector<domain::ProjectView> projects(bool all);
  domain::ProjectView create_project(const domain::ProjectTerms& terms);
  domain::ProjectView project(const std::string& project);
  domain::ProjectView edit_project(const std::string& project, const domain::ProjectTerms& terms);
  domain::ProjectView delete_project(const std::string& project);

  std::vector<domain::GroupView> groups();
  domain::GroupView create_group(const domain::GroupTerms& terms);
  domain::GroupView group(const std::string& group);
  domain::GroupView edit_group(const std::string& group, const domain::GroupTerms& terms);
  domain::GroupView delete_group(const std::string& group);

  std::vector<domain::TokenView> tokens();
  domain::TokenView create_token(const domain::TokenTerms& terms);
  domain::TokenView token(const std::string& token);
  domain::TokenView revoke_token(const std::string& token);
  /// What opens the web console once.
  domain::ConsoleLink console_link();

  /// The newest entries of the audit log, newest first.
  std::vector<domain::AuditView> audit(int last);

  /// `key` is a name, an id or a unique prefix of an id in all of these.
  std::vector<domain::KeyView> keys(const KeyQuery& query);
  domain::KeyView create_key(const std::string& project, const domain::KeyTerms& terms);
  domain::KeyView key(const std::string& key);
  domain::KeyView edit_key(const std::string& key, const domain::KeyTerms& terms);
  domain::KeyView disable_key(const std::string& key);
  domain::KeyView enable_key(const std::string& key);
  domain::KeyView revoke_key(const std::string& key);
  /// Every live key of the asking account's.
  std::vector<domain::KeyView> revoke_all_keys();
  domain::KeyView rotate_key(const std::string& key, std::chrono::seconds overlap);
  /// The key's lease ends after `lease` from now on.
  domain::KeyView renew_lease(const std::string& key, std::chrono::seconds lease);
  domain::KeyView archive_key(const std::string& key);
  domain::KeyView unarchive_key(const std::string& key);
  domain::KeyView delete_key(const std::string& key);
  /// Would a call with `tokens` of prompt to `model` be admitted now?
  domain::CheckView check_key(const std::string& key,
                              const std::string& model,
                              std::int64_t tokens);

  domain::UsageReport usage(const UsageQuery& query);
  std::vector<domain::RequestView> requests(const RequestQuery& query);

  /// The newest traces, of `key` only unless that is "".
  std::vector<domain::TraceHead> traces(int last, const std::string& key);
  /// `request` is its id or a beginning of it, here and below.
  domain::TraceView trace(const std::string& request);
  /// The same, with what only programs read.
  Json trace_json(const std::string& request);
  domain::TraceSettings trace_settings();
  domain::TraceSettings set_trace_mode(const TraceModeTerms& terms);
  /// The id of what is gone.
  std::string delete_trace(const std::string& request);
  /// How many there were.
  std::optional<std::int64_t> delete_all_traces();

  std::vector<domain::UpstreamView> upstreams();
  domain::UpstreamView add_upstream(const domain::UpstreamTerms& terms);
  domain::UpstreamView upstream(const std::string& name);
  domain::UpstreamView edit_upstream(const std::string& name, const domain::UpstreamTerms& terms);
  void remove_upstream(const std::string& name);
  /// `model` "" lets nufid choose one.
  std::vector<domain::ProbeStep> test_upstream(const std::string& name, const std::string& model);
  /// The model servers on `ports` of this machine (empty: the usual ones); with `add` those become
  /// upstreams that are none yet.
  std::vector<domain::LocalServer> discover_upstreams(const std::vector<std::int64_t>& ports,
                                                      bool add);

  std::vector<domain::ModelView> models();
  /// `model`: a glob or a part of a name, "" = what can be called; with `all` every one there is.
  std::vector<domain::PriceView> prices(const std::string& model);
  domain::PriceView set_price(const std::string& model, const domain::PriceTerms& terms);
  void unset_price(const std::string& model);
  /// `list` is the text of a price list (see price_list.hpp).
  domain::PriceImport import_prices(const std::string& list, bool dry_run);
  /// All of the range, in as many requests as that takes; `seen` is told of all until then after
  /// each of them.
  domain::RepriceReport reprice(domain::RepriceTerms terms,
                                const std::function<void(const domain::RepriceReport&)>& seen = {});

  std::vector<Setting> settings();
  /// std::nullopt puts the default back.
  void set_setting(const std::string& name, const std::optional<std::string>& value);

  VerifyReport verify_ledger();

  /// Asks for a copy of the database, which is then made in the background.
  Backup start_backup();
  Backup backup(const std::string& id);
  /// The next bytes of a ready one from `offset` on, "" at its end.
  std::string backup_content(const std::string& id, std::int64_t offset);
  /// The key file that opens the secrets in it.
  Secret backup_key(const std::string& id);
  void remove_backup(const std::string& id);

 private:
  /// The next call may take minutes.
  void expect_long_call() { expects_long_call_ = true; }
  Reply exchange(const std::string& method, const std::string& target, const std::string& body);
  /// A reply that is no JSON.
  std::string fetch(const std::string& target);
  Json call(const std::string& method, const std::string& target, const Json* body = nullptr);
  Json call_with(const std::string& method, const std::string& target, const std::string& body);
  Json get(const std::string& target);
  Json send(const std::string& method, const std::string& target, const Json& body);
  /// The items of a list, following its pages by the query field `cursor` until `most` are there;
  /// an empty `cursor` reads one page.
  std::vector<Json> list(std::string target, std::string_view cursor, std::size_t most);

  std::unique_ptr<Transport> transport_;
  std::string daemon_version_;
  std::optional<std::chrono::milliseconds> most_patience_;
  bool expects_long_call_ = false;
};

}  // namespace nufi::api
