#include "lib/service/upstreams.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/service/names.hpp"
#include "lib/service/probe.hpp"
#include "lib/service/publisher.hpp"
#include "lib/service/upstream_terms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <string>

namespace nufi::service {

namespace {

domain::UpstreamView view_of(const Context& context,
                             const Actor& actor,
                             const domain::ReadyUpstream& ready) {
  domain::UpstreamView view;
  view.upstream = ready.upstream;
  view.health = context.data_plane.upstream_health(ready.upstream.id);
  if (actor.is_admin()) {
    view.secret = ready.upstream.built_in ? "built in" : describe(ready.upstream.secret);
    view.secret_problem = ready.problem;
  } else {
    view.upstream.headers.clear();
    view.upstream.ca_file.clear();
  }
  // What is shown is `secret`; sealed bytes leave the room for nobody.
  view.upstream.secret.reference.clear();
  return view;
}

domain::ReadyUpstream find_upstream(const Context& context, std::string_view word) {
  std::vector<std::string> names;
  for (domain::ReadyUpstream& one : context.publisher.upstreams()) {
    if (one.upstream.name == word || one.upstream.id.text() == word) return std::move(one);
    names.push_back(one.upstream.name);
  }
  const auto near = closest(word, names);
  throw Error(Errc::not_found,
              fmt::format("there is no upstream called '{}'", word),
              near ? "did you mean " + *near : "see all of them with: nufi upstreams list");
}

domain::Upstream find_own(const Context& context, std::string_view word) {
  domain::ReadyUpstream found = find_upstream(context, word);
  if (found.upstream.built_in) {
    throw Error(Errc::conflict,
                "upstream '" + found.upstream.name + "' is built in",
                "it is there while nufid runs with --demo");
  }
  return std::move(found.upstream);
}

void check_name_is_free(const Context& context, const domain::Upstream& upstream) {
  for (const Publisher::BuiltIn& built_in : context.publisher.built_ins()) {
    if (built_in.upstream.upstream.name == upstream.name) {
      throw Error(Errc::conflict, "an upstream named '" + upstream.name + "' is built in");
    }
  }
}

void check_first_terms(const domain::UpstreamTerms& terms) {
  if (!terms.name.sets()) throw Error(Errc::invalid, "an upstream needs a name");
  if (!terms.url.sets() && !terms.preset.sets()) {
    throw Error(Errc::invalid,
                "an upstream needs a url or a preset",
                "for example --preset openai or --url https://api.openai.com/v1");
  }
  const bool says_secret = !terms.secret_kind.keeps() || terms.secret_text.sets();
  const domain::Preset* preset =
      terms.preset.sets() ? domain::find_preset(terms.preset.value()) : nullptr;
  if (preset != nullptr && preset->needs_key && !says_secret) {
    throw Error(Errc::invalid,
                terms.preset.value() + " needs a secret",
                "give it with --key-env, --key-file, --key-stdin or --key-command");
  }
}

bool is_same(const domain::SecretSource& one, const domain::SecretSource& other) {
  return one.kind == other.kind && one.reference == other.reference;
}

/// Where nufid is to find a secret, with its own rights, is for people on its machine to say: an
/// access token that leaked must neither become a shell nor read its environment.
void check_source(const Actor& actor,
                  const domain::SecretSource& before,
                  const domain::SecretSource& after) {
  const bool is_given =
      after.kind == domain::SecretKind::none || after.kind == domain::SecretKind::stored;
  if (is_given || is_same(before, after)) return;
  require_socket(actor, "take a secret from the environment, a file or a command");
}

/// A secret that is kept stays with the address it was given for: with a token that leaked it could
/// be sent anywhere otherwise.
void check_target(const Actor& actor,
                  const domain::Upstream& before,
                  const domain::Upstream& after) {
  const bool keeps_secret =
      before.secret.kind != domain::SecretKind::none && is_same(before.secret, after.secret);
  const bool moves = before.url.text() != after.url.text() || before.ca_file != after.ca_file;
  if (keeps_secret && moves) {
    require_socket(actor, "lead an upstream elsewhere without giving its secret anew");
  }
}

/// A call was answered, as a client's would be.
bool is_answer(const domain::ProbeStep& step) {
  return step.result == domain::ProbeResult::ok &&
         (step.name == "chat" || step.name == "embeddings");
}

/// Groups choose upstreams by name: one that is chosen keeps it, or the group had none.
void refuse_named_by_groups(const Context& context, const domain::Upstream& upstream) {
  for (const domain::Group& group : context.store.people().groups()) {
    const auto& names = group.upstreams;
    if (std::find(names.begin(), names.end(), upstream.name) == names.end()) continue;
    throw Error(Errc::conflict,
                "the group " + group.name + " may use " + upstream.name + " by this name",
                "first: nufi groups edit " + group.name + " --upstream …, or none");
  }
}

}  // namespace

domain::UpstreamView add_upstream(const Context& context,
                                  const Actor& actor,
                                  const domain::UpstreamTerms& terms) {
  require_admin(actor, "add upstreams");
  check_first_terms(terms);
  const std::lock_guard lock(context.changes);
  domain::Upstream upstream;
  upstream.id = domain::UpstreamId::random();
  upstream.created_at = context.clock.now();
  apply(terms, Names(context.store.people()), context.vault, upstream);
  check_source(actor, {}, upstream.secret);
  check_name_is_free(context, upstream);
  context.store.upstreams().insert(upstream,
                                   audit_change(context,
                                                actor,
                                                "upstream.add",
                                                {upstream.id.text(), upstream.name},
                                                {},
                                                facts_of(upstream)));
  context.publisher.publish_world();
  return view_of(context, actor, find_upstream(context, upstream.id.text()));
}

std::vector<domain::UpstreamView> list_upstreams(const Context& context, const Actor& actor) {
  std::vector<domain::UpstreamView> views;
  for (const domain::ReadyUpstream& one : context.publisher.upstreams()) {
    views.push_back(view_of(context, actor, one));
  }
  return views;
}

domain::UpstreamView show_upstream(const Context& context,
                                   const Actor& actor,
                                   std::string_view name) {
  return view_of(context, actor, find_upstream(context, name));
}

domain::UpstreamView edit_upstream(const Context& context,
                                   const Actor& actor,
                                   std::string_view name,
                                   const domain::UpstreamTerms& terms) {
  require_admin(actor, "edit upstreams");
  const std::lock_guard lock(context.changes);
  domain::Upstream upstream = find_own(context, name);
  const domain::Upstream old = upstream;
  const Facts before = facts_of(upstream);
  apply(terms, Names(context.store.people()), context.vault, upstream);
  check_source(actor, old.secret, upstream.secret);
  check_target(actor, old, upstream);
  check_name_is_free(context, upstream);
  if (upstream.name != old.name) refuse_named_by_groups(context, old);
  if (const Facts after = facts_of(upstream); after != before) {
    context.store.upstreams().update(
        upstream,
        audit_change(
            context, actor, "upstream.edit", {upstream.id.text(), upstream.name}, before, after));
    context.publisher.publish_world();
  }
  return view_of(context, actor, find_upstream(context, upstream.id.text()));
}

void remove_upstream(const Context& context, const Actor& actor, std::string_view name) {
  require_admin(actor, "remove upstreams");
  const std::lock_guard lock(context.changes);
  const domain::Upstream upstream = find_own(context, name);
  refuse_named_by_groups(context, upstream);
  context.store.upstreams().remove(upstream.id,
                                   audit_change(context,
                                                actor,
                                                "upstream.remove",
                                                {upstream.id.text(), upstream.name},
                                                facts_of(upstream),
                                                {}));
  context.publisher.publish_world();
}

std::vector<domain::ProbeStep> test_upstream(const Context& context,
                                             const Actor& actor,
                                             std::string_view name,
                                             std::string_view model) {
  require_admin(actor, "test upstreams");
  const domain::ReadyUpstream old = find_upstream(context, name);
  const domain::ReadyUpstream ready = context.publisher.read_anew(old.upstream);
  if (ready.problem != old.problem || ready.secret.expose() != old.secret.expose()) {
    const std::lock_guard lock(context.changes);
    context.publisher.publish_world();
  }
  if (!ready.problem.empty()) {
    domain::ProbeStep step;
    step.name = "secret";
    step.result = domain::ProbeResult::failed;
    step.detail = ready.problem;
    step.hint = "nufid must be able to read it; or give it once: nufi upstreams edit " +
                ready.upstream.name + " --key-stdin";
    return {step};
  }
  ProbeWay way;
  way.ca_file = context.facts.ca_file;
  way.proxies = context.facts.proxies;
  const domain::PriceBook prices = context.publisher.price_book();
  auto steps = probe(ready, std::string(model), way, prices, context.clock);
  if (std::any_of(steps.begin(), steps.end(), is_answer)) {
    context.data_plane.upstream_answered(ready.upstream.id);
  }
  return steps;
}

}  // namespace nufi::service
