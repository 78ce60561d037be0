#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/trace.hpp"
#include "lib/gateway/trace.hpp"
#include "lib/service/settings.hpp"
#include "lib/service/traces.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace nufi::daemon {

/// Writes the traces of calls that have ended, on a thread of its own: a loop only hands them over.
/// Where the thread can't keep up, or the database fails, traces are lost and counted, and no call
/// ever notices. It also takes old traces away. Thread-safe.
class Tracer final : public gateway::TraceSink {
 public:
  /// Both must outlive it.
  Tracer(service::TraceArchive& archive, const Clock& clock, const service::SettingValues& values);

  void take(std::unique_ptr<gateway::CallTrace> trace) noexcept override;
  [[nodiscard]] gateway::TraceMemory& memory() override { return memory_; }

  /// How long traces are kept, and how many.
  void set_limits(const service::SettingValues& values);
  /// Returns when all that was taken before is written or lost.
  void sync();

 private:
  using Batch = std::deque<std::unique_ptr<gateway::CallTrace>>;

  void work(const std::stop_token& stop);
  void write(Batch batch);
  void retire();
  void note_failure(const std::string& problem);
  void note_lost();

  service::TraceArchive& archive_;
  const Clock& clock_;
  gateway::TraceMemory memory_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_:
  Batch waiting_;
  std::uint64_t taken_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t lost_ = 0;  ///< for want of room, since it was said last
  std::chrono::days kept_;
  std::int64_t most_bytes_;
  // Of the thread:
  SteadyTime retired_at_{};
  SteadyTime warned_at_{};
  SteadyTime failed_at_{};
  bool is_failing_ = false;
  std::jthread thread_;  ///< last: stops before what it uses is destroyed
};

}  // namespace nufi::daemon
