#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace nufi::net {

/// How much memory the bodies of requests may take that are kept, all connections and loops
/// together. Without it every connection could make us keep as much as the longest body is.
/// Thread-safe and without a lock; must outlive its shares.
class BodyMemory {
 public:
  /// Of each body so much is not counted: connections are limited, and nearly all calls are
  /// shorter.
  static constexpr std::uint64_t kUncounted = 64 * 1024;

  explicit BodyMemory(std::uint64_t most) : most_(most) {}
  BodyMemory(const BodyMemory&) = delete;
  BodyMemory& operator=(const BodyMemory&) = delete;

  [[nodiscard]] std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }

  /// What one text may take of it, for as long as this lives. Belongs to one thread.
  class Share {
   public:
    explicit Share(BodyMemory& memory) : memory_(memory) {}
    ~Share() { give_back(); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    /// Lets the text have `size` bytes. False: so much is not left, and nothing has changed.
    [[nodiscard]] bool grow_to(std::uint64_t size) { return size <= allowed_ || take(size); }
    /// Makes room in `text` for `more` bytes; it will have no more than `whole` in all. The room
    /// grows with what has come, not with what was announced. False as in grow_to().
    [[nodiscard]] bool make_room(std::string& text, std::size_t more, std::uint64_t whole) {
      const auto needed = text.size() + more;
      return needed <= allowed_ || take_room(text, needed, whole);
    }
    /// The text is gone.
    void give_back();

   private:
    bool take(std::uint64_t size);
    bool take_room(std::string& text, std::size_t needed, std::uint64_t whole);

    BodyMemory& memory_;
    std::uint64_t allowed_ = kUncounted;
    std::uint64_t taken_ = 0;
  };

 private:
  bool take(std::uint64_t size);

  const std::uint64_t most_;
  std::atomic<std::uint64_t> used_{0};
};

}  // namespace nufi::net
