#include "lib/service/keys.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/lease.hpp"
#include "lib/service/key_terms.hpp"
#include "lib/service/leases.hpp"
#include "lib/service/names.hpp"
#include "lib/service/publisher.hpp"
#include "lib/service/spending.hpp"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace nufi::service {

namespace {

constexpr std::size_t kShownCandidates = 5;

domain::KeyView view_of(const Context& context, const Names& names, domain::Key key) {
  domain::KeyView view;
  view.standing = standing_of(context.ledger, domain::Scope::key, key.id.text(), key.limits);
  const Moment now = context.even_clock.now();
  key = domain::lease_on_wall(std::move(key), now);
  view.state = domain::key_state(key, now.wall, is_total_used_up(view.standing));
  view.account = names.account(key.account);
  view.project = names.project(key.project);
  view.group = names.group(key.group);
  view.key = std::move(key);
  return view;
}

/// Lets the ledger write out when keys were used last; not while it can't, as keys must be seen
/// then.
void catch_up(const Context& context) {
  if (context.ledger.problem().empty()) context.ledger.sync();
}

/// A child always lies where its parent does. `what`: "project" or "group", its name `place`.
[[noreturn]] void throw_elsewhere(const domain::Key& parent,
                                  std::string_view what,
                                  const std::string& place) {
  throw Error(
      Errc::conflict,
      fmt::format(
          "a child of key '{}' can only be in its {}, which is '{}'", parent.name, what, place),
      fmt::format("move the parent, and its children follow: nufi keys edit {} --{} NAME",
                  parent.name,
                  what));
}

/// `parent`: of `key`, or null.
void apply_places(const Actor& actor,
                  const Names& names,
                  const domain::KeyTerms& terms,
                  const domain::Key* parent,
                  domain::Key& key) {
  if (terms.project.clears()) throw Error(Errc::invalid, "project must be the name of a project");
  if (terms.project.sets()) key.project = names.find_project(key.account, terms.project.value()).id;
  if (parent != nullptr && key.project != parent->project) {
    throw_elsewhere(*parent, "project", names.project(parent->project));
  }
  if (terms.group.keeps()) return;
  const auto& group =
      names.find_group(terms.group.sets() ? terms.group.value() : domain::kDefaultName);
  if (parent != nullptr && group.id != parent->group) {
    throw_elsewhere(*parent, "group", names.group(parent->group));
  }
  if (group.id == key.group) return;
  require_admin(actor, "choose the group of a key");
  key.group = group.id;
}

/// The stairs every change of one key takes: find, move, write, publish. Its children follow where
/// it goes. The lock of changes is held.
using Move = std::function<void(const Names& names, domain::Key& key)>;
domain::Key change_locked(const Context& context,
                          const Actor& actor,
                          const Names& names,
                          std::string_view word,
                          std::string_view action,
                          const Move& move) {
  domain::Key key = find_key(context, actor, word);
  const domain::Key old = key;
  const Moment now = context.even_clock.now();
  key = domain::lease_on_wall(std::move(key), now);
  move(names, key);
  key = domain::lease_on_even(std::move(key), now);
  const Facts before = facts_of(old, names);
  const Facts after = facts_of(key, names);
  if (before == after) return key;
  const auto entry = [&](const domain::Key& changed, const Facts& was) {
    return audit_change(
        context, actor, std::string(action), subject_of(changed), was, facts_of(changed, names));
  };
  std::vector<domain::Key> changed{key};
  std::vector<store::AuditEntry> audits{entry(key, before)};
  if (key.project != old.project || key.group != old.group) {
    for (const domain::Key& child : context.store.keys().children(key.id)) {
      domain::Key moved = child;
      moved.project = key.project;
      moved.group = key.group;
      audits.push_back(entry(moved, facts_of(child, names)));
      changed.push_back(std::move(moved));
    }
  }
  context.store.keys().update_all(changed, audits);
  start_new_windows(context.ledger, domain::Scope::key, key.id.text(), old.limits, key.limits);
  context.data_plane.publish_keys(changed);
  return key;
}

domain::KeyView change(const Context& context,
                       const Actor& actor,
                       std::string_view word,
                       std::string_view action,
                       const Move& move) {
  const std::lock_guard lock(context.changes);
  const Names names(context.store.people());
  return view_of(context, names, change_locked(context, actor, names, word, action, move));
}

/// The key under whose limits a new key of `account` is to run.
domain::Key find_parent(const Context& context,
                        const Actor& actor,
                        const domain::AccountId& account,
                        std::string_view word) {
  Actor owner = actor;
  owner.account = account;
  owner.role = domain::Role::member;
  domain::Key parent = find_key(context, owner, word);
  if (!parent.parent.empty()) {
    throw Error(
        Errc::invalid,
        fmt::format("key '{}' is the child of another key, so it can't be a parent", parent.name),
        "name its parent instead: " + parent.parent.text());
  }
  if (domain::is_dead(parent, context.even_clock.now())) {
    throw Error(Errc::conflict,
                fmt::format("key '{}' has ended, so it can't be a parent", parent.name),
                "see those that live: nufi keys list");
  }
  if (parent.disabled) {
    throw Error(Errc::conflict,
                fmt::format("key '{}' is disabled, so it can't be a parent", parent.name),
                "enable it first: nufi keys enable " + parent.name);
  }
  return parent;
}

/// A lease that begins now.
void apply_lease(const domain::KeyTerms& terms, domain::Key& key) {
  if (!terms.lease_seconds.sets()) return;
  key.lease_expires_at = Timestamp::max();
  domain::renew_lease(key, std::chrono::seconds(terms.lease_seconds.value()), key.created_at);
}

/// Names to guess what a wrong one meant: not all of a hundred thousand, for a mistake.
std::vector<std::string> first_names(const Context& context, const Actor& actor) {
  std::vector<std::string> names;
  store::KeyFilter filter;
  filter.account = actor.account;
  filter.limit = 1000;
  for (auto& key : context.store.keys().list(filter)) {
    names.push_back(std::move(key.name));
  }
  return names;
}

[[noreturn]] void throw_ambiguous(std::string_view word, const std::vector<domain::Key>& keys) {
  std::string candidates;
  for (std::size_t i = 0; i < keys.size() && i < kShownCandidates; ++i) {
    candidates += fmt::format("{}{} ({})", i == 0 ? "" : ", ", keys[i].id.text(), keys[i].name);
  }
  if (keys.size() > kShownCandidates) candidates += ", …";
  throw Error(Errc::ambiguous,
              fmt::format("'{}' can mean {} keys", word, keys.size()),
              "name one by its id: " + candidates);
}

}  // namespace

