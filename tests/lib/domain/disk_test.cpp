#include "lib/domain/disk.hpp"

#include <doctest/doctest.h>

using namespace nufi::domain;

namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

}  // namespace

TEST_CASE("disk: a disk that gets full warns, and is a fault when the ledger needs it") {
  CHECK(judge_disk("/d", 100 * kGiB, 200 * kGiB).state == HealthState::ok);
  CHECK(judge_disk("/d", kLittleSpace - 1, 200 * kGiB).state == HealthState::warning);
  CHECK(judge_disk("/d", kNeededSpace - 1, 200 * kGiB).state == HealthState::fault);
  CHECK(judge_disk("/d", 100 * kGiB, 200 * kGiB).finding ==
        "100.0 GiB free of 200.0 GiB (50%) for /d");
  CHECK(judge_disk("/d", 0, 0).state == HealthState::fault);
}

TEST_CASE("disk: sizes for people") {
  CHECK(bytes_text(12) == "12 bytes");
  CHECK(bytes_text(1536) == "1.5 KiB");
  CHECK(bytes_text(3 * kGiB) == "3.0 GiB");
}
