#include "lib/base/id.hpp"

#include "lib/base/secret.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace nufi {
namespace {

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

std::string to_base62(std::uint64_t value, std::size_t width) {
  std::string digits(width, kBase62.front());
  for (std::size_t i = width; i > 0 && value > 0; --i) {
    digits[i - 1] = kBase62[value % kBase62.size()];
    value /= kBase62.size();
  }
  return digits;
}

std::optional<std::uint64_t> parse_base62(std::string_view digits) noexcept {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    const std::size_t digit = kBase62.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    if (__builtin_mul_overflow(value, std::uint64_t{kBase62.size()}, &value) ||
        __builtin_add_overflow(value, std::uint64_t{digit}, &value)) {
      return std::nullopt;
    }
  }
  return value;
}

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
