#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

namespace nufi::store {
namespace {

using namespace examples;
using namespace std::chrono_literals;

std::string faults(const VerifyReport& report) {
  std::string text;
  for (const auto& fault : report.faults) text += fault.what + "\n";
  return text;
}

}  // namespace

TEST_CASE("verify: an empty ledger and one that was only written by batches have no fault") {
  auto under_test = StoreUnderTest::make();
  auto& ledger = under_test->store().ledger();
  CHECK(faults(ledger.verify()).empty());
  const auto laptop = key("key_1", "laptop");
  const auto phone = key("key_2", "phone");
  auto failed = row(laptop, 61, 0);
  failed.status = domain::RowStatus::cut;
  auto open = row(laptop, 62, 9);
  open.status = domain::RowStatus::running;
  auto batch = batch_of(
      {row(laptop, 0, 1), row(phone, 3, 20), row(laptop, 60 * 24 * 31, 300), failed, open});
  batch.rollups.begin()->second.refused = 5;
  ledger.apply(batch);

  const auto report = ledger.verify();

  CHECK(faults(report).empty());
  CHECK(report.rows == 4);
  CHECK(report.rollups == 4);
  CHECK(report.windows == static_cast<std::int64_t>(batch.windows.size()));
}

TEST_CASE("verify: a row that no rollup and no window counts is found") {
  auto under_test = StoreUnderTest::make();
  auto& ledger = under_test->store().ledger();
  const auto laptop = key("key_1", "laptop");
  ledger.apply(batch_of({row(laptop, 0, 1'000'000'000)}));
  LedgerBatch uncounted;
  uncounted.rows = {row(laptop, 20, 500'000'000)};
  ledger.apply(uncounted);

  CHECK(faults(ledger.verify()) ==
        "rollup 2026-08-01T10:15:00Z key_1 gpt-4o at openai: counts 0 requests, 0 errors, cost 0 "
        "(upstream 0), 0 + 0 tokens; its rows sum to 1 requests, 0 errors, cost 0.5 (upstream "
        "0.5), 10 + 5 tokens\n");
}

TEST_CASE("verify: a rollup and a window that count too much are found") {
  auto under_test = StoreUnderTest::make();
  auto& ledger = under_test->store().ledger();
  const auto laptop = key("key_1", "laptop");
  auto batch = batch_of({row(laptop, 0, 1'000'000'000)});
  ledger.apply(batch);
  LedgerBatch wrong;
  wrong.windows = {batch.windows[0], batch.windows[2]};
  wrong.windows[0].spent = 1'500'000'000;  // the key's minute: summed from rows
  wrong.windows[1].spent = 2'500'000'000;  // the key's month: summed from rollups
  ledger.apply(wrong);

  CHECK(faults(ledger.verify()) ==
        "window key_1 usd minute from 2026-08-01T10:00:00Z: spent 1.5, rows sum to 1\n"
        "window key_1 usd month from 2026-08-01T00:00:00Z: spent 2.5, rows sum to 1\n");

  LedgerBatch tokens;
  tokens.rollups[batch.rollups.begin()->first].usage[domain::Bucket::reasoning] = 1;
  ledger.apply(tokens);
  CHECK(faults(ledger.verify()).find("1 requests, 0 errors, cost 1 (upstream 1), 10 + 6 tokens") !=
        std::string::npos);
}

TEST_CASE("verify: where a changed time zone makes cycles overlap, one of them must be right") {
  auto under_test = StoreUnderTest::make();
  auto& ledger = under_test->store().ledger();
  const auto laptop = key("key_1", "laptop");
  auto batch = batch_of({row(laptop, 0, 100)});
  ledger.apply(batch);
  LedgerBatch moved;
  moved.windows = {batch.windows[2]};
  moved.windows[0].cycle_start -= 2h;
  moved.windows[0].cycle_end -= 2h;
  moved.windows[0].spent = 40;

  ledger.apply(moved);
  CHECK(faults(ledger.verify()).empty());

  moved.windows.push_back(batch.windows[2]);
  moved.windows[1].spent = 50;
  ledger.apply(moved);
  CHECK(ledger.verify().faults.size() == 2);
}

TEST_CASE("verify: many faults are counted, not all told") {
  auto under_test = StoreUnderTest::make();
  auto& ledger = under_test->store().ledger();
  LedgerBatch uncounted;
  for (int minute = 0; minute < 15 * 120; minute += 15) {
    uncounted.rows.push_back(row(key("key_1", "laptop"), minute, 1));
  }
  ledger.apply(uncounted);

  const auto report = ledger.verify();

  REQUIRE(report.faults.size() == 101);
  CHECK(report.faults.back().what == "and 20 more");
}

}  // namespace nufi::store
