#include "lib/gateway/choose.hpp"

#include "lib/domain/access.hpp"
#include "lib/domain/coverage.hpp"
#include "lib/domain/wide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace nufi::gateway {
namespace {

using namespace std::chrono_literals;
using domain::Metric;
using domain::Scope;

bool has_usd_budget(const Caller& caller) {
  return caller.key->limits.budget || (caller.parent && caller.parent->limits.budget) ||
         caller.project->limits.budget || caller.account->limits.budget;
}

Priced priced(const Caller& caller, const domain::Call& call, domain::Candidate candidate) {
  const auto& world = *caller.world;
  const auto& upstream = *candidate.upstream;
  Priced priced;
  priced.ready = &world.ready.at(upstream.id);
  auto& pricing = priced.pricing;
  pricing.price = world.price(upstream, candidate.model, call.model);
  pricing.free = upstream.free || (pricing.price != nullptr && pricing.price->free);
  const bool is_known = pricing.price != nullptr && domain::covers(*pricing.price, call);
  if (upstream.free || !is_known) pricing.price = nullptr;
  pricing.tier = call.tier;
  pricing.multiplier = caller.group->multiplier;
  priced.candidate = std::move(candidate);
  return priced;
}

}  // namespace

std::variant<std::vector<Priced>, No> choose_upstreams(const Caller& caller,
                                                       const domain::Call& call,
                                                       std::uint64_t random,
                                                       SteadyTime now,
                                                       const domain::UpstreamId* only) {
  if (!domain::is_plain_model_name(call.model)) {
    return refuse_invalid(
        "invalid_value", "The model's name has characters that no model's name has.", "model");
  }
  const auto whose = domain::who_forbids(
      *caller.key, caller.parent.get(), *caller.project, *caller.group, call.model);
  if (!whose.empty()) return refuse_model_not_allowed(call.model, whose);
  auto found = caller.world->candidates(*caller.group, call.model, random);
  if (found.empty()) return refuse_model_not_found(call.model);
  if (call.as_message) {
    std::erase_if(found, [](const auto& each) { return !each.upstream->speaks_messages(); });
    if (found.empty()) return refuse_no_messages(call.model);
  }
  if (only != nullptr) {
    std::erase_if(found, [&](const auto& each) { return each.upstream->id != *only; });
    if (found.empty()) {
      return refuse_invalid("invalid_value",
                            "The upstream that has the conversation of previous_response_id does "
                            "not serve the model '" +
                                call.model + "' to this API key.",
                            "previous_response_id");
    }
  }

  std::vector<Priced> able;
  std::string problem;
  std::vector<Priced> pressed;  // busy or being probed
  std::vector<Resting> resting;
  bool unpriced = false;
  for (auto& candidate : found) {
    auto one = priced(caller, call, std::move(candidate));
    if (!one.ready->problem.empty()) {
      problem = one.ready->problem;
      continue;
    }
    const bool is_known = one.pricing.price != nullptr || one.pricing.free || !call.is_charged;
    if (!is_known && has_usd_budget(caller)) {
      unpriced = true;
      continue;
    }
    auto standing = one.ready->health->standing(one.candidate.model, now);
    switch (standing.state) {
      case UpstreamHealth::State::ready:
        able.push_back(std::move(one));
        break;
      case UpstreamHealth::State::busy:
      case UpstreamHealth::State::probing:
        pressed.push_back(std::move(one));
        break;
      case UpstreamHealth::State::resting:
        resting.push_back({one.candidate.upstream->name, std::move(standing.why), standing.left});
        break;
    }
  }
  if (!able.empty()) return able;
  if (!pressed.empty()) return pressed;
  if (!resting.empty()) return refuse_resting(resting);
  if (unpriced) return refuse_unknown_price(call.model, call.endpoint);
  return refuse_upstream(502, "upstream_error", "The upstream can't be used: " + problem);
}

