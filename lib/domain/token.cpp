#include "lib/domain/token.hpp"

#include "lib/domain/credential.hpp"

#include <array>

namespace nufi::domain {

namespace {

constexpr std::array kStates = {TokenState::active, TokenState::expired, TokenState::revoked};

}  // namespace

std::string_view token_state_name(TokenState state) noexcept {
  switch (state) {
    case TokenState::active:
      return "active";
    case TokenState::expired:
      return "expired";
    case TokenState::revoked:
      return "revoked";
  }
  return "";
}

std::optional<TokenState> token_state_from_name(std::string_view name) noexcept {
  for (const TokenState state : kStates) {
    if (token_state_name(state) == name) return state;
  }
  return std::nullopt;
}

TokenState token_state(const AccessToken& token, Timestamp now) {
  if (token.revoked_at) return TokenState::revoked;
  if (token.expires_at && *token.expires_at <= now) return TokenState::expired;
  return TokenState::active;
}

Secret mint_token() {
  return mint_credential(kTokenPrefix);
}

bool is_well_formed_token(std::string_view text) noexcept {
  return is_well_formed_credential(kTokenPrefix, text);
}

std::string mask_token(std::string_view token_text) {
  return mask_credential(kTokenPrefix, token_text);
}

}  // namespace nufi::domain
