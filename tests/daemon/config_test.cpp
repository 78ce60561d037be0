#include "daemon/config.hpp"

#include "lib/base/error.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sys/stat.h>

using namespace nufi;
using namespace nufi::daemon;
using test::failure_of;
using test::TempDir;

namespace {

const Environment kHome = {{"HOME", "/home/ada"}};

Config parse(const std::vector<std::string>& args, const Environment& environment = kHome) {
  return std::get<Config>(parse_config(args, environment, /*pid=*/77));
}

std::string refusal(const std::vector<std::string>& args, const Environment& environment = kHome) {
  return failure_of([&] { parse_config(args, environment, 77); });
}

}  // namespace

TEST_CASE("config: without flags it is the contract's") {
  const Config config = parse({});
  CHECK(config.listen.text() == "127.0.0.1:6834");
  REQUIRE(config.console);
  CHECK(config.console->text() == "127.0.0.1:6835");
  CHECK(config.data_dir == "/home/ada/.local/share/nufi");
  CHECK(config.socket == "/home/ada/.local/state/nufi/nufid.sock");
  CHECK(config.durability == store::Durability::power);
  CHECK(config.max_body == std::uint64_t{32} << 20);
  CHECK(config.max_buffered >= std::uint64_t{64} << 20);
  CHECK(config.max_buffered <= std::uint64_t{512} << 20);
  CHECK(config.drain_timeout == std::chrono::seconds(30));
  CHECK(config.upstream_timeout == std::chrono::seconds(600));
  CHECK_FALSE(config.demo);
  CHECK_FALSE(config.hold_wait);
  CHECK_FALSE(config.budget_status);
}

TEST_CASE("config: a flag wins over its variable, and both over the config file") {
  const TempDir directory;
  const auto file = directory.write("nufid.toml",
                                    "listen = \"127.0.0.1:1\"\n"
                                    "console-listen = \"127.0.0.1:2\"\n"
                                    "data-dir = \"/from/file\"\n"
                                    "demo = true\n");
  Environment environment = kHome;
  environment["NUFI_CONFIG"] = file.string();
  environment["NUFI_LISTEN"] = "127.0.0.1:11";
  environment["NUFI_DATA_DIR"] = "/from/env";
  const Config config = parse({"--data-dir", "/from/flag"}, environment);
  CHECK(config.listen.port == 11);
  CHECK(config.console->port == 2);
  CHECK(config.data_dir == "/from/flag");
  CHECK(config.demo);
}

TEST_CASE("config: every flag may stand in the config file, and others may not") {
  const TempDir directory;
  const auto good = directory.write("good.toml",
                                    "max-body = \"1MiB\"\n"
                                    "max-buffered = \"3MiB\"\n"
                                    "drain-timeout = \"5s\"\n"
                                    "durability = \"process\"\n"
                                    "budget-status = 402\n"
                                    "hold-wait = \"500ms\"\n"
                                    "allow-host = [\"a.example\", \"b.example\"]\n"
                                    "allow-remote = \"inference\"\n"
                                    "listen = \"0.0.0.0:0\"\n");
  const Config config = parse({"--config", good.string()});
  CHECK(config.max_body == 1 << 20);
  CHECK(config.max_buffered == 3 << 20);
  CHECK(config.drain_timeout == std::chrono::seconds(5));
  CHECK(config.durability == store::Durability::process);
  CHECK(config.budget_status == 402);
  CHECK(config.hold_wait == std::chrono::milliseconds(500));
  CHECK(config.allowed_hosts == std::vector<std::string>{"a.example", "b.example"});
  CHECK(config.allow_remote_inference);
  CHECK_FALSE(config.allow_remote_console);
  const auto bad = directory.write("bad.toml", "colour = \"red\"\n");
  CHECK(refusal({"--config", bad.string()}).starts_with("usage"));
  CHECK(refusal({"--config", "/nonexistent/nufid.toml"}).starts_with("usage"));
}

TEST_CASE("config: beyond loopback each door must be allowed by name") {
  CHECK(refusal({"--listen", "0.0.0.0:6834"}).find("other machines") != std::string::npos);
  CHECK(refusal({"--listen", "[::]:6834", "--allow-remote", "console"}).starts_with("usage"));
  CHECK(refusal({"--console-listen", "192.168.1.7:0"}).starts_with("usage"));
  const Config config = parse({"--listen",
                               "0.0.0.0:1",
                               "--console-listen",
                               "[::]:2",
                               "--allow-remote",
                               "inference,console"});
  CHECK(config.listen.host == "0.0.0.0");
  CHECK(config.console->host == "::");
  CHECK(parse({"--listen", "127.9.9.9:1"}).listen.is_loopback());
}

