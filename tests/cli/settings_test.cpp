// accounts, profile, config and ledger.
#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using nlohmann::ordered_json;
using nufi::test::account_json;
using nufi::test::Console;
using nufi::test::list_json;
using nufi::test::profile_json;
using nufi::test::Run;
using nufi::test::usage_json;

namespace {

constexpr const char* kSettings =
    R"({"data":[{"name":"timezone","value":null,"default":"UTC","description":"of days"},)"
    R"({"name":"default_budget_usd","value":"5","default":null,"description":"of new accounts"}],)"
    R"("next":null})";

}  // namespace

TEST_CASE("accounts list: a table, TSV, ids") {
  Console console;
  console.answers("GET /v1/accounts", list_json({account_json()}));
  CHECK("\n" + console.on_terminal({"accounts", "list"}).out == R"(
ACCOUNT  ROLE   SPENT        BUDGET    LEFT  NAME  E-MAIL
ana      admin  $1.25  $50.00/month  $48.75  Ana   ana@example.org
)");
  console.is_terminal = false;
  CHECK(console.run({"accounts", "list"}).out ==
        "ana\tadmin\t1.25\t50\t48.75\tAna\tana@example.org\tacct_1\tmonth\n");
  CHECK(console.run({"accounts", "list", "-q"}).out == "acct_1\n");
}

TEST_CASE("accounts edit: sets and clears the budget") {
  Console console;
  console.answers("PATCH /v1/accounts/ana", account_json());
  const Run run = console.run({"accounts",
                               "edit",
                               "ana",
                               "--budget",
                               "50",
                               "--budget-period",
                               "week",
                               "--token-limit",
                               "none"});
  CHECK(run.err == "account 'ana' changed\n");
  CHECK(console.asked == std::vector<std::string>{
                             R"(PATCH /v1/accounts/ana {"budget_usd":50,"budget_period":"week",)"
                             R"("token_limit":null})"});
  CHECK(console.run({"accounts", "edit", "ana"}).code == 2);
}

TEST_CASE("accounts show: rows for people") {
  Console console;
  console.answers("GET /v1/accounts/ana", account_json());
  CHECK("\n" + console.on_terminal({"accounts", "show", "ana"}).out == R"(
account    ana
id         acct_1
name       Ana
e-mail     ana@example.org
role       admin
budget     $50.00/month, resets in 17d
spent      $1.25 this month
remaining  $48.75
since      14d ago
)");
}

TEST_CASE("profile: the account, its week and its keys") {
  Console console;
  console.answers("GET /v1/profile", profile_json());
  const Run run = console.on_terminal({"profile"});
  CHECK(run.out.starts_with("account    ana\n"));
  CHECK(run.out.find("\nthe last 7 days\nspent     $12.50\n") != std::string::npos);
  CHECK(run.out.find("08-09") != std::string::npos);
  CHECK(run.out.find("\nKEY ") != std::string::npos);
  const auto json = ordered_json::parse(console.run({"profile", "--json"}).out);
  CHECK(json["email"] == "ana@example.org");
  CHECK(json["week"]["days"].size() == 7);
}

TEST_CASE("profile set: changes the name or the e-mail, and does not show the profile") {
  Console console;
  console.answers("GET /v1/profile", profile_json());
  console.answers("PATCH /v1/profile", profile_json());
  const Run run = console.on_terminal({"profile", "set", "--name", "Ana B.", "--email", "none"});
  CHECK(run.out.empty());
  CHECK(run.err == "profile changed\n");
  CHECK(console.asked.front() == R"(PATCH /v1/profile {"name":"Ana B.","email":null})");
}

TEST_CASE("config: get prints what counts, list shows all") {
  Console console;
  console.answers("GET /v1/settings", kSettings);
  CHECK(console.run({"config", "get", "timezone"}).out == "UTC\n");
  CHECK(console.run({"config", "get", "default_budget_usd"}).out == "5\n");
  CHECK(console.run({"config", "list"}).out ==
        "timezone\tUTC\tUTC\tof days\ndefault_budget_usd\t5\t\tof new accounts\n");
  const auto json = ordered_json::parse(console.run({"config", "list", "--json"}).out);
  const ordered_json& zone = json["data"][0];
  CHECK(zone["value"] == "UTC");
  CHECK(zone["is_default"] == true);
  const ordered_json& amount = json["data"][1];
  CHECK(amount["value"] == "5");
  CHECK(amount["is_default"] == false);
  CHECK(amount["default"].is_null());
  const Run unknown = console.run({"config", "get", "timezon"});
  CHECK(unknown.code == 3);
  CHECK(unknown.err.ends_with("hint: did you mean timezone?\n"));
}

TEST_CASE("config set: sends the text, none goes back to the default") {
  Console console;
  console.answers("GET /v1/settings", kSettings);
  console.answers("PATCH /v1/settings", kSettings);
  CHECK(console.run({"config", "set", "timezone", "UTC"}).err ==
        "timezone is UTC now\n"
        "budget periods follow it when nufid starts again: nufi restart\n");
  CHECK(console.asked.at(1) == R"(PATCH /v1/settings {"timezone":"UTC"})");
  console.run({"config", "set", "default_budget_usd", "none"});
  CHECK(console.asked.at(1) == R"(PATCH /v1/settings {"default_budget_usd":null})");
}

TEST_CASE("ledger verify: says what was compared, and fails on a fault") {
  Console good;
  good.answers("POST /v1/ledger/verify",
               R"({"ok":true,"rows":1234,"rollups":5,"windows":6,"faults":[]})");
  CHECK(good.on_terminal({"ledger", "verify"}).out ==
        "rows, rollups and windows agree: 1,234 rows, 5 rollups, 6 windows\n");

  Console bad;
  bad.answers(
      "POST /v1/ledger/verify",
      R"({"ok":false,"rows":1,"rollups":0,"windows":0,"faults":[{"what":"a row is lost"}]})");
  const Run run = bad.on_terminal({"ledger", "verify"});
  CHECK(run.code == 1);
  CHECK(run.out == "fault: a row is lost\nthey do not agree: 1 row, 0 rollups, 0 windows\n");
  CHECK(bad.run({"ledger", "verify", "--json"}).out.find("\"ok\": false") != std::string::npos);
}
