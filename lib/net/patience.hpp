#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace nufi::net {

class Loop;

/// Runs `over` on the loop when `time` has passed, unless destroyed before; up to Loop::kTick late.
class Patience {
 public:
  Patience(Loop& loop, std::chrono::milliseconds time, std::function<void()> over);
  ~Patience();

 private:
  struct Native;
  std::unique_ptr<Native> native_;
};

}  // namespace nufi::net
