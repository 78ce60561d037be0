#include "tests/support/control_plane.hpp"

#include "lib/base/text.hpp"
#include "lib/service/people.hpp"

namespace nufi::test {

namespace {

constexpr std::int64_t kOwner = 1000;
constexpr std::int64_t kMember = 1001;
constexpr std::int64_t kFriend = 1002;

std::string username_of(std::int64_t uid) {
  switch (uid) {
    case kOwner:
      return "ada";
    case kMember:
      return "mia";
    case kFriend:
      return "fay";
    default:
      return "";
  }
}

}  // namespace

ControlPlane::ControlPlane(std::vector<service::Publisher::BuiltIn> built_ins)
    : clock(*parse_rfc3339("2026-08-20T12:00:00Z")),
      store_(store::sqlite::open(directory.path() / "nufi.db", store::Durability::process)),
      ledger_(ledger::open(store_->ledger(),
                           clock,
                           {.journal_dir = directory.path() / "journal",
                            .durability = store::Durability::process,
                            .zone = TimeZone()})),
      vault_(directory.path() / "secret.key",
             {{"PROVIDER_KEY", "sk-from-env"}, {"PATH", "/bin:/usr/bin"}}),
      publisher_(*store_, data_plane, vault_, std::move(built_ins)),
      backups_(*store_, *ledger_, directory.path() / "backups", directory.path() / "secret.key"),
      consoles_(clock),
      traces_store_(store::sqlite::open_traces(directory.path() / "traces.db")),
      traces_(*traces_store_, vault_, directory.path() / "traces.db") {
  service::DaemonFacts facts;
  facts.version = "1.2.3";
  facts.pid = 4711;
  facts.owner_uid = kOwner;
  facts.started_at = clock.now();
  facts.inference_url = "http://127.0.0.1:6834/v1";
  facts.socket = "/run/nufid.sock";
  facts.data_dir = directory.path().string();
  facts.durability = "process";
  facts.timezone = "UTC";
  facts.drain_timeout = std::chrono::seconds(30);
  context_.emplace(service::Context{
      .store = *store_,
      .ledger = *ledger_,
      .data_plane = data_plane,
      .clock = clock,
      .even_clock = even_clock,
      .vault = vault_,
      .publisher = publisher_,
      .backups = backups_,
      .consoles = consoles_,
      .traces = traces_,
      .changes = changes_,
      .facts = facts,
      .username_of = username_of,
      .is_in_admin_group = [](std::int64_t uid) { return uid == kFriend; },
      .settings_changed = [this](const service::SettingValues& values) { announced = values; }});
}

service::Actor ControlPlane::owner() const {
  return service::admit(*context_, kOwner);
}

service::Context ControlPlane::system_context() const {
  service::Context context = *context_;
  context.facts.is_system = true;
  return context;
}

service::Actor ControlPlane::member() const {
  return service::admit(system_context(), kMember);
}

void ControlPlane::call(const domain::Key& key,
                        domain::Money cost,
                        domain::RowStatus status) const {
  using domain::Metric;
  using domain::Scope;
  using domain::WindowId;
  ledger::HoldRequest request;
  request.row.account = key.account;
  request.row.project = key.project;
  request.row.key = key.id;
  request.row.key_name = key.name;
  request.row.group = "default";
  request.row.endpoint = "chat/completions";
  request.row.model = "gpt-4o-mini";
  const auto watch = [&](Scope scope, const std::string& id, const domain::SpendLimits& limits) {
    request.constraints.push_back(
        {WindowId{scope, id, Metric::usd, limits.budget_period}, std::nullopt});
    request.constraints.push_back(
        {WindowId{scope, id, Metric::tokens, limits.token_period}, std::nullopt});
  };
  watch(Scope::key, key.id.text(), key.limits);
  watch(Scope::project, key.project.text(), {});
  watch(Scope::account, key.account.text(), {});
  request.ceiling.prompt_cost = cost;
  request.ceiling.prompt_tokens = 10;
  request.ceiling.output_tokens = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<ledger::HoldOutcome> outcome;
  bool is_settled = false;
  ledger_->hold(std::move(request), [&](ledger::HoldOutcome result) {
    const std::lock_guard lock(mutex);
    outcome = std::move(result);
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return outcome.has_value(); });
  const domain::RequestId id = std::get<ledger::Held>(*outcome).id;
  lock.unlock();
  ledger::Settlement settlement;
  settlement.status = status;
  settlement.http_status = 200;
  settlement.upstream = "openai";
  settlement.upstream_model = "gpt-4o-mini";
  settlement.cost = cost;
  settlement.usage[domain::Bucket::input] = 10;
  settlement.basis = domain::CostBasis::exact;
  settlement.usage_basis = domain::CostBasis::exact;
  settlement.price_id = "test/gpt-4o-mini@2026-08-01";
  settlement.attempts = 1;
  ledger_->settle(id, settlement, [&] {
    const std::lock_guard settled(mutex);
    is_settled = true;
    changed.notify_all();
  });
  lock.lock();
  changed.wait(lock, [&] { return is_settled; });
}

std::string failure_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return std::string(errc_name(error.code())) + ": " + error.what();
  }
  return {};
}

}  // namespace nufi::test
