#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/ids.hpp"

#include <cstdint>
#include <string>

namespace nufi::domain {

/// One entry of the audit log, for a reader.
struct AuditView {
  std::int64_t id = 0;  ///< its place in the log
  Timestamp time;
  std::string account;     ///< login name of who did it, or "system"
  std::string account_id;  ///< or "system"
  std::int64_t uid = -1;   ///< operating-system user, -1 = none
  std::string via;         ///< door: "" = the Unix socket, an access token's id, "console"
  std::string action;      ///< "key.create", "upstream.remove", …
  std::string subject;     ///< id of what was changed
  std::string name;        ///< what people called it then, or ""
  std::string before;      ///< JSON object of what changed, as it was; "" = it was not there
  std::string after;       ///< JSON object of what changed, as it became; "" = it is gone
};

}  // namespace nufi::domain