TEST_CASE("config: what can't be understood is a usage error") {
  CHECK(refusal({"--lisen", "x"}).starts_with("usage"));
  CHECK(refusal({"surplus"}).starts_with("usage"));
  CHECK(refusal({"--listen", "6834"}).starts_with("usage"));
  CHECK(
      refusal({"--listen", "example.org:80", "--allow-remote", "inference"}).starts_with("usage"));
  CHECK(refusal({"--listen", "127.0.0.1:65536"}).starts_with("usage"));
  CHECK(refusal({"--durability", "none"}).starts_with("usage"));
  CHECK(refusal({"--max-body", "0"}).starts_with("usage"));
  CHECK(refusal({"--max-body", "many"}).starts_with("usage"));
  CHECK(refusal({"--max-connections", "0"}).starts_with("usage"));
  CHECK(refusal({"--drain-timeout", "soon"}).starts_with("usage"));
  CHECK(refusal({"--hold-wait", "3h"}).starts_with("usage"));
  CHECK(refusal({"--budget-status", "500"}).starts_with("usage"));
  CHECK(refusal({"--ca-file", "/nonexistent/ca.pem"}).starts_with("usage"));
  CHECK(refusal({}, {{"HOME", "/h"}, {"NUFI_LISTEN", "nonsense"}}).starts_with("usage"));
}

TEST_CASE("config: mistakes are told in the words of all other errors") {
  CHECK(refusal({"--durability", "none"}) ==
        "usage: --durability must be process or power, not 'none'");
  CHECK(refusal({"--listen"}) == "usage: --listen needs a value");
  CHECK(refusal({"--lisen=x"}) == "usage: there is no option '--lisen'");
  CHECK(refusal({"surplus"}) == "usage: 'surplus' is not an option");
  CHECK(refusal({"--config", "/nonexistent/nufid.toml"}) ==
        "usage: the config file /nonexistent/nufid.toml can't be read: No such file or directory");
  CHECK(refusal({"--config", "/tmp"}) ==
        "usage: the config file /tmp can't be read: it is a directory");
}

TEST_CASE("config: a config file that never ends is not read") {
  const test::TempDir directory;
  const std::string pipe = directory.path() / "nufid.toml";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(refusal({"--config", pipe}) ==
        fmt::format("usage: the config file {0} can't be read: {0} is a pipe, not a file", pipe));
  CHECK(refusal({}, {{"HOME", "/home/ada"}, {"NUFI_CONFIG", pipe}}).find("is a pipe") !=
        std::string::npos);
  CHECK(refusal({"--config=/dev/zero"}).find("is a device") != std::string::npos);
  const auto long_one = directory.write("long.toml", std::string((1 << 20) + 1, '\n'));
  CHECK(refusal({"--config", long_one.string()}).find("more than") != std::string::npos);
}

TEST_CASE("config: the console can be off, and ports can be any") {
  const Config config = parse({"--console-listen", "off", "--listen", "[::1]:0"});
  CHECK_FALSE(config.console);
  CHECK(config.listen.text() == "[::1]:0");
}

TEST_CASE("config: what is kept of bodies has room for the longest, as it came and as it is sent") {
  CHECK(refusal({"--max-buffered", "63MiB"}).starts_with("usage"));
  CHECK(refusal({"--max-buffered", "0"}).starts_with("usage"));
  CHECK(parse({"--max-buffered", "64MiB"}).max_buffered == std::uint64_t{64} << 20);
  CHECK(parse({"--max-body", "1GiB"}).max_buffered == std::uint64_t{2} << 30);
}

TEST_CASE("config: sizes have units") {
  CHECK(parse_size("1", "--x") == 1);
  CHECK(parse_size("64KiB", "--x") == 65536);
  CHECK(parse_size("2GiB", "--x") == std::uint64_t{2} << 30);
  CHECK(failure_of([] { parse_size("1MB", "--x"); }).starts_with("usage"));
}

