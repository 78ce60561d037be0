#pragma once

namespace nufi::daemon {

/// Why the main thread woke up.
enum class Wake { signal, request, done };

/// SIGTERM and SIGINT as something to wait for. Blocks them for this thread and all it starts
/// later: construct before any other thread.
class Signals {
 public:
  /// Throws Error{internal}.
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  /// Wakes the waiting thread as a signal would (POST /v1/shutdown). Thread-safe.
  void request_stop();
  /// Wakes it because what it waits for is done. Thread-safe.
  void announce_done();
  /// Blocks until one of the three; each call takes one.
  Wake wait();

 private:
  int signals_ = -1;
  int requests_ = -1;
  int done_ = -1;
};

}  // namespace nufi::daemon
