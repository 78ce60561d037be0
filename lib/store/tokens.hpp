#pragma once

#include "lib/domain/token.hpp"
#include "lib/store/audit.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace nufi::store {

/// Access tokens to the management API. One method is one transaction. Thread-safe. Throws
/// Error{unavailable} if the database can't be read or written.
class Tokens {
 public:
  virtual ~Tokens() = default;
  /// Throws Error{conflict} if a token of the account that is not revoked has the name.
  virtual void insert(const domain::AccessToken& token, const AuditEntry& audit) = 0;
  /// Throws Error{not_found} if no token that is not revoked has the id.
  virtual void revoke(const domain::TokenId& id, Timestamp now, const AuditEntry& audit) = 0;
  /// Notes that it was used. Nothing happens for an id nobody has.
  virtual void touch(const domain::TokenId& id, Timestamp now) = 0;
  virtual std::optional<domain::AccessToken> by_digest(const Sha256& digest) = 0;
  /// Tokens that `word` can mean: those with that name that are not revoked, else the one revoked
  /// last with it, else those whose id is `word` or starts with it.
  virtual std::vector<domain::AccessToken> matching(std::string_view word) = 0;
  /// Oldest first.
  virtual std::vector<domain::AccessToken> list() = 0;
};

}  // namespace nufi::store
