#include "cli/doctor_daemon.hpp"
#include "cli/doctor_environment.hpp"
#include "cli/doctor_ports.hpp"
#include "cli/doctor_stopped.hpp"
#include "cli/show_doctor.hpp"
#include "tests/cli/console.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <map>
#include <sstream>

using nufi::cli::Answer;
using nufi::cli::SocketFacts;
using nufi::domain::HealthCheck;
using nufi::domain::HealthState;

namespace {

constexpr const char* kHere = "http://127.0.0.1:6834/v1";
constexpr unsigned kMe = 1000;

SocketFacts good_socket() {
  return {.exists = true, .is_socket = true, .owner = kMe, .mode = 0600, .folder = 0700};
}

/// "NAME state" of each, those that are well only if nothing else is said.
std::string environment(const std::map<std::string, std::string>& variables) {
  std::string text;
  const auto look_up = [&variables](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  for (const HealthCheck& check : nufi::cli::examine_environment(look_up, kHere)) {
    text += (text.empty() ? "" : ", ") + check.name.substr(check.name.find('.') + 1) + ' ' +
            std::string(nufi::domain::health_state_name(check.state));
    for (const auto& [name, value] : variables) {
      const bool is_secret = name.ends_with("_KEY");
      CHECK((!is_secret || value.empty() ||
             (check.finding + check.remedy).find(value) == std::string::npos));
    }
  }
  return text;
}

HealthState port(Answer answer, bool is_running) {
  return nufi::cli::judge_port("ports.inference", kHere, answer, is_running, "").state;
}

std::vector<HealthCheck> some_checks() {
  return {nufi::domain::healthy("daemon.running", "pid 42, started 2h ago"),
          nufi::domain::fault("upstreams.openai",
                              "the secret was refused: Incorrect API key provided (HTTP 401)",
                              "give it another: nufi upstreams edit openai --key-stdin"),
          nufi::domain::warning("machine.time_zone",
                                "budgets count days of UTC, and yours are of Europe/Berlin",
                                "nufi config set timezone Europe/Berlin, then: nufi restart"),
          nufi::domain::skipped("storage.database", "nufid is not there to look at it")};
}

struct Printed {
  std::string text;
  int exit_code = 0;
};

Printed print(std::vector<HealthCheck> checks, int width, bool json = false) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  const nufi::test::StillClock clock;
  nufi::cli::Context context(in, out, err, clock);
  context.screen.is_terminal = width > 0;
  context.screen.width = width;
  context.json = json;
  nufi::cli::show_doctor(context, std::move(checks));
  return {out.str(), context.exit_code};
}

}  // namespace

TEST_CASE("doctor: a socket is its owner's alone") {
  const auto state = [](const SocketFacts& facts, const char* path = "/home/a/nufid.sock") {
    return nufi::cli::judge_socket(path, facts, kMe).state;
  };
  CHECK(state(good_socket()) == HealthState::ok);
  CHECK(state({}) == HealthState::skipped);
  SocketFacts file = good_socket();
  file.is_socket = false;
  CHECK(state(file) == HealthState::fault);
  SocketFacts open = good_socket();
  open.mode = 0666;
  CHECK(state(open) == HealthState::fault);
  CHECK(state(open, "/run/nufi/nufid.sock") == HealthState::ok);
  SocketFacts loose = good_socket();
  loose.folder = 0777;
  CHECK(state(loose) == HealthState::fault);
  SocketFacts others = open;
  others.owner = 0;
  CHECK(state(others) == HealthState::ok);
}

TEST_CASE("doctor: the remedy for an open socket names it, quoted for a shell") {
  SocketFacts open = good_socket();
  open.mode = 0666;
  CHECK(nufi::cli::judge_socket("/home/a b/s", open, kMe).remedy == "chmod 600 '/home/a b/s'");
}

TEST_CASE("doctor: versions and time zone in both states") {
  CHECK(nufi::cli::judge_version("1", "1").state == HealthState::ok);
  CHECK(nufi::cli::judge_version("2", "1").state == HealthState::warning);
  CHECK(nufi::cli::judge_time_zone("UTC", "").state == HealthState::ok);
  CHECK(nufi::cli::judge_time_zone("UTC", "Etc/UTC").state == HealthState::ok);
  CHECK(nufi::cli::judge_time_zone("Europe/Berlin", "Europe/Berlin").state == HealthState::ok);
  CHECK(nufi::cli::judge_time_zone("UTC", "Europe/Berlin").state == HealthState::warning);
}

