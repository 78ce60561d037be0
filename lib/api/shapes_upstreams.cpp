#include "lib/api/fields.hpp"
#include "lib/base/text.hpp"

namespace nufi::api {

using domain::ProbeResult;
using domain::SecretKind;

namespace {

SecretKind read_secret_kind(const Json& json, std::string_view field) {
  return read_word<SecretKind>(
      json, field, domain::secret_kind_from_name, "none, stored, env, file, command");
}

domain::BaseUrl read_url(const Json& json, std::string_view field) {
  return domain::BaseUrl::parse(read_text(json, field));
}

Secret read_secret(const Json& json, std::string_view field) {
  return Secret(read_text(json, field));
}

std::string_view result_name(ProbeResult result) {
  switch (result) {
    case ProbeResult::ok:
      return "ok";
    case ProbeResult::warning:
      return "warning";
    case ProbeResult::failed:
      return "failed";
    case ProbeResult::skipped:
      return "skipped";
  }
  return "";
}

ProbeResult read_result(const Json& json, std::string_view field) {
  const auto parse = [](std::string_view name) -> std::optional<ProbeResult> {
    for (const auto result :
         {ProbeResult::ok, ProbeResult::warning, ProbeResult::failed, ProbeResult::skipped}) {
      if (result_name(result) == name) return result;
    }
    return std::nullopt;
  };
  return read_word<ProbeResult>(json, field, parse, "ok, warning, failed, skipped");
}

}  // namespace

Json to_json(const domain::UpstreamView& view) {
  const domain::Upstream& upstream = view.upstream;
  return Json{{"id", upstream.id.text()},
              {"name", upstream.name},
              {"url", upstream.url.text()},
              {"provider", text_or_null(upstream.provider)},
              {"secret", view.secret},
              {"secret_problem", text_or_null(view.secret_problem)},
              {"health", view.health},
              {"models", upstream.models},
              {"aliases", pairs_to_json(upstream.aliases)},
              {"headers", pairs_to_json(upstream.headers)},
              {"groups", upstream.groups},
              {"priority", upstream.priority},
              {"weight", upstream.weight},
              {"free", upstream.free},
              {"built_in", upstream.built_in},
              {"max_connections", value_or_null(upstream.max_connections)},
              {"ca_file", text_or_null(upstream.ca_file)},
              {"created_at", format_rfc3339(upstream.created_at)}};
}

domain::UpstreamView upstream_from_json(const Json& json) {
  Fields fields(json, "upstream");
  domain::UpstreamView view;
  domain::Upstream& upstream = view.upstream;
  upstream.id = domain::UpstreamId(fields.need("id", read_text));
  upstream.name = fields.need("name", read_text);
  upstream.url = fields.need("url", read_url);
  upstream.provider = fields.get("provider", read_text);
  view.secret = fields.get("secret", read_text);
  view.secret_problem = fields.get("secret_problem", read_text);
  view.health = fields.get("health", read_text);
  upstream.models = fields.get("models", read_texts);
  upstream.aliases = fields.get("aliases", read_pairs);
  upstream.headers = fields.get("headers", read_pairs);
  upstream.groups = fields.get("groups", read_texts);
  upstream.priority = fields.get("priority", read_integer);
  upstream.weight = fields.maybe("weight", read_integer).value_or(1);
  upstream.free = fields.get("free", read_flag);
  upstream.built_in = fields.get("built_in", read_flag);
  upstream.max_connections = fields.maybe("max_connections", read_integer);
  upstream.ca_file = fields.get("ca_file", read_text);
  upstream.created_at = fields.get("created_at", read_time);
  return view;
}

Json to_json(const domain::UpstreamTerms& terms) {
  Json json = Json::object();
  put_change(json, "name", terms.name);
  put_change(json, "url", terms.url);
  put_change(json, "preset", terms.preset);
  put_change(json, "secret_kind", terms.secret_kind, domain::secret_kind_name);
  put_change(json, "secret_reference", terms.secret_reference);
  put_change(json, "secret_text", terms.secret_text, [](const Secret& secret) {
    return Json(secret.expose());
  });
  put_change(json, "models", terms.models);
  put_change(json, "aliases", terms.aliases, pairs_to_json);
  put_change(json, "headers", terms.headers, pairs_to_json);
  put_change(json, "groups", terms.groups);
  put_change(json, "priority", terms.priority);
  put_change(json, "weight", terms.weight);
  put_change(json, "free", terms.free);
  put_change(json, "max_connections", terms.max_connections);
  put_change(json, "ca_file", terms.ca_file);
  return json;
}

domain::UpstreamTerms upstream_terms_from_json(const Json& json) {
  Fields fields(json, "the body");
  domain::UpstreamTerms terms;
  terms.name = fields.change("name", read_text);
  terms.url = fields.change("url", read_text);
  terms.preset = fields.change("preset", read_text);
  terms.secret_kind = fields.change("secret_kind", read_secret_kind);
  terms.secret_reference = fields.change("secret_reference", read_text);
  terms.secret_text = fields.change("secret_text", read_secret);
  terms.models = fields.change("models", read_texts);
  terms.aliases = fields.change("aliases", read_pairs);
  terms.headers = fields.change("headers", read_pairs);
  terms.groups = fields.change("groups", read_texts);
  terms.priority = fields.change("priority", read_integer);
  terms.weight = fields.change("weight", read_integer);
  terms.free = fields.change("free", read_flag);
  terms.max_connections = fields.change("max_connections", read_integer);
  terms.ca_file = fields.change("ca_file", read_text);
  fields.refuse_others();
  return terms;
}

Json to_json(const domain::ProbeStep& step) {
  return Json{{"name", step.name},
              {"result", result_name(step.result)},
              {"ok", step.result != ProbeResult::failed},
              {"detail", step.detail},
              {"hint", text_or_null(step.hint)},
              {"ms", step.ms},
              {"first_byte_ms", value_or_null(step.first_byte_ms)}};
}

domain::ProbeStep probe_step_from_json(const Json& json) {
  Fields fields(json, "step");
  domain::ProbeStep step;
  step.name = fields.need("name", read_text);
  step.result = fields.need("result", read_result);
  step.detail = fields.get("detail", read_text);
  step.hint = fields.get("hint", read_text);
  step.ms = fields.get("ms", read_integer);
  step.first_byte_ms = fields.maybe("first_byte_ms", read_integer);
  return step;
}

Json to_json(const domain::LocalServer& server) {
  return Json{{"preset", text_or_null(server.preset)},
              {"url", server.url},
              {"models", server.models},
              {"needs_key", server.needs_key},
              {"upstream", text_or_null(server.upstream)},
              {"added", server.added}};
}

domain::LocalServer local_server_from_json(const Json& json) {
  Fields fields(json, "server");
  domain::LocalServer server;
  server.preset = fields.get("preset", read_text);
  server.url = fields.need("url", read_text);
  server.models = fields.get("models", read_texts);
  server.needs_key = fields.get("needs_key", read_flag);
  server.upstream = fields.get("upstream", read_text);
  server.added = fields.get("added", read_flag);
  return server;
}

}  // namespace nufi::api
