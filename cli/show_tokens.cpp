#include "cli/show_tokens.hpp"

#include <nlohmann/json.hpp>

namespace nufi::cli {

using domain::TokenState;
using domain::TokenView;

namespace {

Tone tone_of(TokenState state) {
  return state == TokenState::active ? Tone::good : Tone::dim;
}

}  // namespace

Listing list_of_tokens(const std::vector<TokenView>& tokens, Timestamp now) {
  Listing listing{items_of(tokens),
                  {},
                  Table({{.title = "TOKEN", .shrinks_to = 12},
                         {.title = "STATUS"},
                         {.title = "ACCOUNT", .rank = 3, .shrinks_to = 8},
                         {.title = "LAST USED", .rank = 4},
                         {.title = "EXPIRES", .rank = 5},
                         {.title = "CREATED", .rank = 1},
                         {.title = "MASKED", .rank = 2},
                         {.title = "ID", .only_raw = true}}),
                  "no access tokens: nufi tokens create --name NAME makes one"};
  for (const TokenView& view : tokens) {
    const domain::AccessToken& token = view.token;
    listing.ids.push_back(token.id.text());
    listing.table.add(
        {text_cell(token.name, Tone::strong),
         text_cell(std::string(domain::token_state_name(view.state)), tone_of(view.state)),
         text_cell(view.account),
         ago_cell(token.last_used_at, now),
         until_cell(token.expires_at, now),
         ago_cell(token.created_at, now),
         text_cell(token.masked, Tone::dim),
         text_cell(token.id.text())});
  }
  return listing;
}

}  // namespace nufi::cli
