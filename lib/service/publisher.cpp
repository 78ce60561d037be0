#include "lib/service/publisher.hpp"

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"

#include <algorithm>
#include <utility>

namespace nufi::service {

Publisher::Publisher(store::Store& store,
                     DataPlane& data_plane,
                     const Vault& vault,
                     std::vector<BuiltIn> built_ins)
    : store_(store), data_plane_(data_plane), vault_(vault), built_ins_(std::move(built_ins)) {}

std::vector<domain::Key> Publisher::publish_all() {
  publish_world();
  store::KeyFilter filter;
  std::vector<domain::Key> keys = store_.keys().list(filter);
  data_plane_.publish_keys(keys);
  filter.archived = true;
  const auto archived = store_.keys().list(filter);
  if (!archived.empty()) data_plane_.publish_keys(archived);
  return keys;
}

void Publisher::publish_world() {
  domain::World world;
  world.accounts = store_.people().accounts();
  world.projects = store_.people().projects();
  world.groups = store_.people().groups();
  world.upstreams = upstreams();
  world.own_prices = own_prices();
  world.imported_prices = store_.prices().imported();
  data_plane_.publish_world(std::move(world));
}

std::vector<domain::Price> Publisher::own_prices() {
  std::vector<domain::Price> prices = store_.prices().list();
  for (const BuiltIn& built_in : built_ins_) {
    // What the operator set for the same model wins, as everywhere.
    const bool is_set = std::any_of(prices.begin(), prices.end(), [&](const domain::Price& price) {
      return price.model == built_in.price.model;
    });
    if (!is_set) prices.push_back(built_in.price);
  }
  return prices;
}

domain::PriceBook Publisher::price_book() {
  return {own_prices(), store_.prices().imported()};
}

void Publisher::publish_key(const domain::Key& key) {
  data_plane_.publish_keys({key});
}

bool Publisher::refresh_secrets() {
  bool changed = false;
  for (const domain::Upstream& upstream : store_.upstreams().list()) {
    const domain::ReadyUpstream old = ready(upstream);
    if (upstream.secret.kind != domain::SecretKind::file && old.problem.empty()) continue;
    const domain::ReadyUpstream fresh = read_anew(upstream);
    changed =
        changed || fresh.secret.expose() != old.secret.expose() || fresh.problem != old.problem;
  }
  return changed;
}

std::vector<domain::ReadyUpstream> Publisher::upstreams() {
  std::vector<domain::ReadyUpstream> all;
  for (const domain::Upstream& upstream : store_.upstreams().list()) all.push_back(ready(upstream));
  {
    // The secret of one that was removed is not kept.
    auto known = known_.lock();
    std::erase_if(*known, [&](const auto& entry) {
      return std::none_of(all.begin(), all.end(), [&](const domain::ReadyUpstream& one) {
        return one.upstream.id == entry.first;
      });
    });
  }
  for (const BuiltIn& built_in : built_ins_) all.push_back(built_in.upstream);
  return all;
}

domain::ReadyUpstream Publisher::ready(const domain::Upstream& upstream) {
  {
    auto known = known_.lock();
    const auto found = known->find(upstream.id);
    if (found != known->end() && found->second.source.kind == upstream.secret.kind &&
        found->second.source.reference == upstream.secret.reference) {
      return {upstream, found->second.secret, found->second.problem};
    }
  }
  return read_anew(upstream);
}

domain::ReadyUpstream Publisher::read_anew(const domain::Upstream& upstream) {
  for (const BuiltIn& built_in : built_ins_) {
    if (built_in.upstream.upstream.id == upstream.id) return built_in.upstream;
  }
  Known fresh{.source = upstream.secret, .secret = {}, .problem = {}};
  try {
    fresh.secret = vault_.read(upstream);
  } catch (const Error& error) {
    // An upstream without its secret is a fact to show and to route around, not a failure of ours.
    fresh.problem = error.what();
  }
  domain::ReadyUpstream result{upstream, fresh.secret, fresh.problem};
  bool is_news = !fresh.problem.empty();
  {
    auto known = known_.lock();
    const auto old = known->find(upstream.id);
    is_news = is_news && (old == known->end() || old->second.problem != fresh.problem);
    known->insert_or_assign(upstream.id, std::move(fresh));
  }
  if (is_news) {
    log::warning("upstream secret can't be read",
                 {{"upstream", upstream.name}, {"problem", result.problem}});
  }
  return result;
}

}  // namespace nufi::service
