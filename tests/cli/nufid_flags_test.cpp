#include "cli/nufid_flags.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace nufi::cli;

TEST_CASE("nufid flags: one that is given takes the place of all of its name, others stay") {
  const Words running{
      "--demo", "--listen", "127.0.0.1:7000", "--allow-host=a", "--allow-host", "b"};
  CHECK(merged_flags(running, {}) ==
        Words{"--demo", "--listen=127.0.0.1:7000", "--allow-host=a", "--allow-host=b"});
  CHECK(merged_flags(running, {"--listen=127.0.0.1:8000", "--allow-host", "c"}) ==
        Words{"--demo", "--listen=127.0.0.1:8000", "--allow-host=c"});
  CHECK(merged_flags(running, {"--log-level", "debug"}).back() == "--log-level=debug");
  CHECK(merged_flags({"--demo"}, {"--demo"}) == Words{"--demo"});
  CHECK(merged_flags({"--demo"}, {"--demo=false"}) == Words{"--demo=false"});
  CHECK(merged_flags({}, {"--ca-file="}) == Words{"--ca-file="});
}

TEST_CASE("nufid flags: of a flag that is given twice the last value counts") {
  CHECK(value_of({"--socket", "/a", "--demo", "--socket=/b"}, "--socket") == "/b");
  CHECK(value_of({"--demo"}, "--socket").empty());
  CHECK(names_flag({"--demo", "--restore=x"}, "--restore"));
  CHECK_FALSE(names_flag({"--log-level", "info"}, "--log"));
}

TEST_CASE("nufid flags: the same flags are known in either form") {
  const Words running{"--demo", "--listen=127.0.0.1:7000"};
  CHECK(has_flags(running, {"--listen", "127.0.0.1:7000"}));
  CHECK(has_flags(running, {"--demo"}));
  CHECK(has_flags(running, {}));
  CHECK_FALSE(has_flags(running, {"--listen", "127.0.0.1:7001"}));
  CHECK_FALSE(has_flags(running, {"--log-level=debug"}));
}

TEST_CASE("nufid flags: paths are made absolute, as nufid may start again elsewhere") {
  const std::string here = std::filesystem::current_path().string();
  CHECK(with_absolute_paths({"--data-dir", "data", "--ca-file=./ca.pem", "--log-level", "info"}) ==
        Words{"--data-dir=" + here + "/data", "--ca-file=" + here + "/ca.pem", "--log-level=info"});
  CHECK(with_absolute_paths({"--socket", "/run/x.sock"}) == Words{"--socket=/run/x.sock"});
}
