#include "tests/cli/console.hpp"

#include "cli/commands.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace nufi::test {

using api::Json;

namespace {

class FakeDaemon final : public api::Transport {
 public:
  FakeDaemon(Console& console, std::map<std::string, std::vector<api::Reply>>& table)
      : console_(console), table_(table) {}

  api::Reply send(const std::string& method,
                  const std::string& target,
                  const std::string& body) override {
    if (console_.is_down) {
      throw Error(Errc::unreachable,
                  "nufid is not running (socket /run/test.sock)",
                  "start it with: nufi up");
    }
    const std::string request = method + " " + target;
    console_.asked.push_back(request + (body.empty() ? "" : " " + body));
    const auto found = table_.find(request);
    if (found == table_.end()) {
      return {404,
              R"({"error":{"message":"no answer for )" + request +
                  R"(","hint":null,"code":"not_found"}})",
              ""};
    }
    auto& replies = found->second;
    api::Reply reply = replies.front();
    if (replies.size() > 1) replies.erase(replies.begin());
    return reply;
  }
  void set_patience(std::chrono::milliseconds) override {}

 private:
  Console& console_;
  std::map<std::string, std::vector<api::Reply>>& table_;
};

/// `base` with some fields replaced.
std::string with(const char* base, const std::string& fields) {
  Json json = Json::parse(base);
  json.update(Json::parse(fields));
  return json.dump();
}

constexpr const char* kTokens =
    R"({"input":100,"cached_input":20,"cache_write":0,"audio_input":0,"image_input":0,"output":40,)"
    R"("reasoning":0,"audio_output":0,"image_output":0})";

}  // namespace

void Console::answers(const std::string& request, const std::string& body, int status) {
  table_[request].push_back({status, body, "0.1.0"});
}

Run Console::run(const std::vector<std::string>& arguments) {
  return act([&arguments](cli::Context& context) { return cli::run(context, arguments); });
}

Run Console::act(const std::function<int(cli::Context&)>& part) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const StillClock clock;
  cli::Context context(in, out, err, clock);
  context.config.sockets = {"/run/test.sock"};
  context.config.time_zone = time_zone;
  context.config.run = around;
  context.screen = {is_terminal, width, colour, unicode};
  context.environment = environment;
  context.in_is_terminal = can_ask;
  context.err_is_terminal = can_ask;
  context.err_in_colour = colour && can_ask;
  context.connect = [this](const std::string&) {
    return std::make_unique<FakeDaemon>(*this, table_);
  };
  context.ask_secret = [this](const std::string&) { return Secret(typed_secret); };
  context.pause = [left = pauses](std::chrono::milliseconds) mutable { return left-- > 0; };
  asked.clear();
  const int code = part(context);
  return {code, out.str(), err.str()};
}

Run Console::on_terminal(const std::vector<std::string>& arguments, int columns) {
  is_terminal = true;
  width = columns;
  return run(arguments);
}

std::string key_json(const std::string& fields) {
  return with(
      R"({"id":"key_1","name":"laptop","masked":"sk-nufi-…d7c","status":"active","archived":false,)"
      R"("account":"ana","project":"default","group":"default","created_at":"2026-08-01T10:00:00Z",)"
      R"("last_used_at":"2026-08-15T11:57:00Z","expires_at":null,"revoked_at":null,"budget_usd":5,)"
      R"("budget_period":"month","spent_usd":1.25,"held_usd":0,"remaining_usd":3.75,)"
      R"("budget_resets_at":"2026-09-01T00:00:00Z","token_limit":null,"token_limit_period":"month",)"
      R"("tokens_used":0,"tokens_held":0,"tokens_remaining":null,"rpm":null,"tpm":null,)"
      R"("max_parallel":null,"allowed_models":[],"allowed_ips":[],"enforce":"strict","trace":false,)"
      R"("trace_errors_only":false,"rotated_at":null,"overlap_ends_at":null,"parent":null,)"
      R"("lease_expires_at":null})",
      fields);
}

std::string upstream_json(const std::string& fields) {
  return with(
      R"({"id":"up_1","name":"openai","url":"https://api.openai.com/v1","provider":"openai",)"
      R"("secret":"env OPENAI_API_KEY","secret_problem":null,"health":"ok","models":["gpt-*"],)"
      R"("aliases":{},"headers":{},"groups":[],"priority":0,"weight":1,"free":false,)"
      R"("built_in":false,"max_connections":null,"ca_file":null,"created_at":"2026-08-01T10:00:00Z"})",
      fields);
}