domain::Key find_key(const Context& context, const Actor& actor, std::string_view word) {
  std::vector<domain::Key> found;
  if (!word.empty()) {
    found = context.store.keys().matching(actor.account, word);
    if (found.empty() && actor.is_admin()) {
      found = context.store.keys().matching(std::nullopt, word);
    }
  }
  if (found.empty()) {
    const auto near = closest(word, first_names(context, actor));
    throw Error(Errc::not_found,
                fmt::format("there is no key '{}'", word),
                near ? "did you mean " + *near : "see all keys with: nufi keys list");
  }
  if (found.size() > 1) throw_ambiguous(word, found);
  return std::move(found.front());
}

domain::KeyView create_key(const Context& context,
                           const Actor& actor,
                           std::string_view project,
                           const domain::KeyTerms& terms) {
  if (terms.name.keeps()) {
    throw Error(Errc::invalid, "a key needs a name", "for example --name laptop");
  }
  const std::lock_guard lock(context.changes);
  const Names names(context.store.people());
  const Secret secret = domain::mint_key();
  domain::Key key;
  key.id = domain::KeyId::random();
  const domain::Project& home = names.find_project(actor, project);
  key.account = home.account;
  key.project = home.id;
  key.group = names.find_group(domain::kDefaultName).id;
  std::optional<domain::Key> parent;
  if (terms.parent.sets()) {
    parent = find_parent(context, actor, home.account, terms.parent.value());
    key.parent = parent->id;
    key.group = parent->group;
    if (home.name == domain::kDefaultName) key.project = parent->project;
  }
  key.digest = sha256(secret.expose());
  key.masked = domain::mask_key(secret.expose());
  const Moment now = context.even_clock.now();
  key.created_at = now.wall;
  apply(terms, key.created_at, key);
  apply_places(actor, names, terms, parent ? &*parent : nullptr, key);
  apply_lease(terms, key);
  const Facts facts = facts_of(key, names);
  key = domain::lease_on_even(std::move(key), now);
  context.store.keys().insert(
      key, audit_change(context, actor, "key.create", subject_of(key), Facts(), facts));
  context.publisher.publish_key(key);
  domain::KeyView view = view_of(context, names, std::move(key));
  view.secret = secret;
  return view;
}