TEST_CASE("doctor: what nufid says of its config file is the finding") {
  using nufi::cli::judge_config;
  using nufi::cli::Output;
  const Output fine{0, "nufid: the configuration is fine\n"};
  const Output bad{2, "error: /c/nufid.toml line 1: there is no option 'lissten'\nhint: look\n"};
  CHECK(judge_config({fine, fine}, true).state == HealthState::ok);
  CHECK(judge_config({fine, {}}, false).state == HealthState::ok);
  for (const HealthCheck& check :
       {judge_config({bad, bad}, true), judge_config({bad, {}}, false)}) {
    CHECK(check.state == HealthState::fault);
    CHECK(check.finding == "/c/nufid.toml line 1: there is no option 'lissten'");
    CHECK(check.remedy == "look");
  }
  // The file goes with the flags, or is fine but for them.
  for (const HealthCheck& check :
       {judge_config({bad, fine}, true), judge_config({fine, bad}, true)}) {
    CHECK(check.state == HealthState::warning);
    CHECK(check.finding.find("line 1: there is no option 'lissten'") != std::string::npos);
  }
  CHECK(judge_config({Output{139, ""}, {}}, false).finding.find("139") != std::string::npos);
  CHECK(judge_config({}, true).state == HealthState::skipped);
  CHECK(judge_config({}, false).state == HealthState::fault);
}

TEST_CASE("doctor: a config file that others can change is a fault") {
  const auto state = [](unsigned mode, unsigned owner = kMe, const char* path = "/c/nufid.toml") {
    return nufi::cli::judge_config_file(path, {.exists = true, .owner = owner, .mode = mode}, kMe)
        .value()
        .state;
  };
  CHECK_FALSE(nufi::cli::judge_config_file("/c/nufid.toml", {}, kMe));
  CHECK(state(0600) == HealthState::ok);
  CHECK(state(0644) == HealthState::warning);
  CHECK(state(0666) == HealthState::fault);
  CHECK(state(0620) == HealthState::fault);
  CHECK(state(0600, kMe + 1) == HealthState::fault);
  constexpr const char* kSystem = "/etc/nufi/nufid.toml";
  CHECK(state(0640, 0, kSystem) == HealthState::ok);
  CHECK(state(0644, 0, kSystem) == HealthState::warning);
  CHECK(state(0660, 0, kSystem) == HealthState::fault);
}

TEST_CASE("doctor: the config file is the one that the flags of nufid name") {
  nufi::cli::Config config;
  config.config_file = "/home/a/nufid.toml";
  const auto file = [&config](const nufi::cli::Words& flags) {
    return nufi::cli::config_file_of(config, flags);
  };
  CHECK(file({}) == "/home/a/nufid.toml");
  CHECK(file({"--system"}) == "/etc/nufi/nufid.toml");
  CHECK(file({"--config", "/a", "--config=/b", "--system"}) == "/b");
}

TEST_CASE("doctor: a secret of theirs with the URL of nufid is shown to it, and refused") {
  const auto finding = [](const char* url) {
    const auto look_up = [url](const char* name) -> const char* {
      if (std::string(name) == "OPENAI_API_KEY") return "sk-proj-geheim";
      return std::string(name) == "OPENAI_BASE_URL" ? url : nullptr;
    };
    return nufi::cli::examine_environment(look_up, kHere).front().finding;
  };
  CHECK(finding("http://localhost:6834/v1").find("show it to nufid, which refuses them (401)") !=
        std::string::npos);
  CHECK(finding("https://api.openai.com/v1").find("call past nufid") != std::string::npos);
}

TEST_CASE("doctor: a provider's secret in the environment is named, never shown") {
  CHECK(environment({}) == "secrets ok");
  CHECK(environment({{"OPENAI_API_KEY", ""}}) == "secrets ok");
  CHECK(environment({{"OPENAI_API_KEY", "sk-proj-1"}}) == "OPENAI_API_KEY warning");
  CHECK(environment({{"GROQ_API_KEY", "gsk_1"}, {"ANTHROPIC_API_KEY", "sk-ant-1"}}) ==
        "ANTHROPIC_API_KEY warning, GROQ_API_KEY warning");
}

