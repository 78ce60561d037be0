#include "lib/service/leases.hpp"

#include "lib/service/key_terms.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace nufi::service {

namespace {

static_assert(kLeasesEvery < domain::kShortestLease);

/// Who ends leases.
Actor nufid() {
  Actor actor;
  actor.account = domain::AccountId("system");
  actor.username = "nufid";
  return actor;
}

}  // namespace

std::vector<domain::Key> revoke_with_children(const Context& context,
                                              const Actor& actor,
                                              const Names& names,
                                              std::vector<domain::Key> keys) {
  std::set<domain::KeyId> known;
  for (const domain::Key& key : keys) known.insert(key.id);
  const std::size_t asked = keys.size();
  for (std::size_t i = 0; i < asked; ++i) {
    for (domain::Key& child : context.store.keys().children(keys[i].id)) {
      if (known.insert(child.id).second) keys.push_back(std::move(child));
    }
  }
  const Timestamp now = context.clock.now();
  std::vector<domain::Key> changed;
  std::vector<store::AuditEntry> audits;
  for (domain::Key& key : keys) {
    if (key.revoked_at) continue;
    const Facts before = facts_of(key, names);
    domain::revoke(key, now);
    audits.push_back(
        audit_change(context, actor, "key.revoke", subject_of(key), before, facts_of(key, names)));
    changed.push_back(key);
  }
  if (changed.empty()) return keys;
  context.store.keys().update_all(changed, audits);
  context.data_plane.publish_keys(changed);
  return keys;
}

void carry_leases_over(store::Keys& keys, Timestamp now) {
  std::vector<domain::Key> carried;
  for (domain::Key& key : keys.leased()) {
    const Timestamp end =
        std::clamp(*key.lease_expires_at, now + kLeaseGrace, now + domain::kLongestLease);
    if (end == *key.lease_expires_at) continue;
    key.lease_expires_at = end;
    carried.push_back(std::move(key));
  }
  if (!carried.empty()) keys.renew_leases(carried);
}

std::chrono::milliseconds end_leases(const Context& context) {
  const auto first_end = [&](const std::vector<domain::Key>& keys) {
    return keys.empty() ? Timestamp::max() : *keys.front().lease_expires_at;
  };
  auto end = first_end(context.store.keys().leased());
  if (end <= context.even_clock.now().even) {
    const std::lock_guard lock(context.changes);
    // One may have been renewed since.
    std::vector<domain::Key> ended = context.store.keys().leased();
    const Timestamp now = context.even_clock.now().even;
    const auto behind = std::find_if(ended.begin(), ended.end(), [&](const domain::Key& key) {
      return *key.lease_expires_at > now;
    });
    end = behind == ended.end() ? Timestamp::max() : *behind->lease_expires_at;
    ended.erase(behind, ended.end());
    const Names names(context.store.people());
    revoke_with_children(context, nufid(), names, std::move(ended));
  }
  const Timestamp now = context.even_clock.now().even;
  if (end <= now) return std::chrono::milliseconds(1);
  return std::min<std::chrono::milliseconds>(kLeasesEvery, end - now);
}

}  // namespace nufi::service
