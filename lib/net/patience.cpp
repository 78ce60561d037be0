#include "lib/net/patience.hpp"

#include "lib/net/loop.hpp"

#include <utility>

namespace nufi::net {

struct Patience::Native {
  Native(Loop& loop, std::function<void()> over) : deadline(loop, std::move(over)) {}
  Deadline deadline;
};

Patience::Patience(Loop& loop, std::chrono::milliseconds time, std::function<void()> over)
    : native_(std::make_unique<Native>(loop, std::move(over))) {
  native_->deadline.set(time);
}

Patience::~Patience() = default;

}  // namespace nufi::net
