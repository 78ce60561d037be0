#include "lib/api/fields.hpp"
#include "lib/base/text.hpp"

namespace nufi::api {

Json to_json(const domain::TokenView& view) {
  const domain::AccessToken& token = view.token;
  Json json{{"id", token.id.text()},
            {"name", token.name},
            {"masked", token.masked},
            {"status", domain::token_state_name(view.state)},
            {"account", view.account},
            {"created_at", format_rfc3339(token.created_at)},
            {"last_used_at", time_or_null(token.last_used_at)},
            {"expires_at", time_or_null(token.expires_at)},
            {"revoked_at", time_or_null(token.revoked_at)}};
  if (view.secret) json["token"] = view.secret->expose();
  return json;
}

domain::TokenView token_from_json(const Json& json) {
  Fields fields(json, "token");
  domain::TokenView view;
  domain::AccessToken& token = view.token;
  token.id = domain::TokenId(fields.need("id", read_text));
  token.name = fields.need("name", read_text);
  token.masked = fields.get("masked", read_text);
  view.state = fields.need("status", [](const Json& value, std::string_view field) {
    return read_word<domain::TokenState>(
        value, field, domain::token_state_from_name, "active, expired, revoked");
  });
  view.account = fields.get("account", read_text);
  token.created_at = fields.need("created_at", read_time);
  token.last_used_at = fields.maybe("last_used_at", read_time);
  token.expires_at = fields.maybe("expires_at", read_time);
  token.revoked_at = fields.maybe("revoked_at", read_time);
  if (auto secret = fields.maybe("token", read_text)) view.secret = Secret(std::move(*secret));
  return view;
}

Json to_json(const domain::TokenTerms& terms) {
  return Json{{"name", terms.name}, {"expires_at", time_or_null(terms.expires_at)}};
}

domain::TokenTerms token_terms_from_json(const Json& json) {
  Fields fields(json, "the body");
  domain::TokenTerms terms;
  terms.name = fields.need("name", read_text);
  terms.expires_at = fields.maybe("expires_at", read_time);
  fields.refuse_others();
  return terms;
}

Json to_json(const domain::ConsoleLink& link) {
  return Json{{"url", link.url.expose()}, {"expires_at", format_rfc3339(link.expires_at)}};
}

domain::ConsoleLink console_link_from_json(const Json& json) {
  Fields fields(json, "link");
  domain::ConsoleLink link;
  link.url = Secret(fields.need("url", read_text));
  link.expires_at = fields.need("expires_at", read_time);
  return link;
}

Secret console_code_from_json(const Json& json) {
  Fields fields(json, "the body");
  Secret code(fields.need("code", read_text));
  fields.refuse_others();
  return code;
}

}  // namespace nufi::api
