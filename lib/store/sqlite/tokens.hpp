#pragma once

#include "lib/store/sqlite/readers.hpp"
#include "lib/store/tokens.hpp"

namespace nufi::store::sqlite {

class SqliteTokens final : public Tokens {
 public:
  SqliteTokens(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  void insert(const domain::AccessToken& token, const AuditEntry& audit) override;
  void revoke(const domain::TokenId& id, Timestamp now, const AuditEntry& audit) override;
  void touch(const domain::TokenId& id, Timestamp now) override;
  std::optional<domain::AccessToken> by_digest(const Sha256& digest) override;
  std::vector<domain::AccessToken> matching(std::string_view word) override;
  std::vector<domain::AccessToken> list() override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace nufi::store::sqlite