Page<domain::KeyView> list_keys(const Context& context, const Actor& actor, const KeyQuery& query) {
  if (query.everyone) require_admin(actor, "see everyone's keys");
  if (query.limit < 0) throw Error(Errc::invalid, "limit must not be negative");
  catch_up(context);
  const Names names(context.store.people());
  store::KeyFilter filter;
  if (!query.everyone) filter.account = actor.account;
  if (!query.project.empty()) {
    const domain::Project& project = names.find_project(actor, query.project);
    filter.project = project.id;
    filter.account = project.account;
  }
  filter.archived = query.archived;
  filter.limit = query.limit == 0 ? 0 : query.limit + 1;
  filter.after = query.after;
  std::vector<domain::Key> keys = context.store.keys().list(filter);

  Page<domain::KeyView> page;
  if (query.limit > 0 && keys.size() > static_cast<std::size_t>(query.limit)) {
    keys.resize(static_cast<std::size_t>(query.limit));
    page.next = keys.back().id.text();
  }
  for (domain::Key& key : keys) page.data.push_back(view_of(context, names, std::move(key)));
  return page;
}

domain::KeyView show_key(const Context& context, const Actor& actor, std::string_view word) {
  catch_up(context);
  return view_of(context, Names(context.store.people()), find_key(context, actor, word));
}

domain::KeyView edit_key(const Context& context,
                         const Actor& actor,
                         std::string_view word,
                         const domain::KeyTerms& terms) {
  if (!terms.parent.keeps() || !terms.lease_seconds.keeps()) {
    throw Error(Errc::invalid, "parent and lease_seconds can only be given when a key is created");
  }
  const auto edit = [&](const Names& names, domain::Key& key) {
    if (key.revoked_at) {
      throw Error(Errc::conflict,
                  "key '" + key.name + "' is revoked for good",
                  "make another one with: nufi keys create");
    }
    apply(terms, context.clock.now(), key);
    std::optional<domain::Key> parent;
    if (!key.parent.empty()) parent = context.store.keys().by_id(key.parent);
    if (parent) {
      key.project = parent->project;
      key.group = parent->group;
    }
    apply_places(actor, names, terms, parent ? &*parent : nullptr, key);
    // A new expiry may have brought it back: only dead keys are hidden.
    if (!domain::is_dead(key, context.clock.now())) domain::unarchive(key);
  };
  const std::lock_guard lock(context.changes);
  const Names names(context.store.people());
  const domain::Key key = change_locked(context, actor, names, word, "key.edit", edit);
  if (terms.reset_spend) {
    reset_spend(context, actor, "key.reset_spend", domain::Scope::key, subject_of(key), key.limits);
  }
  return view_of(context, names, key);
}

domain::KeyView disable_key(const Context& context, const Actor& actor, std::string_view word) {
  return change(context, actor, word, "key.disable", [](const Names&, domain::Key& key) {
    domain::disable(key);
  });
}

domain::KeyView enable_key(const Context& context, const Actor& actor, std::string_view word) {
  return change(context, actor, word, "key.enable", [&](const Names&, domain::Key& key) {
    domain::enable(key, context.clock.now());
  });
}

