#include "lib/gateway/check.hpp"

#include "lib/base/text.hpp"
#include "lib/store/store.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <variant>

using namespace nufi;
using namespace nufi::gateway;
using domain::Metric;
using domain::Money;
using domain::Period;
using domain::Scope;

namespace {

/// A gateway without a database for these.
class NoResponses final : public StoredResponses {
 public:
  void find(std::string, std::function<void(Answer)> done) override { done({}); }
  void forget(std::string, std::function<void()> done) override { done(); }
};

/// A gateway with one key and one upstream whose model "priced" costs 1 USD per million tokens in
/// and 10 out; "unpriced" has no price.
struct House {
  House() {
    key.id = domain::KeyId::random();
    key.account = domain::AccountId::random();
    key.project = domain::ProjectId::random();
    key.group = domain::GroupId::random();
    key.name = "laptop";
    key.digest = {1};
    account.username = "ada";
    project.name = "web";
    group.name = "default";
    upstream.upstream.id = domain::UpstreamId::random();
    upstream.upstream.name = "up";
    upstream.upstream.url = domain::BaseUrl::parse("http://127.0.0.1:1/v1");
    upstream.upstream.models = {"priced", "unpriced"};
    price.model = "priced";
    price.id = "own";
    price.rates.own(domain::Bucket::input) = 1'000'000'000;
    price.rates.own(domain::Bucket::output) = 10'000'000'000;
    price.max_output = 1000;
  }

  domain::CheckView ask(const std::string& model = "priced", std::int64_t tokens = 100) {
    account.id = key.account;
    project.id = key.project;
    group.id = key.group;
    domain::World world;
    world.accounts = {account};
    world.projects = {project};
    world.groups = {group};
    world.upstreams = {upstream};
    world.own_prices = {price};
    directory.put_world(std::move(world));
    directory.put_keys({key});
    if (!parent.id.empty()) directory.put_keys({parent});
    domain::Call call;
    call.endpoint = "chat/completions";
    call.model = model;
    call.prompt_bound = tokens;
    return check(gateway, key, call);
  }

  /// A call of the key that has spent `cost` and ten tokens.
  void spend(Money cost) {
    ledger::HoldRequest request;
    request.row.key = key.id;
    request.row.account = key.account;
    request.row.project = key.project;
    for (const auto metric : {Metric::usd, Metric::tokens}) {
      request.constraints.push_back({{Scope::key, key.id.text(), metric, Period::month}, {}});
      request.constraints.push_back(
          {{Scope::project, key.project.text(), metric, Period::month}, {}});
      request.constraints.push_back(
          {{Scope::account, key.account.text(), metric, Period::month}, {}});
    }
    request.ceiling.prompt_cost = cost;
    request.ceiling.output_tokens = 0;
    ledger->hold(std::move(request), [this, cost](ledger::HoldOutcome outcome) {
      ledger::Settlement settlement;
      settlement.cost = cost;
      settlement.usage[domain::Bucket::input] = 10;
      ledger->settle(std::get<ledger::Held>(outcome).id, settlement, {});
    });
  }

  test::TempDir dir;
  test::FakeClock clock{*parse_rfc3339("2026-08-20T12:00:00Z")};
  std::unique_ptr<store::Store> store =
      store::sqlite::open(dir.path() / "nufi.db", store::Durability::process);
  std::unique_ptr<ledger::Ledger> ledger = ledger::open(store->ledger(),
                                                        clock,
                                                        {.journal_dir = dir.path() / "journal",
                                                         .durability = store::Durability::process,
                                                         .zone = TimeZone()});
  Directory directory{""};
  NoResponses responses;
  EvenClock even_clock{clock};
  Gateway gateway{{}, directory, *ledger, responses, even_clock, 1};
  domain::Key key;
  domain::Key parent;  ///< of the key, once it has an id
  domain::Account account;
  domain::Project project;
  domain::Group group;
  domain::ReadyUpstream upstream;
  domain::Price price;
};

}  // namespace

