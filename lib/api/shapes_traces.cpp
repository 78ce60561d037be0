#include "lib/api/fields.hpp"
#include "lib/base/base64.hpp"
#include "lib/base/text.hpp"
#include "lib/base/utf8.hpp"

#include <utility>

namespace nufi::api {

namespace {

using domain::TraceMode;

TraceMode read_mode(const Json& json, std::string_view field) {
  return read_word<TraceMode>(json, field, domain::trace_mode_from_name, "off, on, errors");
}

/// `bytes` without the beginning of a character at their end.
std::string_view without_part(std::string_view bytes) {
  constexpr std::size_t kLongest = 4;
  for (std::size_t back = 1; back <= std::min(kLongest - 1, bytes.size()); ++back) {
    const auto tail = bytes.substr(bytes.size() - back);
    const auto first = static_cast<unsigned char>(tail[0]);
    if ((first & 0xc0U) == 0x80U) continue;
    return first >= 0xc0U && !first_character(tail).valid ? bytes.substr(0, bytes.size() - back)
                                                          : bytes;
  }
  return bytes;
}

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto character = first_character(bytes);
    if (!character.valid || character.code == 0) return false;
    bytes.remove_prefix(character.length);
  }
  return true;
}

void put_head(Json& json, const domain::TraceHead& head) {
  json["id"] = head.id;
  json["time"] = format_rfc3339(head.time);
  json["account"] = text_or_null(head.account);
  json["key"] = head.key.text();
  json["key_name"] = head.key_name;
  json["endpoint"] = head.endpoint;
  json["model"] = text_or_null(head.model);
  json["upstream"] = text_or_null(head.upstream);
  json["status"] = domain::row_status_name(head.status);
  json["http_status"] = head.http_status == 0 ? Json(nullptr) : Json(head.http_status);
  json["error_code"] = text_or_null(head.error_code);
  json["cost_usd"] = money_to_json(head.cost);
  json["total_ms"] = us_to_ms(head.total_us);
}

domain::TraceHead read_head(Fields& fields) {
  domain::TraceHead head;
  head.id = fields.need("id", read_text);
  head.time = fields.need("time", read_time);
  head.account = fields.get("account", read_text);
  head.key = domain::KeyId(fields.get("key", read_text));
  head.key_name = fields.get("key_name", read_text);
  head.endpoint = fields.get("endpoint", read_text);
  head.model = fields.get("model", read_text);
  head.upstream = fields.get("upstream", read_text);
  head.status = fields.need("status", read_row_status);
  head.http_status = static_cast<int>(fields.get("http_status", read_integer));
  head.error_code = fields.get("error_code", read_text);
  head.cost = fields.get("cost_usd", money_from_json);
  head.total_us = fields.maybe("total_ms", read_ms_as_us).value_or(0);
  return head;
}

Json to_json(const domain::TraceAttempt& told) {
  const domain::Attempt& attempt = told.attempt;
  return {{"upstream", attempt.upstream},
          {"model", told.model},
          {"result", attempt.result},
          {"http_status", attempt.http_status == 0 ? Json(nullptr) : Json(attempt.http_status)},
          {"problem", text_or_null(told.problem)},
          {"reused_connection", told.reused},
          {"start_ms", us_to_ms(told.start_us)},
          {"ms", us_to_ms(attempt.total_us)}};
}

domain::TraceAttempt read_attempt(const Json& json) {
  Fields fields(json, "attempt");
  domain::TraceAttempt told;
  told.attempt.upstream = fields.need("upstream", read_text);
  told.model = fields.get("model", read_text);
  told.attempt.result = fields.need("result", read_text);
  told.attempt.http_status = static_cast<int>(fields.get("http_status", read_integer));
  told.problem = fields.get("problem", read_text);
  told.reused = fields.get("reused_connection", read_flag);
  told.start_us = fields.get("start_ms", read_ms_as_us);
  told.attempt.total_us = fields.maybe("ms", read_ms_as_us).value_or(-1);
  return told;
}

domain::TraceSpan read_span(const Json& json) {
  Fields fields(json, "span");
  domain::TraceSpan span;
  span.name = fields.need("name", read_text);
  span.upstream = fields.get("upstream", read_text);
  span.start_us = fields.get("start_ms", read_ms_as_us);
  span.us = fields.get("ms", read_ms_as_us);
  return span;
}

Json body_facts(const domain::TraceBody& body) {
  return {{"content_type", text_or_null(body.content_type)},
          {"bytes", body.size},
          {"cut", body.is_cut()}};
}

void put_bytes(Json& json, const domain::TraceBody& body) {
  const auto text = body.is_cut() ? without_part(body.bytes) : std::string_view(body.bytes);
  if (is_text(text)) {
    json["text"] = text;
  } else {
    json["base64"] = to_base64(body.bytes);
  }
}

domain::TraceBody read_body(const Json& json, std::string_view field) {
  Fields fields(json, field);
  domain::TraceBody body;
  body.content_type = fields.get("content_type", read_text);
  body.size = fields.get("bytes", read_integer);
  body.bytes = fields.get("text", read_text);
  return body;
}

domain::TraceMessage read_message(const Json& json) {
  Fields fields(json, "message");
  return {fields.get("role", read_text), fields.get("text", read_text)};
}

domain::TraceToolCall read_tool_call(const Json& json) {
  Fields fields(json, "tool call");
  return {fields.get("name", read_text), fields.get("arguments", read_text)};
}

