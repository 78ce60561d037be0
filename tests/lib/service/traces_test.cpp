#include "lib/service/traces.hpp"

#include "lib/service/audit.hpp"
#include "lib/service/keys.hpp"
#include "lib/service/settings.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

using namespace nufi;
using namespace nufi::service;
using domain::TraceMode;
using test::failure_of;

namespace {

store::StoredTrace trace(const std::string& id) {
  store::StoredTrace made;
  made.head.id = id;
  made.facts = "{}";
  made.request = "what was asked";
  made.reply = "what was answered";
  return made;
}

domain::KeyView make_key(const test::ControlPlane& house, const char* name) {
  domain::KeyTerms terms;
  terms.name = domain::Change<std::string>::set(name);
  return create_key(house.context(), house.owner(), "default", terms);
}

std::string last_action(const test::ControlPlane& house) {
  const auto page = list_audit(house.context(), house.owner(), {.last = 1, .before = 0});
  const auto& entry = page.data.at(0);
  return entry.action + " " + entry.subject + " " + entry.before + entry.after;
}

}  // namespace

TEST_CASE("traces: members neither see nor change anything of them") {
  const test::ControlPlane house;
  const auto context = house.system_context();
  const auto member = house.member();
  const std::string refused = "not_permitted: only an admin may see traces or turn them on and off";
  CHECK(failure_of([&] { show_trace_settings(context, member, ""); }) == refused);
  CHECK(failure_of([&] { set_trace_mode(context, member, TraceMode::on, ""); }) == refused);
  CHECK(failure_of([&] { list_traces(context, member, {}); }) == refused);
  CHECK(failure_of([&] { show_trace(context, member, "req_1"); }) == refused);
  CHECK(failure_of([&] { remove_trace(context, member, "req_1"); }) == refused);
  CHECK(failure_of([&] { remove_all_traces(context, member); }) == refused);
}

TEST_CASE("traces: turned on for all they are a setting, told to the data plane and the log") {
  test::ControlPlane house;
  CHECK(show_trace_settings(house.context(), house.owner(), "").mode == TraceMode::off);
  const auto settings = set_trace_mode(house.context(), house.owner(), TraceMode::errors, "");
  CHECK(settings.mode == TraceMode::errors);
  CHECK(settings.key.empty());
  CHECK(settings.days == 7);
  CHECK(settings.most_bytes == std::int64_t{1} << 30);
  CHECK(settings.file == (house.directory.path() / "traces.db").string());
  REQUIRE(house.announced);
  CHECK(house.announced->trace == TraceMode::errors);
  CHECK(last_action(house) == R"(setting.change trace {"trace":null}{"trace":"errors"})");
}

TEST_CASE("traces: turned on for a key they are its own, felt by its next call") {
  test::ControlPlane house;
  const auto key = make_key(house, "laptop").key.id;
  auto settings = set_trace_mode(house.context(), house.owner(), TraceMode::errors, "laptop");
  CHECK(settings.mode == TraceMode::errors);
  CHECK(settings.key == "laptop");
  CHECK(domain::trace_mode_of(house.data_plane.keys.at(key)) == TraceMode::errors);
  set_trace_mode(house.context(), house.owner(), TraceMode::on, "laptop");
  CHECK(domain::trace_mode_of(house.data_plane.keys.at(key)) == TraceMode::on);
  CHECK(last_action(house) ==
        "key.edit " + key.text() + R"( {"trace_errors_only":true}{"trace_errors_only":false})");
  set_trace_mode(house.context(), house.owner(), TraceMode::off, "laptop");
  CHECK(domain::trace_mode_of(house.data_plane.keys.at(key)) == TraceMode::off);
  CHECK(show_trace_settings(house.context(), house.owner(), "").mode == TraceMode::off);
  CHECK(failure_of([&] {
          set_trace_mode(house.context(), house.owner(), TraceMode::on, "nobody");
        }).starts_with("not_found"));
}

TEST_CASE("traces: `keys edit --trace` asks for all calls again") {
  const test::ControlPlane house;
  make_key(house, "laptop");
  set_trace_mode(house.context(), house.owner(), TraceMode::errors, "laptop");
  domain::KeyTerms terms;
  terms.trace = domain::Change<bool>::set(true);
  const auto view = edit_key(house.context(), house.owner(), "laptop", terms);
  CHECK(domain::trace_mode_of(view.key) == TraceMode::on);
}