std::string status_json(const std::string& fields) {
  return with(
      (R"({"version":"0.1.0","pid":42,"started_at":"2026-08-15T10:00:00Z",)"
       R"("inference_url":"http://127.0.0.1:6834/v1","console_url":"http://127.0.0.1:6835",)"
       R"("socket":"/run/user/1000/nufi/nufid.sock","data_dir":"/home/ana/.local/share/nufi",)"
       R"("durability":"process","timezone":"UTC","schema_version":1,"ledger_writable":true,)"
       R"("ledger_problem":null,"draining":false,"calls_in_flight":2,"held_usd":0.5,)"
       R"("spend":{"budget_usd":50,)"
       R"("budget_period":"month","spent_usd":1.25,"budget_resets_at":"2026-09-01T00:00:00Z"},)"
       R"("live_keys":3,"catalogue_date":"2026-08-01","upstreams":[)" +
       upstream_json() + "]}")
          .c_str(),
      fields);
}

std::string account_json(const std::string& fields) {
  return with(
      R"({"id":"acct_1","username":"ana","uid":1000,"name":"Ana","email":"ana@example.org",)"
      R"("role":"admin","created_at":"2026-08-01T10:00:00Z","budget_usd":50,)"
      R"("budget_period":"month","spent_usd":1.25,"held_usd":0,"remaining_usd":48.75,)"
      R"("budget_resets_at":"2026-09-01T00:00:00Z","token_limit":null,)"
      R"("token_limit_period":"month","tokens_used":0,"tokens_held":0,"tokens_remaining":null})",
      fields);
}

std::string request_json(const std::string& fields) {
  return with(
      (R"({"id":"req_00000000001","time":"2026-08-15T11:57:00Z","account":"ana","project":"default",)"
       R"("key":"key_1","key_name":"laptop","group":"default","endpoint":"chat/completions",)"
       R"("model":"gpt-4o","upstream":"openai","upstream_model":"gpt-4o","stream":true,"status":"ok",)"
       R"("http_status":200,"error_code":null,"tokens":)" +
       std::string(kTokens) +
       R"(,"cost_usd":0.00000491,"upstream_cost_usd":0.00000491,"upstream_reported_cost_usd":null,)"
       R"("cost_basis":"exact","price_id":"openai/gpt-4o@2026-08-01","attempts":1,)"
       R"("tried":[],)"
       R"("timing":{"hold":0.034,"connect":null,"first_byte":12,"total":250.5},)"
       R"("client_ip":"127.0.0.1","user_agent":"curl/7.88.1"})")
          .c_str(),
      fields);
}

std::string usage_json(int days) {
  const auto totals = [](Json& json, double cost, int requests) {
    json["requests"] = requests;
    json["errors"] = 0;
    json["refused"] = 0;
    json["cost_usd"] = cost;
    json["tokens"] = Json::parse(kTokens);
  };
  const auto end = std::chrono::sys_days(std::chrono::year(2026) / 8 / 15);
  Json report{
      {"from", "2026-08-01T00:00:00Z"}, {"to", "2026-08-16T00:00:00Z"}, {"timezone", "UTC"}};
  totals(report["totals"], 12.5, 1234);
  report["days"] = Json::array();
  for (int i = 0; i < days; ++i) {
    const std::chrono::year_month_day date(end - std::chrono::days(days - 1 - i));
    Json day{{"date",
              fmt::format("{:04}-{:02}-{:02}",
                          static_cast<int>(date.year()),
                          static_cast<unsigned>(date.month()),
                          static_cast<unsigned>(date.day()))}};
    totals(day, i % 3 == 0 ? 0.25 * (i + 1) : 0, i % 3 == 0 ? 5 : 0);
    report["days"].push_back(day);
  }
  report["by"] = Json::array();
  for (const auto& [name, cost] : {std::pair("gpt-4o", 12.25), std::pair("gpt-4o-mini", 0.25)}) {
    Json item{{"name", name}};
    totals(item, cost, 617);
    report["by"].push_back(item);
  }
  return report.dump();
}

std::string list_json(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return R"({"data":[)" + text + R"(],"next":null})";
}

std::string profile_json() {
  Json json = Json::parse(account_json());
  json["week"] = Json::parse(usage_json(7));
  return json.dump();
}

}  // namespace nufi::test
