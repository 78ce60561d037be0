#include "lib/service/groups.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/key_terms.hpp"
#include "lib/service/names.hpp"
#include "lib/service/publisher.hpp"

#include <algorithm>
#include <mutex>

namespace nufi::service {

namespace {

using domain::Group;

Facts facts_of(const Group& group) {
  Facts facts;
  facts.text("name", group.name)
      .decimal("multiplier", domain::format_multiplier(group.multiplier))
      .list("allowed_models", group.allowed_models)
      .number("rpm", group.rpm)
      .number("tpm", group.tpm)
      .number("max_parallel", group.max_parallel)
      .list("upstreams", group.upstreams);
  return facts;
}

domain::GroupView view_of(const Context& context, Group group) {
  domain::GroupView view;
  const auto live_keys = context.store.people().live_keys_by_group();
  const auto found = live_keys.find(group.id);
  if (found != live_keys.end()) view.live_keys = found->second;
  view.group = std::move(group);
  return view;
}

void check_upstreams(const Context& context, const std::vector<std::string>& wanted) {
  std::vector<std::string> names;
  for (const domain::ReadyUpstream& one : context.publisher.upstreams()) {
    names.push_back(one.upstream.name);
  }
  for (const std::string& name : wanted) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const auto near = closest(name, names);
    throw Error(Errc::not_found,
                "there is no upstream called '" + name + "'",
                near ? "did you mean " + *near : "see them all: nufi upstreams list");
  }
}

void check_rate(const domain::Change<std::int64_t>& change, std::string_view field) {
  if (change.sets() && change.value() < 1) {
    throw Error(
        Errc::invalid, std::string(field) + " must be at least 1", "none takes the limit away");
  }
}

void apply(const Context& context, const domain::GroupTerms& terms, Group& group) {
  if (terms.name.clears()) throw Error(Errc::invalid, "name must be the name of a group");
  const bool is_new = group.name.empty();
  if (terms.name.sets() && (is_new || terms.name.value() != group.name)) {
    if (group.name == domain::kDefaultName) {
      throw Error(Errc::conflict,
                  "the group default can't be renamed",
                  "make another one with: nufi groups create");
    }
    check_name(terms.name.value(), domain::GroupTag::kPrefix);
    group.name = terms.name.value();
  }
  if (terms.multiplier.sets() &&
      (terms.multiplier.value() < 1 || terms.multiplier.value() > domain::kMostMultiplier)) {
    throw Error(Errc::invalid, "multiplier must be above 0 and at most 1000", "for example 1.5");
  }
  if (terms.multiplier.clears()) group.multiplier = domain::kMultiplierOne;
  if (terms.multiplier.sets()) group.multiplier = terms.multiplier.value();
  if (terms.allowed_models.sets()) check_models(terms.allowed_models.value(), "allowed_models");
  terms.allowed_models.apply_to(group.allowed_models);
  check_rate(terms.rpm, "rpm");
  check_rate(terms.tpm, "tpm");
  check_rate(terms.max_parallel, "max_parallel");
  terms.rpm.apply_to(group.rpm);
  terms.tpm.apply_to(group.tpm);
  terms.max_parallel.apply_to(group.max_parallel);
  if (terms.upstreams.sets()) check_upstreams(context, terms.upstreams.value());
  terms.upstreams.apply_to(group.upstreams);
}

/// A group that upstreams are kept for can't go: they would be there for nobody.
void refuse_named_by_upstreams(const Context& context, const Group& group) {
  for (const domain::ReadyUpstream& one : context.publisher.upstreams()) {
    const auto& groups = one.upstream.groups;
    if (std::find(groups.begin(), groups.end(), group.name) == groups.end()) continue;
    throw Error(Errc::conflict,
                "the upstream " + one.upstream.name + " is kept for the group " + group.name,
                "first: nufi upstreams edit " + one.upstream.name + " --group …, or none");
  }
}

}  // namespace

domain::GroupView create_group(const Context& context,
                               const Actor& actor,
                               const domain::GroupTerms& terms) {
  require_admin(actor, "create groups");
  if (!terms.name.sets()) throw Error(Errc::invalid, "a group needs a name", "for example team");
  const std::lock_guard lock(context.changes);
  Group group;
  group.id = domain::GroupId::random();
  group.created_at = context.clock.now();
  apply(context, terms, group);
  context.store.people().insert_group(
      group,
      audit_change(
          context, actor, "group.create", {group.id.text(), group.name}, {}, facts_of(group)));
  context.publisher.publish_world();
  return view_of(context, std::move(group));
}

std::vector<domain::GroupView> list_groups(const Context& context, const Actor& actor) {
  require_admin(actor, "see groups");
  const auto live_keys = context.store.people().live_keys_by_group();
  std::vector<domain::GroupView> views;
  for (Group& group : context.store.people().groups()) {
    const auto found = live_keys.find(group.id);
    views.push_back(
        {.group = std::move(group), .live_keys = found == live_keys.end() ? 0 : found->second});
  }
  return views;
}

domain::GroupView show_group(const Context& context, const Actor& actor, std::string_view word) {
  require_admin(actor, "see groups");
  return view_of(context, Names(context.store.people()).find_group(word));
}

domain::GroupView edit_group(const Context& context,
                             const Actor& actor,
                             std::string_view word,
                             const domain::GroupTerms& terms) {
  require_admin(actor, "edit groups");
  const std::lock_guard lock(context.changes);
  const Group old = Names(context.store.people()).find_group(word);
  Group group = old;
  apply(context, terms, group);
  const Facts before = facts_of(old);
  const Facts after = facts_of(group);
  if (before != after) {
    context.store.people().update_group(
        group,
        audit_change(context, actor, "group.edit", {group.id.text(), group.name}, before, after));
    context.publisher.publish_world();
  }
  return view_of(context, std::move(group));
}

domain::GroupView delete_group(const Context& context, const Actor& actor, std::string_view word) {
  require_admin(actor, "delete groups");
  const std::lock_guard lock(context.changes);
  const Group group = Names(context.store.people()).find_group(word);
  if (group.name == domain::kDefaultName) {
    throw Error(Errc::conflict, "the group default can't be deleted");
  }
  refuse_named_by_upstreams(context, group);
  domain::GroupView view = view_of(context, group);
  context.store.people().delete_group(
      group.id,
      audit_change(
          context, actor, "group.delete", {group.id.text(), group.name}, facts_of(group), {}));
  context.publisher.publish_world();
  return view;
}

}  // namespace nufi::service
