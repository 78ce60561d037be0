#include "daemon/tracer.hpp"

#include "daemon/trace_pieces.hpp"
#include "daemon/trace_text.hpp"
#include "lib/api/shapes.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

namespace nufi::daemon {
namespace {

using namespace std::chrono_literals;

/// What bodies may take of memory until they are written, those of calls that run included.
constexpr std::int64_t kMostMemory = std::int64_t{64} << 20;
constexpr std::size_t kMostWaiting = 1024;
/// In one transaction: its bodies lie in memory twice while they are sealed.
constexpr std::size_t kMostAtOnce = 32;
constexpr std::chrono::seconds kRetireEvery = 60s;
constexpr std::chrono::seconds kWarnEvery = 60s;
/// After a failure nothing is tried for so long: a broken disk is not asked a thousand times.
constexpr std::chrono::seconds kRestAfterFailure = 5s;

/// Keeps of a stream that spells out a secret only its joined text, in which masks find it, and of
/// a plain reply nothing.
void take_out_spelled(gateway::CallTrace& call) {
  const auto said = said_in_pieces(call.facts().reply.bytes);
  const bool is_spelled = std::any_of(
      said.begin(), said.end(), [&call](const auto& pieces) { return call.spells_secret(pieces); });
  if (!is_spelled) return;
  domain::TraceView view;
  // In a plain one the pieces stand apart, in parts or tokens, and told they still would.
  if (parse_said(call.facts().reply.bytes).is_discarded()) {
    view.trace = std::move(call.facts());
    read_conversation(view);
    call.facts() = std::move(view.trace);
  }
  call.replace_reply("application/json", retold(view));
}

store::StoredTrace as_stored(gateway::CallTrace& call) {
  take_out_spelled(call);
  call.take_out_secrets();
  domain::Trace& trace = call.facts();
  store::StoredTrace stored;
  stored.head = trace.head;
  stored.facts = api::to_text(api::to_json(trace));
  stored.request = std::move(trace.request.bytes);
  stored.reply = std::move(trace.reply.bytes);
  return stored;
}

}  // namespace

Tracer::Tracer(service::TraceArchive& archive,
               const Clock& clock,
               const service::SettingValues& values)
    : archive_(archive),
      clock_(clock),
      memory_(kMostMemory),
      kept_(values.trace_days),
      most_bytes_(values.trace_most_bytes),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

void Tracer::take(std::unique_ptr<gateway::CallTrace> trace) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMostWaiting) {
      ++lost_;
      archive_.count_lost(1);
      return;
    }
    waiting_.push_back(std::move(trace));
    ++taken_;
  } catch (const std::exception&) {
    archive_.count_lost(1);  // no memory for the queue
    return;
  }
  changed_.notify_all();
}

void Tracer::set_limits(const service::SettingValues& values) {
  const std::lock_guard lock(mutex_);
  kept_ = std::chrono::days(values.trace_days);
  most_bytes_ = values.trace_most_bytes;
}

void Tracer::sync() {
  std::unique_lock lock(mutex_);
  const auto wanted = taken_;
  changed_.wait(lock, [&] { return done_ >= wanted; });
}

void Tracer::work(const std::stop_token& stop) {
  bool is_asked_to_stop = false;
  while (true) {
    Batch batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, kRetireEvery, [this] { return !waiting_.empty(); });
      is_asked_to_stop = stop.stop_requested();
      const auto count = std::min(waiting_.size(), kMostAtOnce);
      for (std::size_t i = 0; i < count; ++i) {
        batch.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    const auto count = batch.size();
    if (count > 0) write(std::move(batch));
    if (count == 0 || clock_.steady() - retired_at_ >= kRetireEvery) retire();
    note_lost();
    {
      const std::lock_guard lock(mutex_);
      done_ += count;
    }
    changed_.notify_all();
    // What has ended is written, also while nufid stops.
    if (is_asked_to_stop && count == 0) return;
  }
}

void Tracer::write(Batch batch) {
  if (is_failing_ && clock_.steady() - failed_at_ < kRestAfterFailure) {
    archive_.count_lost(static_cast<std::int64_t>(batch.size()));
    return;
  }
  try {
    std::vector<store::StoredTrace> traces;
    for (const auto& call : batch) traces.push_back(as_stored(*call));
    archive_.add(std::move(traces));
    if (is_failing_) log::info("traces can be written again");
    is_failing_ = false;
    archive_.set_problem("");
  } catch (const std::exception& failure) {
    archive_.count_lost(static_cast<std::int64_t>(batch.size()));
    note_failure(failure.what());
  }
}

void Tracer::retire() {
  retired_at_ = clock_.steady();
  std::chrono::days kept{};
  std::int64_t most_bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    kept = kept_;
    most_bytes = most_bytes_;
  }
  try {
    archive_.retire(clock_.now(), kept, most_bytes);
  } catch (const std::exception& failure) {
    note_failure(failure.what());
  }
}

void Tracer::note_failure(const std::string& problem) {
  failed_at_ = clock_.steady();
  archive_.set_problem(problem);
  if (!std::exchange(is_failing_, true)) log::error("traces are lost", {{"why", problem}});
}

void Tracer::note_lost() {
  const auto now = clock_.steady();
  if (now - warned_at_ < kWarnEvery && warned_at_ != SteadyTime{}) return;
  std::uint64_t lost = 0;
  {
    const std::lock_guard lock(mutex_);
    lost = std::exchange(lost_, 0);
  }
  if (lost == 0) return;
  warned_at_ = now;
  log::warning("traces were dropped: more came than could be written",
               {{"traces", static_cast<long long>(lost)}});
}

}  // namespace nufi::daemon