TEST_CASE("traces: are sealed on the disk, and open for the trace they belong to only") {
  const test::ControlPlane house;
  house.context().traces.add({trace("req_1"), trace("req_2")});
  const auto shown = show_trace(house.context(), house.owner(), "req_1");
  CHECK(shown.request == "what was asked");
  CHECK(shown.reply == "what was answered");
  for (const auto* suffix : {"", "-wal"}) {
    std::ostringstream bytes;
    bytes << std::ifstream((house.directory.path() / "traces.db").string() + suffix).rdbuf();
    CHECK(bytes.str().find("what was") == std::string::npos);
  }
  auto& store = house.context().traces.store();
  auto swapped = *store.get("req_1");
  swapped.head.id = "req_3";
  store.add({swapped});
  CHECK(failure_of([&] { show_trace(house.context(), house.owner(), "req_3"); }) ==
        "unavailable: the trace can't be opened with this secret.key");
}

TEST_CASE("traces: a request is named by its id or by a beginning that is its own") {
  const test::ControlPlane house;
  house.context().traces.add({trace("req_ab1"), trace("req_ab2"), trace("req_b")});
  CHECK(show_trace(house.context(), house.owner(), "req_b").head.id == "req_b");
  CHECK(show_trace(house.context(), house.owner(), "req_ab2").head.id == "req_ab2");
  CHECK(failure_of([&] { show_trace(house.context(), house.owner(), "req_a"); }) ==
        "ambiguous: 'req_a' is the beginning of several traces");
  CHECK(failure_of([&] { show_trace(house.context(), house.owner(), ""); }) ==
        "not_found: there is no trace of a request ''");
}

TEST_CASE("traces: what is deleted is gone, and the log says who did it") {
  const test::ControlPlane house;
  house.context().traces.add({trace("req_1"), trace("req_2")});
  CHECK(remove_trace(house.context(), house.owner(), "req_1") == "req_1");
  CHECK(last_action(house) == R"(trace.delete req_1 {"request":"req_1"})");
  CHECK(remove_all_traces(house.context(), house.owner()) == 1);
  CHECK(list_traces(house.context(), house.owner(), {}).data.empty());
  CHECK(last_action(house) == R"(trace.delete all {"request":"all"})");
}

TEST_CASE("traces: a list has a limit, and goes on behind its last") {
  const test::ControlPlane house;
  house.context().traces.add({trace("req_1"), trace("req_2"), trace("req_3")});
  TraceQuery query{.last = 2, .key = {}, .before = {}};
  const auto page = list_traces(house.context(), house.owner(), query);
  REQUIRE(page.data.size() == 2);
  CHECK(page.next == "req_2");
  query.before = page.next;
  CHECK(list_traces(house.context(), house.owner(), query).data.at(0).id == "req_1");
  query.last = 0;
  CHECK(failure_of([&] { list_traces(house.context(), house.owner(), query); }) ==
        "invalid: last must be from 1 to 1000");
}

TEST_CASE("traces: a damaged file can be told and does not keep them from being turned off") {
  const test::ControlPlane house;
  std::ofstream(house.directory.path() / "traces.db") << std::string(8192, 'x');
  house.context().traces.set_problem("it is damaged");
  const auto settings = set_trace_mode(house.context(), house.owner(), TraceMode::off, "");
  CHECK(settings.problem == "it is damaged");
  CHECK(failure_of([&] {
          list_traces(house.context(), house.owner(), {});
        }).starts_with("unavailable: traces can't be kept or read"));
}

TEST_CASE("traces: they leave the last of a disk to the ledger, a small disk's in proportion") {
  constexpr std::int64_t kMebi = std::int64_t{1} << 20;
  CHECK(trace_reserve(120 * kMebi) == 30 * kMebi);
  CHECK(trace_reserve(1000 * kMebi) == 64 * kMebi);
  CHECK(trace_reserve(10'000 * kMebi) == 500 * kMebi);
  CHECK(trace_reserve(std::int64_t{4} << 40) == 1024 * kMebi);
  CHECK(has_room_for_traces(10 * kMebi, 50 * kMebi, 120 * kMebi));
  CHECK_FALSE(has_room_for_traces(10 * kMebi, 50 * kMebi - 1, 120 * kMebi));
  CHECK_FALSE(has_room_for_traces(0, 0, 120 * kMebi));
}
