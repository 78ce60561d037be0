#include "lib/service/context.hpp"

#include "lib/service/actor.hpp"

namespace nufi::service {

store::AuditEntry audit_entry(const Context& context,
                              const Actor& actor,
                              std::string action,
                              std::string subject,
                              std::string before,
                              std::string after) {
  return {.time = context.clock.now(),
          .actor = actor.account.text(),
          .uid = actor.uid,
          .action = std::move(action),
          .subject = std::move(subject),
          .before = std::move(before),
          .after = std::move(after),
          .username = actor.username};
}

}  // namespace nufi::service
