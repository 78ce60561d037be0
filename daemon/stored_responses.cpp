#include "daemon/stored_responses.hpp"

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"

#include <utility>

namespace nufi::daemon {

StoredResponses::StoredResponses(store::LedgerStore& store, ledger::Ledger& ledger)
    : store_(store),
      ledger_(ledger),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

void StoredResponses::find(std::string id, std::function<void(Answer)> done) {
  add([this, id = std::move(id), done = std::move(done)] {
    Answer answer;
    try {
      // What is not in the database yet, the gateway remembers itself.
      if (auto found = store_.find_response(id)) {
        answer.owner =
            gateway::ResponseOwner{std::move(found->account), std::move(found->upstream)};
      }
    } catch (const Error& error) {
      answer.problem = error.what();
    }
    done(std::move(answer));
  });
}

void StoredResponses::forget(std::string id, std::function<void()> done) {
  add([this, id = std::move(id), done = std::move(done)] {
    try {
      // Its settlement may not be in the database yet: it must not come after this.
      ledger_.sync();
      store_.forget_response(id);
    } catch (const Error& error) {
      // The upstream has deleted it all the same, and says so to whoever asks for it.
      log::warning("a deleted response is not forgotten", {{"why", error.what()}});
    }
    done();
  });
}

void StoredResponses::add(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  added_.notify_one();
}

void StoredResponses::work(const std::stop_token& stop) {
  while (true) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      if (!added_.wait(lock, stop, [this] { return !tasks_.empty(); })) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace nufi::daemon
