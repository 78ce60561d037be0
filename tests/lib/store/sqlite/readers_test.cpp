#include "lib/store/sqlite/readers.hpp"

#include "tests/lib/store/sqlite/database.hpp"
#include "tests/store_contract/examples.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace nufi::store::sqlite {

using namespace examples;

TEST_CASE("readers: many threads share a few connections while both writers write") {
  Database database;
  auto& store = database.store();
  add_people(store);
  const auto laptop = key("key_1", "laptop");
  std::atomic<int> seen_wrong{0};
  std::vector<std::jthread> threads;

  for (int reader = 0; reader < 8; ++reader) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        // Rows and rollups of one batch are seen together or not at all.
        if (!store.ledger().verify().faults.empty()) ++seen_wrong;
        store.keys().list({});
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < 100; ++i) {
      store.keys().insert(key("key_" + std::to_string(i), std::to_string(i)), audit("a"));
    }
  });
  for (int i = 0; i < 100; ++i) {
    auto call = row(laptop, 15 * i, 0);
    call.usage = {};
    LedgerBatch batch = batch_of({call});
    batch.windows.clear();  // a window need not count what used nothing
    store.ledger().apply(batch);
  }
  threads.clear();

  CHECK(seen_wrong == 0);
  CHECK(store.keys().list({}).size() == 100);
  CHECK(store.ledger().verify().rows == 100);
}

TEST_CASE("readers: a failed read gives its connection back") {
  Database database;
  database.store();
  Readers readers(database.file());
  for (int i = 0; i < 10; ++i) {
    CHECK(error_of([&] {
            readers.read([](Connection& connection) {
              return Query(connection.prepared("SELECT nothing FROM nowhere")).step();
            });
          }) != "");
  }
  CHECK(readers.read(
      [](Connection& connection) { return Query(connection.prepared("SELECT 1")).step(); }));
}

}  // namespace nufi::store::sqlite
