#include "lib/domain/trace.hpp"

#include <doctest/doctest.h>

using namespace nufi::domain;

namespace {

/// A call that two upstreams refused before the third answered, slowly to a slow client.
Trace slow_call() {
  Trace trace;
  trace.head.total_us = 10'000;
  const auto attempt = [](const char* name, std::int64_t start, std::int64_t us) {
    TraceAttempt told;
    told.attempt.upstream = name;
    told.attempt.total_us = us;
    told.start_us = start;
    return told;
  };
  trace.attempts = {attempt("a", 1000, 1000), attempt("b", 2000, 500), attempt("c", 2500, 3000)};
  trace.spans = {{"hold", "", 0, 1000},
                 {"upstream", "a", 1000, 1000},
                 {"connect", "b", 2000, 500},
                 {"upstream", "c", 2500, 3000},
                 {"reply", "c", 5500, 4500}};
  trace.client_blocked_us = 4000;
  return trace;
}

}  // namespace

TEST_CASE("trace: of everybody's mode and the key's, the one that keeps more counts") {
  using enum TraceMode;
  for (const auto mode : {off, on, errors}) {
    CHECK(wider(mode, on) == on);
    CHECK(wider(on, mode) == on);
    CHECK(wider(mode, off) == mode);
    CHECK(wider(off, mode) == mode);
    CHECK(trace_mode_from_name(trace_mode_name(mode)) == mode);
  }
  CHECK(wider(errors, errors) == errors);
  CHECK_FALSE(trace_mode_from_name("On"));
}

TEST_CASE("trace: a key that does not trace has no errors to trace either") {
  Key key;
  CHECK(trace_mode_of(key) == TraceMode::off);
  key.trace_errors_only = true;
  CHECK(trace_mode_of(key) == TraceMode::off);
  key.trace = true;
  CHECK(trace_mode_of(key) == TraceMode::errors);
  key.trace_errors_only = false;
  CHECK(trace_mode_of(key) == TraceMode::on);
}

TEST_CASE("trace: what a call was slow by, largest first, each moment in one part only") {
  const auto parts = slowest_parts(slow_call());
  REQUIRE(parts.size() == 5);
  CHECK(parts[0] == TracePart{"client", "", 4000, 1});
  CHECK(parts[1] == TracePart{"upstream", "c", 3000, 1});
  CHECK(parts[2] == TracePart{"failed", "", 1500, 2});
  CHECK(parts[3] == TracePart{"hold", "", 1000, 1});
  CHECK(parts[4] == TracePart{"reply", "c", 500, 1});
}

TEST_CASE("trace: a call of which nothing is known was slow by nothing") {
  CHECK(slowest_parts({}).empty());
}
