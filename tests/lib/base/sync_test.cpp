#include "lib/base/sync.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace nufi;

TEST_CASE("sync: the value is only changed by one at a time") {
  Sync<int> value(0);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&value] {
        for (int i = 0; i < 10'000; ++i) ++*value.lock();
      });
    }
  }
  CHECK(*value.lock() == 40'000);
}
