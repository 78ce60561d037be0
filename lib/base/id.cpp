#include "lib/base/id.hpp"

#include "lib/base/secret.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace nufi {
namespace {

constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random bytes drawn ahead, so that an id does not cost a system call.
class RandomBuffer {
 public:
  std::uint8_t next() {
    if (used_ == bytes_.size()) {
      random_bytes(bytes_);
      used_ = 0;
    }
    // Wiped, so that what was drawn can't be read from memory a second time.
    return std::exchange(bytes_[used_++], std::uint8_t{0});
  }

 private:
  std::array<std::uint8_t, 256> bytes_{};
  std::size_t used_ = bytes_.size();
};

}  // namespace

std::string random_base62(std::size_t count) {
  thread_local RandomBuffer random;
  std::string text;
  text.reserve(count);
  while (text.size() < count) {
    // Six bits; the two values too many are drawn again, or some characters would come more often.
    const std::size_t digit = random.next() & 0x3FU;
    if (digit < kBase62.size()) text += kBase62[digit];
  }
  return text;
}

}  // namespace nufi
