#include "lib/domain/lease.hpp"
#include "lib/domain/price_book.hpp"
#include "lib/service/doctor_parts.hpp"
#include "lib/service/doctor_rules.hpp"
#include "lib/service/prices.hpp"
#include "lib/service/publisher.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace nufi::service {

namespace {

bool has_limit(const domain::SpendLimits& limits) {
  return limits.budget.has_value() || limits.token_limit.has_value();
}

/// What bounds keys from above.
class Limits {
 public:
  explicit Limits(store::Store& store) {
    for (const auto& account : store.people().accounts()) {
      if (has_limit(account.limits)) accounts_.insert(account.id);
    }
    for (const auto& project : store.people().projects()) {
      if (has_limit(project.limits)) projects_.insert(project.id);
    }
  }

  /// `parents`: keys that have a limit of their own.
  [[nodiscard]] bool bound(const domain::Key& key, const std::set<domain::KeyId>& parents) const {
    return has_limit(key.limits) || parents.contains(key.parent) ||
           projects_.contains(key.project) || accounts_.contains(key.account);
  }

 private:
  std::set<domain::AccountId> accounts_;
  std::set<domain::ProjectId> projects_;
};

std::vector<domain::Key> live_keys(const Context& context, const Actor& actor) {
  store::KeyFilter filter;
  if (!actor.is_admin()) filter.account = actor.account;
  auto keys = context.store.keys().list(filter);
  const Moment now = context.even_clock.now();
  std::erase_if(keys, [&](const domain::Key& key) { return domain::is_dead(key, now); });
  return keys;
}

bool is_any_budget_set(store::Store& store, const std::vector<domain::Key>& keys) {
  const auto has_budget = [](const auto& one) { return one.limits.budget.has_value(); };
  const auto accounts = store.people().accounts();
  const auto projects = store.people().projects();
  return std::any_of(keys.begin(), keys.end(), has_budget) ||
         std::any_of(accounts.begin(), accounts.end(), has_budget) ||
         std::any_of(projects.begin(), projects.end(), has_budget);
}

/// Upstreams that serve models by any name, or by a pattern, whose provider is in no price list;
/// once prices were set for some of its models, somebody has thought of it.
std::vector<std::string> open_upstreams(const Context& context) {
  const domain::PriceBook book = context.publisher.price_book();
  const auto is_pattern = [](const std::string& model) {
    return model.find_first_of("*?") != std::string::npos;
  };
  const auto set = context.store.prices().list();
  std::vector<std::string> names;
  for (const domain::ReadyUpstream& one : context.publisher.upstreams()) {
    const domain::Upstream& upstream = one.upstream;
    const auto& models = upstream.models;
    const bool is_open = models.empty() || std::any_of(models.begin(), models.end(), is_pattern);
    if (!is_open || upstream.free || book.listed().knows_provider(upstream.provider)) continue;
    const bool has_prices =
        std::any_of(set.begin(), set.end(), [&upstream](const domain::Price& price) {
          return upstream.serves(price.model).has_value();
        });
    if (!has_prices) names.push_back(upstream.name);
  }
  return names;
}

}  // namespace

void examine_prices(const Context& context, Findings& findings) {
  std::string newest = domain::Catalogue::built_in().date();
  for (const domain::Price& price : context.store.prices().imported()) {
    newest = std::max(newest, price.date);
  }
  findings.push_back(judge_price_age(newest, context.clock.now()));
  std::vector<std::string> unpriced;
  for (const domain::ModelView& model : list_models(context)) {
    if (!model.price) unpriced.push_back(model.name);
  }
  const auto keys = context.store.keys().list({});
  findings.push_back(
      judge_unpriced(unpriced, open_upstreams(context), is_any_budget_set(context.store, keys)));
}

void examine_keys(const Context& context, const Actor& actor, Findings& findings) {
  const auto keys = live_keys(context, actor);
  const Timestamp now = context.clock.now();
  const Limits limits(context.store);
  std::set<domain::KeyId> limited;
  for (const domain::Key& key : keys) {
    if (has_limit(key.limits)) limited.insert(key.id);
  }
  std::vector<std::string> due;
  std::vector<std::string> unlimited;
  for (const domain::Key& key : keys) {
    if (domain::is_due_for_rotation(key, now)) due.push_back(key.name);
    if (!limits.bound(key, limited)) unlimited.push_back(key.name);
  }
  findings.push_back(judge_rotation(due, keys.size()));
  findings.push_back(judge_unlimited(unlimited, keys.size()));
}

}  // namespace nufi::service
