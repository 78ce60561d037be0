#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace nufi {

/// Text that must never be printed: no formatter, no stream operator, wiped when destroyed.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&);
  Secret(Secret&&) noexcept;
  Secret& operator=(Secret&&) noexcept;
  ~Secret();

  /// The text itself. Every call of this is a place where the secret can leak: keep them few.
  [[nodiscard]] const std::string& expose() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

 private:
  std::string text_;
};

using Sha256 = std::array<std::uint8_t, 32>;

/// SHA-256 of `bytes`. Thread-safe.
Sha256 sha256(std::string_view bytes);

/// True if both are equal; takes the same time wherever they differ. Lengths are not hidden.
bool constant_time_equal(std::string_view a, std::string_view b) noexcept;

/// Fills `out` from the system's random generator. Throws Error{internal} if it has none.
void random_bytes(std::span<std::uint8_t> out);

/// CRC-32 (IEEE 802.3, reflected polynomial 0xEDB88320) of `bytes`.
std::uint32_t crc32(std::string_view bytes) noexcept;

/// AES-256-GCM. `key` is 32 bytes; `context` is bound to the text but not stored in it.
/// Returns nonce (12) + ciphertext + tag (16).
std::string seal(const Secret& key, std::string_view context, const Secret& text);

/// The text behind seal(). Throws Error{internal} if key, context or bytes are not the ones it was
/// sealed with.
Secret unseal(const Secret& key, std::string_view context, std::string_view sealed);

}  // namespace nufi
