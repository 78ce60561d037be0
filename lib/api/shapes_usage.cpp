#include "lib/api/fields.hpp"
#include "lib/base/text.hpp"

namespace nufi::api {

namespace {

void put_totals(Json& json, const domain::UsageTotals& totals) {
  json["requests"] = totals.requests;
  json["errors"] = totals.errors;
  json["refused"] = totals.refused;
  json["cost_usd"] = money_to_json(totals.cost);
  json["tokens"] = usage_tokens_to_json(totals.tokens);
  json["tokens"]["total"] = totals.tokens.total();
}

domain::UsageTotals read_totals(Fields& fields) {
  domain::UsageTotals totals;
  totals.requests = fields.get("requests", read_integer);
  totals.errors = fields.get("errors", read_integer);
  totals.refused = fields.get("refused", read_integer);
  totals.cost = fields.get("cost_usd", money_from_json);
  totals.tokens = fields.get("tokens", read_usage);
  return totals;
}

domain::DayTotals read_day(const Json& json) {
  Fields fields(json, "day");
  return {fields.need("date", read_text), read_totals(fields)};
}

domain::NamedTotals read_named(const Json& json) {
  Fields fields(json, "by");
  return {fields.need("name", read_text), fields.get("id", read_text), read_totals(fields)};
}

void read_timing(const Json& json, domain::LedgerRow& row) {
  Fields timing(json, "timing");
  row.hold_us = timing.maybe("hold", read_ms_as_us).value_or(-1);
  row.connect_us = timing.maybe("connect", read_ms_as_us).value_or(-1);
  row.first_byte_us = timing.maybe("first_byte", read_ms_as_us).value_or(-1);
  row.total_us = timing.maybe("total", read_ms_as_us).value_or(-1);
}

Json tried_to_json(const std::vector<domain::Attempt>& tried) {
  Json list = Json::array();
  for (const domain::Attempt& attempt : tried) {
    list.push_back(
        {{"upstream", attempt.upstream},
         {"result", attempt.result},
         {"http_status", attempt.http_status == 0 ? Json(nullptr) : Json(attempt.http_status)},
         {"ms", us_to_ms(attempt.total_us)}});
  }
  return list;
}

domain::Attempt read_attempt(const Json& json) {
  Fields fields(json, "tried");
  domain::Attempt attempt;
  attempt.upstream = fields.need("upstream", read_text);
  attempt.result = fields.need("result", read_text);
  attempt.http_status = static_cast<int>(fields.get("http_status", read_integer));
  attempt.total_us = fields.maybe("ms", read_ms_as_us).value_or(-1);
  return attempt;
}

}  // namespace

Json to_json(const domain::UsageReport& report) {
  Json totals = Json::object();
  put_totals(totals, report.totals);
  Json days = Json::array();
  for (const domain::DayTotals& day : report.days) {
    Json item{{"date", day.date}};
    put_totals(item, day.totals);
    days.push_back(std::move(item));
  }
  Json by = Json::array();
  for (const domain::NamedTotals& named : report.by) {
    Json item{{"name", named.name}};
    // Names of keys and projects may come more than once.
    if (!named.id.empty()) item["id"] = named.id;
    put_totals(item, named.totals);
    by.push_back(std::move(item));
  }
  return Json{{"from", format_rfc3339(report.from)},
              {"to", format_rfc3339(report.to)},
              {"timezone", report.timezone},
              {"totals", std::move(totals)},
              {"days", std::move(days)},
              {"by", std::move(by)}};
}

domain::UsageReport usage_from_json(const Json& json) {
  Fields fields(json, "usage");
  domain::UsageReport report;
  report.from = fields.need("from", read_time);
  report.to = fields.need("to", read_time);
  report.timezone = fields.get("timezone", read_text);
  const auto totals = [](const Json& item, std::string_view name) {
    Fields inner(item, name);
    return read_totals(inner);
  };
  report.totals = fields.need("totals", totals);
  report.days = read_list<domain::DayTotals>(fields, "days", read_day);
  report.by = read_list<domain::NamedTotals>(fields, "by", read_named);
  return report;
}

Json to_json(const domain::RequestView& view) {
  const domain::LedgerRow& row = view.row;
  Json json{{"id", row.id.text()},
            {"time", format_rfc3339(row.time)},
            {"account", view.account},
            {"project", view.project},
            {"key", row.key.text()},
            {"key_name", row.key_name},
            {"group", row.group},
            {"endpoint", row.endpoint},
            {"model", row.model},
            {"upstream", text_or_null(row.upstream)},
            {"upstream_model", text_or_null(row.upstream_model)},
            {"stream", row.stream},
            {"status", domain::row_status_name(row.status)},
            {"http_status", row.http_status == 0 ? Json(nullptr) : Json(row.http_status)},
            {"error_code", text_or_null(row.error_code)},
            {"tokens", usage_tokens_to_json(row.usage)},
            {"cost_usd", money_to_json(row.cost)},
            {"upstream_cost_usd", money_to_json(row.upstream_cost)}};
  json["upstream_reported_cost_usd"] =
      row.upstream_reported_cost ? money_to_json(*row.upstream_reported_cost) : Json(nullptr);
  json["cost_basis"] = domain::cost_basis_name(row.basis);
  json["price_id"] = text_or_null(row.price_id);
  json["attempts"] = row.attempts;
  json["tried"] = tried_to_json(row.tried);
  json["timing"] = Json{{"hold", us_to_ms(row.hold_us)},
                        {"connect", us_to_ms(row.connect_us)},
                        {"first_byte", us_to_ms(row.first_byte_us)},
                        {"total", us_to_ms(row.total_us)}};
  json["client_ip"] = text_or_null(row.client_ip);
  json["user_agent"] = text_or_null(row.user_agent);
  return json;
}

domain::RequestView request_from_json(const Json& json) {
  Fields fields(json, "request");
  domain::RequestView view;
  domain::LedgerRow& row = view.row;
  row.id = domain::RequestId::parse(fields.need("id", read_text));
  row.time = fields.need("time", read_time);
  view.account = fields.get("account", read_text);
  view.project = fields.get("project", read_text);
  row.key = domain::KeyId(fields.get("key", read_text));
  row.key_name = fields.get("key_name", read_text);
  row.group = fields.get("group", read_text);
  row.endpoint = fields.get("endpoint", read_text);
  row.model = fields.get("model", read_text);
  row.upstream = fields.get("upstream", read_text);
  row.upstream_model = fields.get("upstream_model", read_text);
  row.stream = fields.get("stream", read_flag);
  row.status = fields.need("status", read_row_status);
  row.http_status = static_cast<int>(fields.get("http_status", read_integer));
  row.error_code = fields.get("error_code", read_text);
  row.usage = fields.get("tokens", read_usage);
  row.cost = fields.get("cost_usd", money_from_json);
  row.upstream_cost = fields.get("upstream_cost_usd", money_from_json);
  row.upstream_reported_cost = fields.maybe("upstream_reported_cost_usd", money_from_json);
  row.basis = fields.maybe("cost_basis", read_cost_basis).value_or(domain::CostBasis::none);
  row.price_id = fields.get("price_id", read_text);
  row.attempts = static_cast<int>(fields.get("attempts", read_integer));
  row.tried = read_list<domain::Attempt>(fields, "tried", read_attempt);
  if (const Json* timing = fields.find("timing"); timing != nullptr && !timing->is_null()) {
    read_timing(*timing, row);
  }
  row.client_ip = fields.get("client_ip", read_text);
  row.user_agent = fields.get("user_agent", read_text);
  return view;
}

}  // namespace nufi::api
