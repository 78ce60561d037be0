#pragma once

// What every fuzz target uses. A property that does not hold ends the process; libFuzzer then keeps
// the input. Put it into corpus/<target>/ once it is mended: it is tried in every check from then
// on.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace nufi::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// The fuzzer's bytes: a few that choose, then the text.
class Input {
 public:
  Input(const std::uint8_t* bytes, std::size_t size)
      : rest_(reinterpret_cast<const char*>(bytes), size) {}

  /// A number below `count`. In a corpus file '0' is 0, '1' is 1 and so on.
  std::size_t pick(std::size_t count) {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return static_cast<unsigned char>(byte - '0') % count;
  }
  [[nodiscard]] std::string_view text() const { return rest_; }

 private:
  std::string_view rest_;
};

/// Hands `text` on in pieces, whose sizes hang on `seed`; 0 = byte by byte.
template <class Take>
void in_pieces(std::string_view text, std::size_t seed, const Take& take) {
  std::uint32_t state = static_cast<std::uint32_t>(seed);
  while (!text.empty()) {
    state = state * 1664525U + 1013904223U;
    const std::size_t size = seed == 0 ? 1 : 1 + (state >> 24U) % (seed * 7);
    const auto piece = text.substr(0, size);
    take(piece);
    text.remove_prefix(piece.size());
  }
}

}  // namespace nufi::fuzz
