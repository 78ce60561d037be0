#pragma once

#include "lib/domain/terms.hpp"
#include "lib/domain/views.hpp"
#include "lib/ledger/ledger.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/context.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace nufi::service {

/// The part of a wish that is about budgets and token limits.
struct SpendTerms {
  const domain::Change<domain::Money>& budget;
  const domain::Change<domain::Period>& budget_period;
  const domain::Change<std::int64_t>& token_limit;
  const domain::Change<domain::Period>& token_period;
};

/// Applies it; a cleared period is a month again. Throws Error{invalid} for a negative amount or a
/// budget per minute or hour.
void apply(const SpendTerms& terms, domain::SpendLimits& limits);

/// `limits` with what is used of them now.
domain::Standing standing_of(const ledger::Ledger& ledger,
                             domain::Scope scope,
                             const std::string& subject,
                             const domain::SpendLimits& limits);

/// True if a `total` budget or token limit has nothing left.
bool is_total_used_up(const domain::Standing& standing);

/// Starts the windows of a new subject.
void start_windows(ledger::Ledger& ledger,
                   domain::Scope scope,
                   const std::string& subject,
                   const domain::SpendLimits& limits);
/// Starts those windows of a changed subject that it did not have before.
void start_new_windows(ledger::Ledger& ledger,
                       domain::Scope scope,
                       const std::string& subject,
                       const domain::SpendLimits& before,
                       const domain::SpendLimits& after);

/// Forgives what the subject has spent in the running cycles of `limits`, and says so in the audit
/// log as `action` ("key.reset_spend"). Call with the lock of changes held, after a change of
/// limits. Throws Error{unavailable}.
void reset_spend(const Context& context,
                 const Actor& actor,
                 std::string action,
                 domain::Scope scope,
                 const AuditSubject& subject,
                 const domain::SpendLimits& limits);

/// Starts the windows of keys, projects and accounts that count another period than their limits
/// say: nufid died between an edit and its window. For the start. Throws Error{unavailable}.
void mend_windows(store::People& people,
                  const std::vector<domain::Key>& keys,
                  ledger::Ledger& ledger);

}  // namespace nufi::service