TEST_CASE("check: a call that fits is allowed, and says what it would hold") {
  House house;
  house.key.limits.budget = *domain::parse_usd("5");
  const auto view = house.ask();
  CHECK(view.allowed);
  CHECK(view.reason.empty());
  CHECK(view.message.empty());
  // 100 tokens in and the 1000 that the model can answer with.
  CHECK(view.ask_tokens == 1100);
  CHECK(view.ask_usd == *domain::parse_usd("0.0101"));
  // Nothing was held by asking.
  CHECK(house.ledger->held().calls == 0);
  CHECK(house.ask().allowed);
}

TEST_CASE("check: each rule that calls meet says no with the code they get") {
  House house;
  std::string model = "priced";
  std::string reason;
  SUBCASE("disabled") {
    house.key.disabled = true;
    reason = "key_disabled";
  }
  SUBCASE("revoked") {
    house.key.revoked_at = house.clock.now();
    reason = "key_revoked";
  }
  SUBCASE("expired") {
    house.key.expires_at = house.clock.now();
    reason = "key_expired";
  }
  SUBCASE("model not allowed by the key") {
    house.key.allowed_models = {"gpt-*"};
    reason = "model_not_allowed";
  }
  SUBCASE("model not allowed by the project") {
    house.project.allowed_models = {"gpt-*"};
    reason = "model_not_allowed";
  }
  SUBCASE("model not allowed by the group") {
    house.group.allowed_models = {"gpt-*"};
    reason = "model_not_allowed";
  }
  SUBCASE("no upstream has the model") {
    model = "nobody";
    reason = "model_not_found";
  }
  SUBCASE("the group may not use the upstream") {
    house.group.upstreams = {"other"};
    reason = "model_not_found";
  }
  SUBCASE("a budget and no price") {
    house.project.limits.budget = *domain::parse_usd("5");
    model = "unpriced";
    reason = "model_price_unknown";
  }
  SUBCASE("a budget and a price that knows nothing of tokens") {
    house.key.limits.budget = *domain::parse_usd("5");
    house.price.rates = {};
    house.price.per_image = *domain::parse_usd("0.04");
    reason = "model_price_unknown";
  }
  SUBCASE("the upstream's secret can't be read") {
    house.upstream.problem = "no such file";
    reason = "upstream_error";
  }
  SUBCASE("nufid drains") {
    house.gateway.settings().draining = true;
    reason = "shutting_down";
  }
  const auto view = house.ask(model);
  CHECK_FALSE(view.allowed);
  CHECK(view.reason == reason);
  CHECK_FALSE(view.message.empty());
  CHECK_FALSE(view.refusal.has_value());
}

TEST_CASE("check: the window that has no room is named in the words of the refusal") {
  House house;
  house.ask();
  house.spend(*domain::parse_usd("1"));
  Scope scope = Scope::key;
  std::string subject;
  SUBCASE("key") {
    house.key.limits.budget = *domain::parse_usd("1.001");
    subject = "Budget reached: key 'laptop' has used $1 of its $1.001 budget";
  }
  SUBCASE("project") {
    house.project.limits.budget = *domain::parse_usd("1.001");
    scope = Scope::project;
    subject = "Budget reached: project 'web' has used $1 of its $1.001 budget";
  }
  SUBCASE("account") {
    house.account.limits.budget = *domain::parse_usd("1.001");
    scope = Scope::account;
    subject = "Budget reached: account 'ada' has used $1 of its $1.001 budget";
  }
  const auto view = house.ask();
  CHECK_FALSE(view.allowed);
  CHECK(view.reason == "budget");
  CHECK(view.message.starts_with(subject));
  REQUIRE(view.refusal);
  CHECK(view.refusal->window.scope == scope);
  CHECK(view.refusal->state.spent == domain::parse_usd("1")->nanos());
  CHECK(view.ask_usd > *domain::parse_usd("0.001"));
}

TEST_CASE("check: a token limit counts the prompt") {
  House house;
  house.key.limits.token_limit = 1000;
  CHECK(house.ask("priced", 100).allowed);
  const auto view = house.ask("priced", 900);
  CHECK(view.reason == "token_limit");
  CHECK(view.message.starts_with("Token limit reached: key 'laptop'"));
}