TEST_CASE("doctor: a key of nufi's belongs with the URL of nufid") {
  CHECK(environment({{"OPENAI_API_KEY", "sk-nufi-abc"}, {"OPENAI_BASE_URL", kHere}}) ==
        "secrets ok");
  CHECK(environment({{"OPENAI_API_KEY", "sk-nufi-abc"},
                     {"OPENAI_BASE_URL", "http://localhost:6834/v1/"}}) == "secrets ok");
  CHECK(environment({{"OPENAI_API_KEY", "sk-nufi-abc"}}) == "OPENAI_BASE_URL warning");
  CHECK(environment({{"OPENAI_BASE_URL", "https://api.openai.com/v1"}}) ==
        "OPENAI_BASE_URL warning");
  CHECK(environment({{"ANTHROPIC_BASE_URL", "http://127.0.0.1:6834"}}) == "secrets ok");
}

TEST_CASE("doctor: a URL with a password is shown without it") {
  const auto look_up = [](const char* name) {
    return std::string(name) == "OPENAI_BASE_URL" ? "https://me:geheim@proxy.example/v1" : nullptr;
  };
  const auto checks = nufi::cli::examine_environment(look_up, kHere);
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].finding == "leads to proxy.example/v1, not to nufid");
}

TEST_CASE("doctor: who answers at the ports") {
  CHECK(port(Answer::nufid, true) == HealthState::ok);
  CHECK(port(Answer::nobody, true) == HealthState::fault);
  CHECK(port(Answer::other, true) == HealthState::fault);
  CHECK(port(Answer::silence, true) == HealthState::fault);
  CHECK(port(Answer::nobody, false) == HealthState::ok);
  CHECK(port(Answer::nufid, false) == HealthState::warning);
  CHECK(port(Answer::other, false) == HealthState::fault);
  CHECK(port(Answer::silence, false) == HealthState::fault);
}

TEST_CASE("doctor: what nufid ended with is told, with its hint first and where its log is") {
  const nufi::Timestamp now(std::chrono::hours(1000));
  const auto judge = [now](const std::optional<nufi::cli::LastRun>& last) {
    return nufi::cli::judge_stopped(
        "nufid is not running (socket /s)", "start it with: nufi up", last, now);
  };
  CHECK(judge(std::nullopt).finding == "nufid is not running (socket /s)");
  CHECK(judge(std::nullopt).remedy == "start it with: nufi up");
  nufi::cli::LastRun last;
  last.words.message = "can't listen on 127.0.0.1:1: Permission denied";
  last.words.hint = "choose another port with --listen HOST:PORT";
  last.time = now - std::chrono::hours(2);
  last.log = "/home/a/nufid.log";
  const HealthCheck check = judge(last);
  CHECK(check.state == HealthState::fault);
  CHECK(check.finding ==
        "nufid is not running (socket /s); its last words (2h ago): can't listen on 127.0.0.1:1: "
        "Permission denied");
  CHECK(check.remedy ==
        "choose another port with: nufi up -- --listen HOST:PORT; then start it with: nufi up; its "
        "log is /home/a/nufid.log");
  last.words.hint.clear();
  CHECK(judge(last).remedy == "start it with: nufi up; its log is /home/a/nufid.log");
}

TEST_CASE("doctor: how nufid ended is in its log, or nobody knows") {
  CHECK_FALSE(nufi::cli::read_last_run(""));
  CHECK_FALSE(nufi::cli::read_last_run("/nowhere/nufid.log"));
  const nufi::test::TempDir directory;
  const std::string log = directory.path() / "nufid.log";
  std::ofstream(log) << "2026-08-15 info stopped\n";
  CHECK_FALSE(nufi::cli::read_last_run(log));
  std::ofstream(log, std::ios::app) << "error: the database is damaged\nhint: put a backup there\n";
  const auto last = nufi::cli::read_last_run(log);
  REQUIRE(last);
  CHECK(last->words.message == "the database is damaged");
  CHECK(last->words.hint == "put a backup there");
  CHECK(last->time > nufi::Timestamp(std::chrono::years(50)));
  CHECK(last->log == log);
}