void bound_transcript(domain::Call& call, const std::vector<Priced>& candidates) {
  std::int64_t most = 0;
  for (const auto& each : candidates) {
    const auto* price = each.pricing.price;
    if (each.pricing.free) continue;
    if (price == nullptr || !price->output_bound()) return;
    most = std::max(most,
                    domain::narrow(domain::multiply(domain::widen(*price->output_bound()),
                                                    domain::widen(call.prompts))));
  }
  if (most > 0) call.output_cap = std::min(call.output_cap.value_or(most), most);
}

ledger::HoldRequest hold_request(const Caller& caller,
                                 const domain::Call& call,
                                 const std::vector<Priced>& candidates) {
  ledger::HoldRequest request;
  auto& row = request.row;
  row.account = caller.key->account;
  row.project = caller.key->project;
  row.key = caller.key->id;
  row.key_name = caller.key->name;
  row.parent = caller.key->parent;
  row.group = caller.group->name;
  row.endpoint = call.endpoint;
  row.model = domain::without_keys(call.model);
  row.stream = call.stream;

  const auto add = [&](Scope scope,
                       const std::string& subject,
                       const domain::SpendLimits& limits,
                       bool soft = false) {
    std::optional<std::int64_t> usd;
    if (limits.budget) usd = limits.budget->nanos();
    request.constraints.push_back({{scope, subject, Metric::usd, limits.budget_period}, usd, soft});
    request.constraints.push_back(
        {{scope, subject, Metric::tokens, limits.token_period}, limits.token_limit, soft});
  };
  const auto add_key = [&](const domain::Key& key) {
    add(Scope::key, key.id.text(), key.limits, key.enforce == domain::Enforce::soft);
  };
  add_key(*caller.key);
  if (caller.parent) add_key(*caller.parent);
  add(Scope::project, caller.project->id.text(), caller.project->limits);
  add(Scope::account, caller.account->id.text(), caller.account->limits);

  bool first = true;
  for (const auto& each : candidates) {
    const auto ceiling = domain::ceiling_of(
        call, each.pricing.free ? nullptr : each.pricing.price, each.pricing.multiplier);
    request.ceiling = first ? ceiling : domain::dearest(request.ceiling, ceiling);
    first = false;
  }
  return request;
}

No refuse_hold(const Caller& caller,
               const domain::WindowRefusal& refusal,
               Timestamp now,
               int budget_status) {
  std::string subject;
  switch (refusal.window.scope) {
    case Scope::key:
      subject = "key '" + caller.key->name + "'";
      if (caller.parent && refusal.window.subject == caller.parent->id.text()) {
        subject = "key '" + caller.parent->name + "', the parent of " + subject + ",";
      }
      break;
    case Scope::project:
      subject = "project '" + caller.project->name + "'";
      break;
    case Scope::account:
      subject = "account '" + caller.account->username + "'";
      break;
  }
  return refuse_window(refusal, subject, now, budget_status);
}

No refuse_unwritable(const std::string& problem) {
  return refuse_unavailable("storage_unavailable",
                            "The ledger can't be written, so nothing is forwarded: " + problem,
                            1s);
}

No refuse_resting(const std::vector<Resting>& all) {
  auto message = std::string("Every upstream for this model has just failed and is given a rest:");
  auto first = std::chrono::seconds::max();
  for (const auto& each : all) {
    const auto left = std::max(std::chrono::ceil<std::chrono::seconds>(each.left), 1s);
    message += fmt::format("{} '{}' ({}) is asked again in {} s",
                           &each == &all.front() ? "" : ",",
                           each.name,
                           each.why.empty() ? "being tried" : each.why,
                           left.count());
    first = std::min(first, left);
  }
  message += ". See: nufi upstreams list";
  return refuse_unavailable("no_upstream_available", std::move(message), first);
}

No refuse_draining() {
  return refuse_unavailable("shutting_down", "nufid is shutting down.", 1s);
}

}  // namespace nufi::gateway
