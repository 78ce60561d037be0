#pragma once

#include "lib/net/awaitable.hpp"
#include "lib/net/exchange.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

namespace nufi::net {

class UpstreamConnection;
class UpstreamPool;

/// The most connections that may be open to one upstream at once, idle ones and all loops together,
/// and who waits for one. Whoever waits is served in turn, by the next connection that ends or
/// falls idle. Thread-safe, unless said otherwise.
class ConnectionLimit : public std::enable_shared_from_this<ConnectionLimit> {
 public:
  /// `most` >= 1.
  explicit ConnectionLimit(std::size_t most) : most_(most) {}

  /// One connection that may be open, for as long as this lives. An empty one counts nothing.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&& other) noexcept;
    ~Place();
    explicit operator bool() const { return limit_ != nullptr; }

   private:
    friend class ConnectionLimit;
    explicit Place(std::shared_ptr<ConnectionLimit> limit) : limit_(std::move(limit)) {}
    std::shared_ptr<ConnectionLimit> limit_;
  };

  class Wait;

  /// A place, unless all are taken or others wait for one.
  Place try_take();
  /// `connection` has fallen idle on the loop of `pool`. If somebody waits, that one gets the
  /// connection, or its place if it waits on another loop; else it stays where it is.
  void pass_on(UpstreamPool& pool, std::unique_ptr<UpstreamConnection>& connection);
  [[nodiscard]] bool is_awaited() const { return waiting_.load() > 0; }
  /// `pool` may hold idle connections: it is asked to close some when somebody waits.
  void remember(UpstreamPool& pool);
  void forget(UpstreamPool& pool);

 private:
  void release();
  /// Gives free places to who is first; under the lock.
  void serve();
  Wait& take_first();

  const std::size_t most_;
  std::atomic<std::size_t> waiting_{0};  ///< as many as waits_; read without the lock
  mutable std::mutex mutex_;
  std::size_t open_ = 0;
  std::list<Wait*> waits_;
  std::vector<UpstreamPool*> pools_;
};

/// A call's wait in turn, on the loop of `pool`; destroying it leaves the queue.
class ConnectionLimit::Wait {
 public:
  Wait(std::shared_ptr<ConnectionLimit> limit, UpstreamPool& pool);
  ~Wait();
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  /// Returns when it has its turn, `patience` is over or give_up() was called.
  Awaitable<void> wait(std::chrono::milliseconds patience);
  /// Ends wait(); for the loop's own thread.
  void give_up() { signal_.notify(); }

  /// What it was given, once wait() has returned: a connection, a place to open one, or neither.
  std::unique_ptr<UpstreamConnection> connection;
  Place place;

 private:
  friend class ConnectionLimit;
  void leave();

  const std::shared_ptr<ConnectionLimit> limit_;
  UpstreamPool& pool_;
  Signal signal_;
  std::list<Wait*>::iterator position_;
  bool queued_ = false;  ///< under the limit's lock
};

}  // namespace nufi::net
