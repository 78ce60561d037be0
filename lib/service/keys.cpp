#include "lib/service/keys.hpp"

#include "lib/base/error.hpp"
#include "lib/service/key_terms.hpp"
#include "lib/service/names.hpp"
#include "lib/service/publisher.hpp"
#include "lib/service/spending.hpp"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <vector>

namespace nufi::service {

namespace {

constexpr std::string_view kDefaultGroup = "default";
constexpr std::size_t kShownCandidates = 5;

domain::KeyView view_of(const Context& context, const Names& names, domain::Key key) {
  domain::KeyView view;
  view.standing = standing_of(context.ledger, domain::Scope::key, key.id.text(), key.limits);
  view.state = domain::key_state(key, context.clock.now(), is_total_used_up(view.standing));
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

void apply_places(const Actor& actor,
                  const Names& names,
                  const domain::KeyTerms& terms,
                  domain::Key& key) {
  if (terms.project.clears()) throw Error(Errc::invalid, "project must be the name of a project");
  if (terms.project.sets()) key.project = names.find_project(key.account, terms.project.value()).id;
  if (terms.group.keeps()) return;
  const auto& group = names.find_group(terms.group.sets() ? terms.group.value() : kDefaultGroup);
  if (group.id == key.group) return;
  require_admin(actor, "choose the group of a key");
  key.group = group.id;
}

/// The stairs every change of one key takes: find, move, write, publish.
domain::KeyView change(const Context& context,
                       const Actor& actor,
                       std::string_view word,
                       std::string_view action,
                       const std::function<void(const Names& names, domain::Key& key)>& move) {
  const std::lock_guard lock(context.changes);
  const Names names(context.store.people());
  domain::Key key = find_key(context, actor, word);
  const domain::Key old = key;
  move(names, key);
  const std::string before = describe(old);
  const std::string after = describe(key);
  if (before != after) {
    context.store.keys().update(
        key, audit_entry(context, actor, std::string(action), key.id.text(), before, after));
    start_new_windows(context.ledger, domain::Scope::key, key.id.text(), old.limits, key.limits);
    context.publisher.publish_key(key);
  }
  return view_of(context, names, std::move(key));
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
    throw Error(Errc::not_found,
                fmt::format("there is no key '{}'", word),
                "see all keys with: nufi keys list");
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
  key.account = actor.account;
  key.project = names.find_project(actor.account, project).id;
  key.group = names.find_group(kDefaultGroup).id;
  key.digest = sha256(secret.expose());
  key.masked = domain::mask_key(secret.expose());
  key.created_at = context.clock.now();
  apply(terms, key.created_at, key);
  apply_places(actor, names, terms, key);
  context.store.keys().insert(
      key, audit_entry(context, actor, "key.create", key.id.text(), "", describe(key)));
  start_windows(context.ledger, domain::Scope::key, key.id.text(), key.limits);
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
  if (!query.project.empty()) filter.project = names.find_project(actor.account, query.project).id;
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
  return change(context, actor, word, "key.edit", [&](const Names& names, domain::Key& key) {
    if (key.revoked_at) {
      throw Error(Errc::conflict,
                  "key '" + key.name + "' is revoked for good",
                  "make another one with: nufi keys create");
    }
    apply(terms, context.clock.now(), key);
    apply_places(actor, names, terms, key);
  });
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
  return change(context, actor, word, "key.revoke", [&](const Names&, domain::Key& key) {
    domain::revoke(key, context.clock.now());
  });
}

}  // namespace nufi::service
