#include "lib/net/body_memory.hpp"

#include <algorithm>

namespace nufi::net {

bool BodyMemory::take(std::uint64_t size) {
  auto used = used_.load(std::memory_order_relaxed);
  do {
    if (size > most_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + size, std::memory_order_relaxed));
  return true;
}

bool BodyMemory::Share::take(std::uint64_t size) {
  // Who takes more than is free for each has all of it counted.
  if (!memory_.take(size - taken_)) return false;
  allowed_ = taken_ = size;
  return true;
}

bool BodyMemory::Share::take_room(std::string& text, std::size_t needed, std::uint64_t whole) {
  // Twice as much as before, so that a long body is not copied again and again while it comes.
  const auto room = std::max<std::uint64_t>(needed, std::min(2 * allowed_, whole));
  if (!take(room)) return false;
  text.reserve(room);
  return true;
}

void BodyMemory::Share::give_back() {
  if (taken_ == 0) return;
  memory_.used_.fetch_sub(taken_, std::memory_order_relaxed);
  taken_ = 0;
  allowed_ = kUncounted;
}

}  // namespace nufi::net