domain::KeyView revoke_key(const Context& context, const Actor& actor, std::string_view word) {
  const std::lock_guard lock(context.changes);
  const Names names(context.store.people());
  auto revoked = revoke_with_children(context, actor, names, {find_key(context, actor, word)});
  return view_of(context, names, std::move(revoked.front()));
}

std::vector<domain::KeyView> revoke_all_keys(const Context& context, const Actor& actor) {
  const std::lock_guard lock(context.changes);
  const Names names(context.store.people());
  const Moment now = context.even_clock.now();
  store::KeyFilter filter;
  filter.account = actor.account;
  std::vector<domain::Key> keys = context.store.keys().list(filter);
  std::erase_if(keys, [&](const domain::Key& key) { return domain::is_dead(key, now); });
  std::vector<domain::KeyView> views;
  for (domain::Key& key : revoke_with_children(context, actor, names, std::move(keys))) {
    views.push_back(view_of(context, names, std::move(key)));
  }
  return views;
}

domain::KeyView rotate_key(const Context& context,
                           const Actor& actor,
                           std::string_view word,
                           std::chrono::seconds overlap) {
  const Secret secret = domain::mint_key();
  domain::KeyView view =
      change(context, actor, word, "key.rotate", [&](const Names&, domain::Key& key) {
        domain::rotate(key, secret, overlap, context.clock.now());
      });
  view.secret = secret;
  return view;
}

domain::KeyView renew_lease(const Context& context,
                            const Actor& actor,
                            std::string_view word,
                            std::chrono::seconds lease) {
  const std::lock_guard lock(context.changes);
  domain::Key key = find_key(context, actor, word);
  const Moment now = context.even_clock.now();
  domain::renew_lease(key, lease, now.wall);
  key = domain::lease_on_even(std::move(key), now);
  context.store.keys().renew_leases({key});
  context.publisher.publish_key(key);
  return view_of(context, Names(context.store.people()), std::move(key));
}

domain::KeyView archive_key(const Context& context, const Actor& actor, std::string_view word) {
  return change(context, actor, word, "key.archive", [&](const Names&, domain::Key& key) {
    domain::archive(key, context.clock.now());
  });
}

domain::KeyView unarchive_key(const Context& context, const Actor& actor, std::string_view word) {
  return change(context, actor, word, "key.unarchive", [](const Names&, domain::Key& key) {
    domain::unarchive(key);
  });
}

domain::KeyView delete_key(const Context& context, const Actor& actor, std::string_view word) {
  const std::lock_guard lock(context.changes);
  const Names names(context.store.people());
  const domain::Key key = find_key(context, actor, word);
  domain::KeyView view = view_of(context, names, key);
  revoke_with_children(context, actor, names, context.store.keys().children(key.id));
  context.store.keys().remove(
      key.id,
      audit_change(context, actor, "key.delete", subject_of(key), facts_of(key, names), Facts()));
  context.data_plane.remove_key(key);
  return view;
}

domain::CheckView check_key(const Context& context,
                            const Actor& actor,
                            std::string_view word,
                            std::string_view model,
                            std::int64_t tokens) {
  if (model.empty()) throw Error(Errc::invalid, "model must name a model", "for example gpt-4o");
  if (tokens < 0) throw Error(Errc::invalid, "tokens must not be negative");
  domain::Call call;
  call.endpoint = "chat/completions";
  call.model = model;
  call.prompt_bound = tokens;
  return context.data_plane.check(find_key(context, actor, word), call);
}

domain::KeyId find_key_id(const Context& context, const Actor& actor, std::string_view word) {
  try {
    return find_key(context, actor, word).id;
  } catch (const Error& error) {
    if (error.code() != Errc::not_found) throw;
    auto removed = context.store.keys().removed(actor.account, word);
    if (!removed && actor.is_admin()) removed = context.store.keys().removed(std::nullopt, word);
    if (!removed) throw;
    return removed->id;
  }
}

}  // namespace nufi::service