TEST_CASE("config: systemd's sockets are taken by name, else in order") {
  Environment environment = kHome;
  environment["LISTEN_PID"] = "77";
  environment["LISTEN_FDS"] = "2";
  SUBCASE("by name") {
    environment["LISTEN_FDNAMES"] = "control:inference";
    const auto sockets = parse({}, environment).inherited;
    CHECK(sockets.control == 3);
    CHECK(sockets.inference == 4);
    CHECK(sockets.console == -1);
  }
  SUBCASE("in order") {
    environment["LISTEN_FDNAMES"] = "unknown:unknown";
    const auto sockets = parse({}, environment).inherited;
    CHECK(sockets.inference == 3);
    CHECK(sockets.console == 4);
    CHECK(sockets.control == -1);
  }
  SUBCASE("not when they are somebody else's") {
    environment["LISTEN_PID"] = "78";
    CHECK(parse({}, environment).inherited.inference == -1);
  }
  environment["NOTIFY_SOCKET"] = "@systemd";
  const Config config = parse({}, environment);
  CHECK(config.notify_socket == "@systemd");
  CHECK_FALSE(config.environment.contains("LISTEN_FDS"));
  CHECK_FALSE(config.environment.contains("NOTIFY_SOCKET"));
  CHECK(config.environment.at("HOME") == "/home/ada");
}

TEST_CASE("config: the watchdog counts if it is meant for us") {
  Environment environment = kHome;
  CHECK(parse({}, environment).watchdog.count() == 0);
  environment["WATCHDOG_USEC"] = "60000000";
  CHECK(parse({}, environment).watchdog == std::chrono::seconds(60));
  environment["WATCHDOG_PID"] = "77";
  CHECK(parse({}, environment).watchdog == std::chrono::seconds(60));
  environment["WATCHDOG_PID"] = "78";
  CHECK(parse({}, environment).watchdog.count() == 0);
  environment.erase("WATCHDOG_PID");
  environment["WATCHDOG_USEC"] = "soon";
  CHECK(parse({}, environment).watchdog.count() == 0);
}

TEST_CASE("config: help and version are printed instead") {
  CHECK(std::get<Printout>(parse_config({"--version"}, kHome, 1)).text.starts_with("nufid "));
  const auto help = std::get<Printout>(parse_config({"--help"}, kHome, 1)).text;
  for (const char* flag : {"--listen",
                           "--console-listen",
                           "--socket",
                           "--data-dir",
                           "--config",
                           "--allow-remote",
                           "--demo",
                           "--log-level",
                           "--log-format",
                           "--durability",
                           "--max-body",
                           "--max-buffered",
                           "--max-connections",
                           "--drain-timeout",
                           "--upstream-timeout",
                           "--check-config",
                           "--version",
                           "--allow-host"}) {
    CAPTURE(flag);
    CHECK(help.find(flag) != std::string::npos);
  }
}

TEST_CASE("config: the system's daemon has the system's places") {
  const Config config = parse({"--system"});
  CHECK(config.is_system);
  CHECK(config.data_dir == "/var/lib/nufi");
  CHECK(config.socket == "/run/nufi/nufid.sock");
  CHECK_FALSE(parse({}).is_system);
  CHECK(parse({}, {}).is_system);
  const Config elsewhere = parse({"--system", "--data-dir", "/srv/nufi"});
  CHECK(elsewhere.is_system);
  CHECK(elsewhere.data_dir == "/srv/nufi");
  CHECK(elsewhere.socket == "/run/nufi/nufid.sock");
}

TEST_CASE("config: the system's data directory makes it the system's daemon") {
  const Config config = parse({"--data-dir", "/var/lib/nufi"});
  CHECK(config.is_system);
  CHECK(config.socket == "/run/nufi/nufid.sock");
  const TempDir directory;
  const auto file = directory.write("nufid.toml", "system = true\n");
  CHECK(parse({"--config", file.string()}).data_dir == "/var/lib/nufi");
}

TEST_CASE("config: the proxy of the environment counts, in either case, the lower one first") {
  auto environment = kHome;
  environment["HTTPS_PROXY"] = "http://upper:1";
  environment["NO_PROXY"] = "direct.example";
  const auto proxy_for = [&](const std::string& url) {
    const auto config = parse({}, environment);
    const auto* proxy = config.proxies.for_url(domain::BaseUrl::parse(url));
    return proxy == nullptr ? std::string() : proxy->host;
  };
  CHECK(proxy_for("https://api.example") == "upper");
  CHECK(proxy_for("https://direct.example").empty());
  environment["https_proxy"] = "http://lower:1";
  environment["no_proxy"] = "api.example";
  CHECK(proxy_for("https://direct.example") == "lower");
  CHECK(proxy_for("https://api.example").empty());
}
