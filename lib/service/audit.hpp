#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/audit.hpp"
#include "lib/domain/budget.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The audit log: every change writes one entry, in its own transaction, through the one helper
/// here. What is refused or fails writes none.
namespace nufi::service {

/// What can be told of a thing, by the field names of the API, in order. A use case makes the facts
/// of a thing before and after; the log gets those that differ.
class Facts {
 public:
  /// "" is null.
  Facts& text(std::string_view name, std::string_view value);
  Facts& number(std::string_view name, std::int64_t value);
  Facts& number(std::string_view name, const std::optional<std::int64_t>& value);
  Facts& flag(std::string_view name, bool value);
  Facts& money(std::string_view name, const std::optional<domain::Money>& value);
  Facts& time(std::string_view name, const std::optional<Timestamp>& value);
  Facts& list(std::string_view name, const std::vector<std::string>& value);
  /// A number that is written out already, e.g. "1.5".
  Facts& decimal(std::string_view name, std::string value);
  /// budget_usd, budget_period, token_limit, token_limit_period.
  Facts& limits(const domain::SpendLimits& value);
  /// Something that must not be read in the log: `shown` is told, and told to have changed when
  /// `value` has.
  Facts& secret(std::string_view name, std::string_view shown, std::string value);

  [[nodiscard]] bool empty() const { return facts_.empty(); }
  /// A JSON object of the facts that `other` has not, or has otherwise; what says nothing (null,
  /// false, an empty list) counts as not there. "" without any facts.
  [[nodiscard]] std::string but_for(const Facts& other) const;
  /// The same facts, also where they are not told.
  bool operator==(const Facts&) const = default;

 private:
  struct Fact {
    std::string name;
    std::string json;
    std::string hidden;
    bool operator==(const Fact&) const = default;
  };
  Facts& add(std::string_view name, std::string json, std::string hidden = {});
  [[nodiscard]] const Fact* find(const std::string& name) const;

  std::vector<Fact> facts_;
};

/// What a change is about.
struct AuditSubject {
  std::string id;    ///< "key_…", "gpt-4o", "timezone"
  std::string name;  ///< what people call it; "" when the id says it
};

/// The entry for what `actor` does now: the facts of `subject` that differ, as they were and as
/// they became. Nothing in `before`: it was made; nothing in `after`: it was removed.
store::AuditEntry audit_change(const Context& context,
                               const Actor& actor,
                               std::string action,
                               const AuditSubject& subject,
                               const Facts& before,
                               const Facts& after);

struct AuditQuery {
  std::int64_t last = 50;   ///< 1 to 10000
  std::int64_t before = 0;  ///< id of an entry: only older ones; 0 = from the newest
};
/// Newest first; `next` is the id to go on before. Admins only: Error{not_permitted}. Throws
/// Error{invalid} for a `last` out of range, Error{unavailable}.
Page<domain::AuditView> list_audit(const Context& context,
                                   const Actor& actor,
                                   const AuditQuery& query);

}  // namespace nufi::service
