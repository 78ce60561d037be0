#include "tests/store_contract/examples.hpp"

#include "lib/base/secret.hpp"
#include "lib/domain/cycle.hpp"

#include <utility>

namespace nufi::store::examples {
namespace {

using namespace std::chrono_literals;

Timestamp quarter_of(Timestamp time) {
  return time - time.time_since_epoch() % 15min;
}

void add_to_window(std::vector<WindowAmount>& windows,
                   const domain::WindowId& id,
                   Timestamp time,
                   std::int64_t amount) {
  const auto cycle = domain::cycle_at(id.period, time, TimeZone());
  for (auto& window : windows) {
    if (window.window == id && window.cycle_start == cycle.start) {
      window.spent += amount;
      return;
    }
  }
  windows.push_back({id, cycle.start, cycle.end, amount});
}

}  // namespace

Timestamp morning() {
  return Timestamp(std::chrono::milliseconds(1'785'578'400'000));
}

AuditEntry audit(std::string action) {
  AuditEntry entry;
  entry.time = morning();
  entry.actor = "acct_a";
  entry.uid = 1000;
  entry.action = std::move(action);
  entry.subject = "subject";
  entry.after = "{}";
  return entry;
}

domain::Account account(std::string id, std::int64_t uid) {
  domain::Account account;
  account.id = domain::AccountId(std::move(id));
  account.uid = uid;
  account.username = "ada";
  account.display_name = "Ada L";
  account.email = "ada@example.org";
  account.limits = {domain::Money::nanos(5), domain::Period::week, 7, domain::Period::hour};
  account.created_at = morning();
  return account;
}

domain::Project project(std::string id, const domain::AccountId& owner, std::string name) {
  domain::Project project;
  project.id = domain::ProjectId(std::move(id));
  project.account = owner;
  project.name = std::move(name);
  project.limits.budget = domain::Money::nanos(11);
  project.allowed_models = {"gpt-*", "nufi-echo"};
  project.created_at = morning();
  return project;
}

void add_people(Store& store) {
  const auto owner = account("acct_a", 1000);
  store.people().insert_account(
      owner, project("proj_a", owner.id, "default"), audit("account.create"));
}

domain::Key key(std::string id, std::string name) {
  domain::Key key;
  key.digest = sha256(id);
  key.id = domain::KeyId(std::move(id));
  key.name = std::move(name);
  key.account = domain::AccountId("acct_a");
  key.project = domain::ProjectId("proj_a");
  key.group = domain::GroupId("grp_default");
  key.masked = "sk-nufi-…d7c";
  key.created_at = morning();
  return key;
}

domain::Upstream upstream(std::string id, std::string name) {
  domain::Upstream upstream;
  upstream.id = domain::UpstreamId(std::move(id));
  upstream.name = std::move(name);
  upstream.url = domain::BaseUrl::parse("https://api.openai.com/v1");
  upstream.provider = "openai";
  upstream.secret = {domain::SecretKind::stored, std::string("\x00\xff sealed", 9)};
  upstream.models = {"gpt-*"};
  upstream.aliases = {{"fast", "gpt-4o-mini"}, {"best", "gpt-4o"}};
  upstream.headers = {{"OpenAI-Organization", "org"}};
  upstream.groups = {"default"};
  upstream.priority = -3;
  upstream.weight = 9;
  upstream.max_connections = 12;
  upstream.ca_file = "/etc/ca.pem";
  upstream.created_at = morning();
  return upstream;
}

domain::LedgerRow row(const domain::Key& key, std::int64_t minute, std::int64_t nanos) {
  domain::LedgerRow row;
  row.time = morning() + std::chrono::minutes(minute);
  static std::int64_t counter = 0;
  row.id.value = row.time.time_since_epoch().count() * (1 << 20) + ++counter % (1 << 20);
  row.account = key.account;
  row.project = key.project;
  row.key = key.id;
  row.key_name = key.name;
  row.group = "default";
  row.endpoint = "chat/completions";
  row.model = "gpt-4o";
  row.upstream = "openai";
  row.upstream_model = "gpt-4o-2024-08-06";
  row.stream = true;
  row.status = domain::RowStatus::ok;
  row.http_status = 200;
  row.usage[domain::Bucket::input] = 10;
  row.usage[domain::Bucket::output] = 5;
  row.held = domain::Money::nanos(nanos * 2);
  row.held_tokens = 40;
  row.cost = domain::Money::nanos(nanos);
  row.upstream_cost = domain::Money::nanos(nanos);
  row.basis = domain::CostBasis::exact;
  row.price_id = "openai/gpt-4o@2026-08-01";
  row.attempts = 1;
  row.hold_us = 12;
  row.connect_us = 340;
  row.first_byte_us = 5600;
  row.total_us = 78'000;
  row.client_ip = "127.0.0.1";
  row.user_agent = "test/1";
  return row;
}

LedgerBatch batch_of(const std::vector<domain::LedgerRow>& rows) {
  LedgerBatch batch;
  batch.rows = rows;
  for (const auto& row : rows) {
    if (row.status == domain::RowStatus::running) continue;
    const RollupKey key{quarter_of(row.time),
                        row.account,
                        row.project,
                        row.key,
                        row.group,
                        row.model,
                        row.upstream};
    RollupSums sums;
    sums.requests = 1;
    sums.errors =
        row.status != domain::RowStatus::ok && row.status != domain::RowStatus::client_gone;
    sums.cost = row.cost;
    sums.upstream_cost = row.upstream_cost;
    sums.usage = row.usage;
    batch.rollups[key] += sums;
    std::vector<std::pair<domain::Scope, std::string>> subjects = {
        {domain::Scope::key, row.key.text()},
        {domain::Scope::project, row.project.text()},
        {domain::Scope::account, row.account.text()}};
    if (!row.parent.empty()) subjects.emplace_back(domain::Scope::key, row.parent.text());
    for (const auto& [scope, subject] : subjects) {
      for (auto period : {domain::Period::minute, domain::Period::month, domain::Period::total}) {
        add_to_window(batch.windows,
                      {scope, subject, domain::Metric::usd, period},
                      row.time,
                      row.cost.nanos());
        add_to_window(batch.windows,
                      {scope, subject, domain::Metric::tokens, period},
                      row.time,
                      row.usage.total());
      }
    }
    auto& last = batch.last_used[row.key];
    last = std::max(last, row.time);
  }
  return batch;
}

}  // namespace nufi::store::examples
