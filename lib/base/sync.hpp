#pragma once

#include <mutex>
#include <utility>

namespace nufi {

/// A value behind its lock: it can't be reached without holding it.
/// `auto guard = value.lock(); guard->…`. Thread-safe.
template <class T>
class Sync {
 public:
  class Guard {
   public:
    Guard(std::mutex& mutex, T& value) : lock_(mutex), value_(value) {}
    T* operator->() { return &value_; }
    T& operator*() { return value_; }
    /// For condition variables.
    std::unique_lock<std::mutex>& as_lock() { return lock_; }

   private:
    std::unique_lock<std::mutex> lock_;
    T& value_;
  };

  Sync() = default;
  explicit Sync(T value) : value_(std::move(value)) {}

  [[nodiscard]] Guard lock() { return Guard(mutex_, value_); }

 private:
  std::mutex mutex_;
  T value_{};
};

}  // namespace nufi