TEST_CASE("doctor: the disk is judged where the data will be, also before it is there") {
  const auto checks = nufi::cli::examine_left_data("/nowhere/at/all", kMe);
  REQUIRE(checks.size() == 2);
  CHECK(checks[0].name == "storage.files");
  CHECK(checks[0].state == HealthState::ok);
  CHECK(checks[1].name == "storage.disk");
  CHECK(checks[1].finding.find(" for /nowhere/at/all") != std::string::npos);
  for (const HealthCheck& check : nufi::cli::examine_left_data("", kMe)) {
    CHECK(check.state == HealthState::skipped);
  }
}

TEST_CASE("doctor: places of URLs") {
  const auto text = [](std::string_view url) {
    const auto place = nufi::cli::parse_place(url);
    return place ? place->host + ' ' + std::to_string(place->port) : std::string("none");
  };
  CHECK(text("http://127.0.0.1:6834/v1") == "127.0.0.1 6834");
  CHECK(text("127.0.0.1:6834") == "127.0.0.1 6834");
  CHECK(text("http://[::1]:7000") == "::1 7000");
  CHECK(text("http://host/v1") == "none");
  CHECK(text("host:99999") == "none");
  CHECK(text(":1") == "none");
}

TEST_CASE("doctor: a head of nufid's is told from others") {
  CHECK(nufi::cli::is_of_nufid("HTTP/1.1 200 OK\r\nX-Nufi-Version: 0.1.0\r\n\r\n"));
  CHECK(nufi::cli::is_of_nufid("HTTP/1.1 200 OK\r\nx-request-id: req_abc\r\n\r\n"));
  CHECK_FALSE(nufi::cli::is_of_nufid("HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n"));
}

TEST_CASE("doctor: the socket that listens is found in the system's table") {
  constexpr std::string_view kTable =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100007F:1AB2 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 "
      "111 1 0 20 0 0 10 -1\n"
      "   1: 0100007F:1AB2 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "4711 1 0 100 0 0 10 0\n";
  CHECK(nufi::cli::listening_inode(kTable, 6834) == 4711U);
  CHECK_FALSE(nufi::cli::listening_inode(kTable, 6835));
}

TEST_CASE("doctor: people see groups, what is wrong, what to do, and a count") {
  const Printed printed = print(some_checks(), 64);
  CHECK("\n" + printed.text == R"(
daemon
  running    ok       pid 42, started 2h ago

storage
  database   skipped  nufid is not there to look at it

machine
  time zone  warning  budgets count days of UTC, and yours are
                      of Europe/Berlin
                      > nufi config set timezone Europe/Berlin,
                        then: nufi restart

upstreams
  openai     fault    the secret was refused: Incorrect API key
                      provided (HTTP 401)
                      > give it another: nufi upstreams edit
                        openai --key-stdin

1 fault, 1 warning
)");
  CHECK(printed.exit_code == 1);
}

TEST_CASE("doctor: a name that is too long takes a line of its own") {
  const Printed printed = print(
      {nufi::domain::healthy("upstreams.a-provider-with-a-very-long-name", "answers in 12 ms")},
      60);
  CHECK(printed.text ==
        "upstreams\n"
        "  a-provider-with-a-very-long-name\n"
        "                   ok       answers in 12 ms\n"
        "\n0 faults, 0 warnings\n");
  CHECK(printed.exit_code == 0);
}

TEST_CASE("doctor: pipes get rows, programs JSON with the counts") {
  const Printed rows = print(some_checks(), 0);
  CHECK(
      rows.text.starts_with("daemon.running\tok\tpid 42, started 2h ago\t\n"
                            "storage.database\tskipped\tnufid is not there to look at it\t\n"));
  CHECK(rows.exit_code == 1);
  const auto json = nlohmann::ordered_json::parse(print(some_checks(), 0, /*json=*/true).text);
  CHECK(json["faults"] == 1);
  CHECK(json["warnings"] == 1);
  CHECK(json["checks"][0]["name"] == "daemon.running");
  CHECK(json["checks"][0]["remedy"] == nullptr);
  CHECK(json["checks"][3]["state"] == "fault");
}
