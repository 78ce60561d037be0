#include "lib/api/shapes.hpp"
#include "lib/base/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <functional>

using namespace nufi;
using namespace nufi::api;
using domain::Change;

namespace {

std::string refusal(const std::function<void()>& read) {
  try {
    read();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("shapes: a project reads back as it was written") {
  domain::ProjectView view;
  view.project.id = domain::ProjectId("proj_1");
  view.project.name = "agents";
  view.project.allowed_models = {"gpt-*"};
  view.project.created_at = *parse_rfc3339("2026-08-01T10:00:00Z");
  view.account = "ada";
  view.standing.limits.budget = domain::Money::nanos(5);
  view.standing.usd.spent = 3;
  view.live_keys = 7;
  const auto back = project_from_json(to_json(view));
  CHECK(to_text(to_json(back)) == to_text(to_json(view)));
  CHECK(back.project.limits.budget == domain::Money::nanos(5));
  CHECK(back.live_keys == 7);
}

TEST_CASE("shapes: a group's multiplier is a plain number") {
  domain::GroupView view;
  view.group.id = domain::GroupId("grp_1");
  view.group.name = "team";
  view.group.multiplier = 1'500'000;
  view.group.tpm = 5;
  view.group.max_parallel = 6;
  view.group.created_at = *parse_rfc3339("2026-08-01T10:00:00Z");
  const Json json = to_json(view);
  CHECK(json["multiplier"] == 1.5);
  CHECK(json["rpm"].is_null());
  CHECK(group_from_json(json).group.multiplier == 1'500'000);
  CHECK(group_from_json(json).group.tpm == 5);
  CHECK(group_from_json(json).group.max_parallel == 6);
}

TEST_CASE("shapes: wishes for projects and groups are read strictly") {
  const auto project = project_terms_from_json(
      Json::parse(R"({"name":"a","budget_usd":null,"reset_spend":true,"allowed_models":["x"]})"));
  CHECK(project.name.value() == "a");
  CHECK(project.budget.clears());
  CHECK(project.token_limit.keeps());
  CHECK(project.reset_spend);
  CHECK(to_text(to_json(project)) ==
        R"({"name":"a","budget_usd":null,"reset_spend":true,"allowed_models":["x"]})");
  CHECK(refusal([] { project_terms_from_json(Json::parse(R"({"nme":"a"})")); }) ==
        "unknown field 'nme'");
  CHECK(refusal([] { project_terms_from_json(Json::parse(R"({"reset_spend":1})")); }) ==
        "reset_spend must be true or false");
  const auto group = group_terms_from_json(
      Json::parse(R"({"multiplier":0.25,"rpm":null,"upstreams":["openai"]})"));
  CHECK(group.multiplier.value() == 250'000);
  CHECK(group.rpm.clears());
  CHECK(refusal([] { group_terms_from_json(Json::parse(R"({"multiplier":0.0000001})")); }) ==
        "multiplier has at most six digits after the point");
  CHECK(refusal([] { group_terms_from_json(Json::parse(R"({"rpm":"many"})")); }) ==
        "rpm must be a whole number");
}

TEST_CASE("shapes: an audit entry carries its facts as JSON, an old one's text as it is") {
  domain::AuditView view;
  view.id = 3;
  view.time = *parse_rfc3339("2026-08-01T10:00:00Z");
  view.account = "ada";
  view.account_id = "acct_1";
  view.uid = 1000;
  view.action = "key.edit";
  view.subject = "key_1";
  view.name = "laptop";
  view.before = R"({"budget_usd":5})";
  view.after = "name=laptop";
  const Json json = to_json(view);
  CHECK(json["before"]["budget_usd"] == 5);
  CHECK(json["after"] == "name=laptop");
  const auto back = audit_from_json(json);
  CHECK(back.before == view.before);
  CHECK(back.after == view.after);
  view.before.clear();
  CHECK(to_json(view)["before"].is_null());
  CHECK(audit_from_json(to_json(view)).before.empty());
}
