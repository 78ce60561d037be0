#pragma once

#include "lib/gateway/stored_responses.hpp"
#include "lib/ledger/ledger.hpp"
#include "lib/store/ledger_store.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace nufi::daemon {

/// Whose stored responses are, from the ledger's tables: asked on a thread of its own, because a
/// loop never waits for a disk.
class StoredResponses final : public gateway::StoredResponses {
 public:
  /// Both must outlive it.
  StoredResponses(store::LedgerStore& store, ledger::Ledger& ledger);

  void find(std::string id, std::function<void(Answer)> done) override;
  void forget(std::string id, std::function<void()> done) override;

 private:
  void add(std::function<void()> task);
  void work(const std::stop_token& stop);

  store::LedgerStore& store_;
  ledger::Ledger& ledger_;
  std::mutex mutex_;
  std::condition_variable_any added_;
  std::deque<std::function<void()>> tasks_;  ///< guarded by mutex_
  std::jthread thread_;                      ///< last: stops before what it uses is destroyed
};

}  // namespace nufi::daemon
