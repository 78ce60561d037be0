#include "lib/service/tokens.hpp"

#include "lib/service/audit.hpp"
#include "lib/service/upstreams.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <fstream>

using namespace nufi;
using namespace nufi::service;
using test::ControlPlane;
using test::failure_of;

namespace {

domain::TokenView make(const ControlPlane& house, const std::string& name) {
  return create_token(house.context(), house.owner(), {.name = name, .expires_at = {}});
}

}  // namespace

TEST_CASE("tokens: one acts as the account that made it, and its use is noted by the minute") {
  ControlPlane house;
  const auto made = make(house, "ci");
  const auto last_used = [&] {
    return list_tokens(house.context(), house.owner()).front().token.last_used_at;
  };
  CHECK_FALSE(last_used());

  const Actor actor = admit_token(house.context(), made.secret->expose());
  const Timestamp first = house.clock.now();

  CHECK(actor.account == house.owner().account);
  CHECK(actor.is_admin());
  CHECK(actor.via == made.token.id.text());
  CHECK(last_used() == first);
  house.clock.advance(std::chrono::seconds(59));
  admit_token(house.context(), made.secret->expose());
  CHECK(last_used() == first);
  house.clock.advance(std::chrono::seconds(1));
  admit_token(house.context(), made.secret->expose());
  CHECK(last_used() == house.clock.now());
}

TEST_CASE(
    "tokens: who lost the admin's rights lost those of the token, and who may not come at all "
    "stays out") {
  ControlPlane house;
  const Context system = house.system_context();
  const Actor friend_of_admins = admit_token(system,
                                             create_token(system,
                                                          {.uid = 1002,
                                                           .account = house.owner().account,
                                                           .username = "fay",
                                                           .role = domain::Role::admin,
                                                           .via = ""},
                                                          {.name = "x", .expires_at = {}})
                                                 .secret->expose());
  CHECK(friend_of_admins.uid == 1000);  // the account decides, not who held it
  CHECK(failure_of([&] { list_tokens(system, house.member()); }) ==
        "not_permitted: only an admin may see access tokens");
}

TEST_CASE("tokens: a wrong, revoked or expired one is nobody") {
  ControlPlane house;
  const auto admitted = [&](const std::string& text) {
    return failure_of([&] { admit_token(house.context(), text); });
  };
  CHECK(admitted("") == "unauthorized: this is no access token");
  CHECK(admitted("sk-nufi-x") == "unauthorized: this is no access token");
  CHECK(admitted(domain::mint_token().expose()) == "unauthorized: nobody has this access token");

  const auto revoked = make(house, "revoked");
  CHECK(revoke_token(house.context(), house.owner(), "revoked").state ==
        domain::TokenState::revoked);
  CHECK(admitted(revoked.secret->expose()) == "unauthorized: this access token is revoked");
  CHECK(failure_of([&] {
          revoke_token(house.context(), house.owner(), revoked.token.id.text());
        }).empty());

  const auto brief =
      create_token(house.context(),
                   house.owner(),
                   {.name = "brief", .expires_at = house.clock.now() + std::chrono::minutes(1)});
  CHECK(admitted(brief.secret->expose()).empty());
  house.clock.advance(std::chrono::minutes(1));
  CHECK(admitted(brief.secret->expose()) == "unauthorized: this access token has expired");
}

TEST_CASE("tokens: what gives away more than itself goes over the socket only") {
  ControlPlane house;
  Actor remote = house.owner();
  remote.via = "tok_1";
  CHECK(failure_of([&] {
          create_token(house.context(), remote, {.name = "child", .expires_at = {}});
        }) == "not_permitted: only nufi on the machine of nufid may make access tokens");

  domain::UpstreamTerms terms;
  terms.name = domain::Change<std::string>::set("own");
  terms.url = domain::Change<std::string>::set("http://127.0.0.1:9/v1");
  terms.secret_kind = domain::Change<domain::SecretKind>::set(domain::SecretKind::command);
  terms.secret_reference = domain::Change<std::string>::set("pass openai");
  CHECK(failure_of([&] { add_upstream(house.context(), remote, terms); }) ==
        "not_permitted: only nufi on the machine of nufid may take a secret from the "
        "environment, a file or a command");
  add_upstream(house.context(), house.owner(), terms);
  // What is there may stay, and be left.
  domain::UpstreamTerms edit;
  edit.priority = domain::Change<std::int64_t>::set(3);
  CHECK(failure_of([&] { edit_upstream(house.context(), remote, "own", edit); }).empty());
  edit.secret_reference = domain::Change<std::string>::set("id");
  CHECK(failure_of([&] {
          edit_upstream(house.context(), remote, "own", edit);
        }).starts_with("not_permitted"));

  // The secret does not go where the token says, unless it is given with it.
  domain::UpstreamTerms move;
  move.url = domain::Change<std::string>::set("http://127.0.0.1:10/v1");
  const std::string refused =
      "not_permitted: only nufi on the machine of nufid may lead an upstream elsewhere without "
      "giving its secret anew";
  CHECK(failure_of([&] { edit_upstream(house.context(), remote, "own", move); }) == refused);
  domain::UpstreamTerms trust;
  const auto roots = house.directory.path() / "ca.pem";
  std::ofstream(roots) << "roots";
  trust.ca_file = domain::Change<std::string>::set(roots.string());
  CHECK(failure_of([&] { edit_upstream(house.context(), remote, "own", trust); }) == refused);
  move.secret_kind = domain::Change<domain::SecretKind>::set(domain::SecretKind::stored);
  move.secret_text = domain::Change<Secret>::set(Secret("sk-anew"));
  CHECK(failure_of([&] { edit_upstream(house.context(), remote, "own", move); }).empty());

  CHECK(failure_of([&] { house.context().backups.start(remote); }) ==
        "not_permitted: only nufi on the machine of nufid may make backups");
}

TEST_CASE("tokens: names are checked, and a past expiry is refused") {
  ControlPlane house;
  const auto made = [&](const domain::TokenTerms& terms) {
    return failure_of([&] { create_token(house.context(), house.owner(), terms); });
  };
  CHECK(made({.name = "", .expires_at = {}}).starts_with("invalid: name must be"));
  CHECK(made({.name = "tok_1", .expires_at = {}}) ==
        "invalid: name must not start with tok_, as ids do");
  CHECK(made({.name = "late", .expires_at = house.clock.now()}) ==
        "invalid: expires_at must be in the future");
  CHECK(made({.name = "ci", .expires_at = {}}).empty());
  CHECK(made({.name = "ci", .expires_at = {}}) == "conflict: a token named 'ci' already exists");
  CHECK(failure_of([&] { revoke_token(house.context(), house.owner(), "cy"); }) ==
        "not_found: there is no access token called 'cy'");
}

TEST_CASE("tokens: the audit log has their making and end, and through which one a change came") {
  ControlPlane house;
  const auto made = make(house, "ci");
  const Actor remote = admit_token(house.context(), made.secret->expose());
  revoke_token(house.context(), remote, "ci");

  const auto entries = list_audit(house.context(), house.owner(), {.last = 2, .before = 0}).data;

  CHECK(entries[0].action == "token.revoke");
  CHECK(entries[0].via == made.token.id.text());
  CHECK(entries[1].action == "token.create");
  CHECK(entries[1].via.empty());
  CHECK(entries[1].after.find(made.token.masked) != std::string::npos);
}
