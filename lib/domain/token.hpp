#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/secret.hpp"
#include "lib/domain/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace nufi::domain {

enum class TokenState { active, expired, revoked };

std::string_view token_state_name(TokenState state) noexcept;
std::optional<TokenState> token_state_from_name(std::string_view name) noexcept;

/// What is remembered of an access token (to the management API over TCP); never the token itself.
struct AccessToken {
  TokenId id;
  std::string name;
  AccountId account;   ///< whom it acts as
  Sha256 digest{};     ///< of the whole token
  std::string masked;  ///< "at-nufi-…d7c"
  Timestamp created_at;
  std::optional<Timestamp> last_used_at;
  std::optional<Timestamp> expires_at;
  std::optional<Timestamp> revoked_at;
};

/// The state at `now`; revoked beats expired.
TokenState token_state(const AccessToken& token, Timestamp now);

/// `at-nufi-` and what credential.hpp says.
Secret mint_token();
bool is_well_formed_token(std::string_view text) noexcept;
/// "at-nufi-…" + the last 3 characters.
std::string mask_token(std::string_view token_text);

/// `nufi tokens create`.
struct TokenTerms {
  std::string name;
  std::optional<Timestamp> expires_at;  ///< std::nullopt = never
};

/// A token for a reader.
struct TokenView {
  AccessToken token;
  TokenState state = TokenState::active;
  std::string account;           ///< username
  std::optional<Secret> secret;  ///< the token itself: create only
};

}  // namespace nufi::domain
