#include "lib/service/spending.hpp"

#include "lib/base/error.hpp"

#include <fmt/format.h>

#include <utility>

namespace nufi::service {

using domain::Metric;
using domain::Period;
using domain::WindowId;

namespace {

void apply_period(const domain::Change<Period>& change, Period& period) {
  if (change.clears()) period = Period::month;
  if (change.sets()) period = change.value();
}

}  // namespace

void apply(const SpendTerms& terms, domain::SpendLimits& limits) {
  if (terms.budget.sets() && terms.budget.value() < domain::Money::zero()) {
    throw Error(Errc::invalid, "budget_usd must not be negative", "none takes the budget away");
  }
  if (terms.token_limit.sets() && terms.token_limit.value() < 0) {
    throw Error(Errc::invalid, "token_limit must not be negative", "none takes the limit away");
  }
  if (terms.budget_period.sets() && (terms.budget_period.value() == Period::minute ||
                                     terms.budget_period.value() == Period::hour)) {
    throw Error(Errc::invalid, "budget_period must be day, week, month or total");
  }
  terms.budget.apply_to(limits.budget);
  terms.token_limit.apply_to(limits.token_limit);
  apply_period(terms.budget_period, limits.budget_period);
  apply_period(terms.token_period, limits.token_period);
}

domain::Standing standing_of(const ledger::Ledger& ledger,
                             domain::Scope scope,
                             const std::string& subject,
                             const domain::SpendLimits& limits) {
  return {.limits = limits,
          .usd = ledger.window(WindowId{scope, subject, Metric::usd, limits.budget_period}),
          .tokens = ledger.window(WindowId{scope, subject, Metric::tokens, limits.token_period})};
}

bool is_total_used_up(const domain::Standing& standing) {
  const domain::SpendLimits& limits = standing.limits;
  const bool no_money = limits.budget && limits.budget_period == Period::total &&
                        standing.usd.room_after_settling(limits.budget->nanos()) == 0;
  const bool no_tokens = limits.token_limit && limits.token_period == Period::total &&
                         standing.tokens.room_after_settling(*limits.token_limit) == 0;
  return no_money || no_tokens;
}

void start_windows(ledger::Ledger& ledger,
                   domain::Scope scope,
                   const std::string& subject,
                   const domain::SpendLimits& limits) {
  ledger.start_window(WindowId{scope, subject, Metric::usd, limits.budget_period});
  ledger.start_window(WindowId{scope, subject, Metric::tokens, limits.token_period});
}

void start_new_windows(ledger::Ledger& ledger,
                       domain::Scope scope,
                       const std::string& subject,
                       const domain::SpendLimits& before,
                       const domain::SpendLimits& after) {
  if (before.budget_period != after.budget_period) {
    ledger.start_window(WindowId{scope, subject, Metric::usd, after.budget_period});
  }
  if (before.token_period != after.token_period) {
    ledger.start_window(WindowId{scope, subject, Metric::tokens, after.token_period});
  }
}

void reset_spend(const Context& context,
                 const Actor& actor,
                 std::string action,
                 domain::Scope scope,
                 const AuditSubject& subject,
                 const domain::SpendLimits& limits) {
  const auto spent = [](std::int64_t nanos, std::int64_t tokens) {
    Facts facts;
    facts.money("spent_usd", domain::Money::nanos(nanos)).number("tokens_used", tokens);
    return facts;
  };
  const domain::Standing now = standing_of(context.ledger, scope, subject.id, limits);
  context.ledger.reset_windows({WindowId{scope, subject.id, Metric::usd, limits.budget_period},
                                WindowId{scope, subject.id, Metric::tokens, limits.token_period}},
                               audit_change(context,
                                            actor,
                                            std::move(action),
                                            subject,
                                            spent(now.usd.spent, now.tokens.spent),
                                            spent(0, 0)));
}

void mend_windows(store::People& people,
                  const std::vector<domain::Key>& keys,
                  ledger::Ledger& ledger) {
  const auto mend_one = [&](const WindowId& id) {
    const auto counted = ledger.counted_period(id.scope, id.subject, id.metric);
    if (counted && *counted != id.period) ledger.start_window(id);
  };
  const auto mend =
      [&](domain::Scope scope, const std::string& subject, const domain::SpendLimits& limits) {
        mend_one(WindowId{scope, subject, Metric::usd, limits.budget_period});
        mend_one(WindowId{scope, subject, Metric::tokens, limits.token_period});
      };
  for (const domain::Account& account : people.accounts()) {
    mend(domain::Scope::account, account.id.text(), account.limits);
  }
  for (const domain::Project& project : people.projects()) {
    mend(domain::Scope::project, project.id.text(), project.limits);
  }
  for (const domain::Key& key : keys) {
    mend(domain::Scope::key, key.id.text(), key.limits);
  }
}

}  // namespace nufi::service