domain::Trace read_trace(Fields& fields) {
  domain::Trace trace;
  trace.head = read_head(fields);
  trace.upstream_model = fields.get("upstream_model", read_text);
  trace.stream = fields.get("stream", read_flag);
  trace.error = fields.get("error", read_text);
  trace.usage = fields.get("tokens", read_usage);
  trace.basis = fields.maybe("cost_basis", read_cost_basis).value_or(domain::CostBasis::none);
  trace.changes = fields.get("changes", read_texts);
  trace.attempts = read_list<domain::TraceAttempt>(fields, "attempts", read_attempt);
  trace.spans = read_list<domain::TraceSpan>(fields, "spans", read_span);
  trace.client_blocked_us = fields.get("client_blocked_ms", read_ms_as_us);
  trace.incomplete = fields.get("incomplete", read_flag);
  trace.request = fields.get("request", read_body);
  trace.reply = fields.get("reply", read_body);
  return trace;
}

}  // namespace

Json to_json(const domain::TraceHead& head) {
  Json json = Json::object();
  put_head(json, head);
  return json;
}

domain::TraceHead trace_head_from_json(const Json& json) {
  Fields fields(json, "trace");
  return read_head(fields);
}

Json to_json(const domain::Trace& trace) {
  Json json = Json::object();
  put_head(json, trace.head);
  json["upstream_model"] = text_or_null(trace.upstream_model);
  json["stream"] = trace.stream;
  json["error"] = text_or_null(trace.error);
  json["tokens"] = usage_tokens_to_json(trace.usage);
  json["cost_basis"] = domain::cost_basis_name(trace.basis);
  json["changes"] = trace.changes;
  Json attempts = Json::array();
  for (const auto& attempt : trace.attempts) attempts.push_back(to_json(attempt));
  json["attempts"] = std::move(attempts);
  Json spans = Json::array();
  for (const auto& span : trace.spans) {
    spans.push_back({{"name", span.name},
                     {"upstream", text_or_null(span.upstream)},
                     {"start_ms", us_to_ms(span.start_us)},
                     {"ms", us_to_ms(span.us)}});
  }
  json["spans"] = std::move(spans);
  json["client_blocked_ms"] = us_to_ms(trace.client_blocked_us);
  Json parts = Json::array();
  for (const auto& part : domain::slowest_parts(trace)) {
    parts.push_back({{"part", part.name},
                     {"upstream", text_or_null(part.upstream)},
                     {"ms", us_to_ms(part.us)},
                     {"count", part.count}});
  }
  json["slowest"] = std::move(parts);
  json["incomplete"] = trace.incomplete;
  json["request"] = body_facts(trace.request);
  json["reply"] = body_facts(trace.reply);
  return json;
}

domain::Trace trace_facts_from_json(const Json& json) {
  Fields fields(json, "trace");
  return read_trace(fields);
}

Json to_json(const domain::TraceView& view) {
  Json json = to_json(view.trace);
  put_bytes(json["request"], view.trace.request);
  put_bytes(json["reply"], view.trace.reply);
  Json prompt = Json::array();
  for (const auto& message : view.prompt) {
    prompt.push_back({{"role", message.role}, {"text", message.text}});
  }
  json["prompt"] = std::move(prompt);
  json["answer"] = text_or_null(view.answer);
  Json tools = Json::array();
  for (const auto& tool : view.tool_calls) {
    tools.push_back({{"name", tool.name}, {"arguments", tool.arguments}});
  }
  json["tool_calls"] = std::move(tools);
  return json;
}

domain::TraceView trace_from_json(const Json& json) {
  Fields fields(json, "trace");
  domain::TraceView view;
  view.trace = read_trace(fields);
  view.prompt = read_list<domain::TraceMessage>(fields, "prompt", read_message);
  view.answer = fields.get("answer", read_text);
  view.tool_calls = read_list<domain::TraceToolCall>(fields, "tool_calls", read_tool_call);
  return view;
}

Json to_json(const TraceModeTerms& terms) {
  return {{"mode", domain::trace_mode_name(terms.mode)}, {"key", text_or_null(terms.key)}};
}

TraceModeTerms trace_mode_terms_from_json(const Json& json) {
  Fields fields(json, "mode");
  TraceModeTerms terms;
  terms.mode = fields.need("mode", read_mode);
  terms.key = fields.get("key", read_text);
  fields.refuse_others();
  return terms;
}

Json to_json(const domain::TraceSettings& settings) {
  return {{"mode", domain::trace_mode_name(settings.mode)},
          {"key", text_or_null(settings.key)},
          {"file", settings.file},
          {"days", settings.days},
          {"most_bytes", settings.most_bytes},
          {"bytes", settings.bytes},
          {"dropped", settings.dropped},
          {"problem", text_or_null(settings.problem)}};
}

domain::TraceSettings trace_settings_from_json(const Json& json) {
  Fields fields(json, "traces");
  domain::TraceSettings settings;
  settings.mode = fields.need("mode", read_mode);
  settings.key = fields.get("key", read_text);
  settings.file = fields.get("file", read_text);
  settings.days = static_cast<int>(fields.get("days", read_integer));
  settings.most_bytes = fields.get("most_bytes", read_integer);
  settings.bytes = fields.get("bytes", read_integer);
  settings.dropped = fields.get("dropped", read_integer);
  settings.problem = fields.get("problem", read_text);
  return settings;
}

}  // namespace nufi::api
