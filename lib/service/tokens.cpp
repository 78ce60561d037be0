#include "lib/service/tokens.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/names.hpp"
#include "lib/service/people.hpp"

#include <fmt/format.h>

#include <mutex>
#include <string>
#include <utility>

namespace nufi::service {

namespace {

using domain::AccessToken;
using domain::TokenView;

/// How exactly the last use is known: not every request has to be written down.
constexpr std::chrono::minutes kTouchEvery{1};

TokenView view_of(const Context& context, const Names& names, AccessToken token) {
  TokenView view;
  view.state = domain::token_state(token, context.clock.now());
  view.account = names.account(token.account);
  view.token = std::move(token);
  return view;
}

Facts facts_of(const AccessToken& token) {
  Facts facts;
  facts.text("name", token.name)
      .text("masked", token.masked)
      .time("expires_at", token.expires_at)
      .time("revoked_at", token.revoked_at);
  return facts;
}

/// The token that `word` means to `actor`: its own, if it has one, before other people's.
AccessToken find_token(const Context& context, const Actor& actor, std::string_view word) {
  auto found = context.store.tokens().matching(word);
  for (AccessToken& token : found) {
    if (found.size() > 1 && token.name == word && token.account == actor.account) return token;
  }
  if (found.size() == 1) return std::move(found.front());
  if (found.size() > 1) {
    std::string ids;
    for (const AccessToken& token : found) {
      ids += fmt::format("{}{} ({})", ids.empty() ? "" : ", ", token.id.text(), token.name);
    }
    throw Error(Errc::ambiguous,
                fmt::format("'{}' can mean {} access tokens", word, found.size()),
                "name one by its id: " + ids);
  }
  std::vector<std::string> names;
  for (AccessToken& token : context.store.tokens().list()) names.push_back(std::move(token.name));
  const auto near = closest(word, names);
  throw Error(Errc::not_found,
              fmt::format("there is no access token called '{}'", word),
              near ? "did you mean " + *near : "see all of them with: nufi tokens list");
}

std::int64_t uid_of(const Context& context, const domain::AccountId& id) {
  for (const domain::Account& account : context.store.people().accounts()) {
    if (account.id == id) return account.uid;
  }
  throw Error(Errc::unauthorized, "the account of this access token is gone");
}

}  // namespace

TokenView create_token(const Context& context,
                       const Actor& actor,
                       const domain::TokenTerms& terms) {
  require_admin(actor, "make access tokens");
  require_socket(actor, "make access tokens");
  check_name(terms.name, domain::TokenTag::kPrefix);
  const std::lock_guard lock(context.changes);
  const Timestamp now = context.clock.now();
  if (terms.expires_at && *terms.expires_at <= now) {
    throw Error(
        Errc::invalid, "expires_at must be in the future", "for example 30d, 2030-12-31 or never");
  }
  Secret secret = domain::mint_token();
  AccessToken token;
  token.id = domain::TokenId::random();
  token.name = terms.name;
  token.account = actor.account;
  token.digest = sha256(secret.expose());
  token.masked = domain::mask_token(secret.expose());
  token.created_at = now;
  token.expires_at = terms.expires_at;
  context.store.tokens().insert(
      token,
      audit_change(
          context, actor, "token.create", {token.id.text(), token.name}, {}, facts_of(token)));
  TokenView view = view_of(context, Names(context.store.people()), std::move(token));
  view.secret = std::move(secret);
  return view;
}

std::vector<TokenView> list_tokens(const Context& context, const Actor& actor) {
  require_admin(actor, "see access tokens");
  const Names names(context.store.people());
  std::vector<TokenView> views;
  for (AccessToken& token : context.store.tokens().list()) {
    views.push_back(view_of(context, names, std::move(token)));
  }
  return views;
}

TokenView show_token(const Context& context, const Actor& actor, std::string_view word) {
  require_admin(actor, "see access tokens");
  return view_of(context, Names(context.store.people()), find_token(context, actor, word));
}

TokenView revoke_token(const Context& context, const Actor& actor, std::string_view word) {
  require_admin(actor, "revoke access tokens");
  const std::lock_guard lock(context.changes);
  AccessToken token = find_token(context, actor, word);
  if (!token.revoked_at) {
    const Facts before = facts_of(token);
    token.revoked_at = context.clock.now();
    context.store.tokens().revoke(token.id,
                                  *token.revoked_at,
                                  audit_change(context,
                                               actor,
                                               "token.revoke",
                                               {token.id.text(), token.name},
                                               before,
                                               facts_of(token)));
  }
  return view_of(context, Names(context.store.people()), std::move(token));
}

Actor admit_token(const Context& context, std::string_view text) {
  // A typo needs no look into the database, and neither does a guess.
  if (!domain::is_well_formed_token(text)) {
    throw Error(Errc::unauthorized, "this is no access token", "it begins with at-nufi-");
  }
  // What is looked up is the hash: how long that takes tells nothing about the token.
  const auto token = context.store.tokens().by_digest(sha256(text));
  if (!token) throw Error(Errc::unauthorized, "nobody has this access token");
  const Timestamp now = context.clock.now();
  switch (domain::token_state(*token, now)) {
    case domain::TokenState::revoked:
      throw Error(Errc::unauthorized, "this access token is revoked");
    case domain::TokenState::expired:
      throw Error(Errc::unauthorized, "this access token has expired");
    case domain::TokenState::active:
      break;
  }
  Actor actor = admit(context, uid_of(context, token->account));
  actor.via = token->id.text();
  if (!token->last_used_at || now - *token->last_used_at >= kTouchEvery) {
    context.store.tokens().touch(token->id, now);
  }
  return actor;
}

}  // namespace nufi::service