TEST_CASE("check: without any USD budget the price may be unknown") {
  House house;
  CHECK(house.ask("unpriced").allowed);
}

TEST_CASE("check: a soft key is asked only whether something is left") {
  House house;
  house.key.limits.budget = *domain::parse_usd("0.000001");
  CHECK_FALSE(house.ask().allowed);
  house.key.enforce = domain::Enforce::soft;
  CHECK(house.ask().allowed);
}

TEST_CASE("check: a rate that has no room is named") {
  House house;
  house.key.tpm = 50;
  const auto view = house.ask("priced", 100);
  CHECK_FALSE(view.allowed);
  CHECK(view.reason == "tpm");
  CHECK_FALSE(view.message.empty());
  CHECK(view.rate_owner == "key");
  CHECK_FALSE(view.rate_resets_at.has_value());  // it asks for more than a minute ever has
  CHECK(house.ask("priced", 10).allowed);
}

TEST_CASE("check: a rate that is used up says whose it is and when the call fits") {
  House house;
  house.group.rpm = 1;
  CHECK(house.ask().allowed);
  const domain::RateLimits limits{
      .requests = domain::RateLimit{1, true}, .tokens = {}, .parallel = {}};
  const auto entered = house.gateway.limiter().enter(house.key.id, limits, 0);
  REQUIRE(std::holds_alternative<Limiter::Pass>(entered));
  const auto view = house.ask();
  CHECK(view.reason == "rpm");
  CHECK(view.rate_owner == "group");
  REQUIRE(view.rate_resets_at);
  CHECK(*view.rate_resets_at > house.clock.now());
  CHECK(*view.rate_resets_at <= house.clock.now() + std::chrono::minutes(1));
}

TEST_CASE("check: a model that is not allowed is said to be missing in whose list") {
  House house;
  house.project.allowed_models = {"other"};
  const auto view = house.ask();
  CHECK(view.reason == "model_not_allowed");
  CHECK(view.message.find("the allowed models of its project") != std::string::npos);
}

TEST_CASE("check: upstreams that rest are named, with what failed and when they are asked again") {
  House house;
  REQUIRE(house.ask().allowed);
  const auto health = house.directory.world()->ready.at(house.upstream.upstream.id).health;
  const auto now = house.clock.steady();
  for (int i = 0; i < 2; ++i) health->enter(now)->failed("HTTP 500", std::nullopt, now);
  const auto view = house.ask();
  CHECK(view.reason == "no_upstream_available");
  CHECK(view.message ==
        "Every upstream for this model has just failed and is given a rest: 'up' (HTTP 500) is "
        "asked again in 1 s. See: nufi upstreams list");
}

TEST_CASE("check: the limits of the parent hold for a child, and it is named") {
  House house;
  house.parent = house.key;
  house.parent.id = domain::KeyId::random();
  house.parent.digest = {2};
  house.parent.name = "ci";
  house.key.parent = house.parent.id;
  CHECK(house.ask().allowed);

  house.parent.limits.budget = *domain::parse_usd("0.001");
  auto view = house.ask();
  CHECK(view.reason == "budget");
  REQUIRE(view.refusal);
  CHECK(view.refusal->window.subject == house.parent.id.text());
  CHECK(view.message.find("key 'ci', the parent of key 'laptop',") != std::string::npos);

  house.parent.limits.budget.reset();
  house.parent.tpm = 10;
  view = house.ask();
  CHECK(view.reason == "tpm");
  CHECK(view.rate_owner == "key");
  CHECK(view.message.find("key 'ci'") != std::string::npos);

  house.parent.tpm.reset();
  house.parent.disabled = true;
  view = house.ask();
  CHECK(view.reason == "key_disabled");
  CHECK(view.message.find("'ci'") != std::string::npos);
}

TEST_CASE("check: a prompt longer than the model's context window is told, not refused by us") {
  House house;
  house.price.context_window = 8000;
  CHECK_FALSE(house.ask("priced", 8000).context_window);
  const auto view = house.ask("priced", 8001);
  CHECK(view.allowed);
  CHECK(view.context_window == 8000);
  house.price.context_window.reset();
  CHECK_FALSE(house.ask("priced", 1'000'000).context_window);
}
