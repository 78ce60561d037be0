#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace nufi {

/// The digits of base 62 in the order of their values, which is also their order as text.
inline constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `value` in base 62, `width` digits with leading zeros (what does not fit is cut off in front).
std::string to_base62(std::uint64_t value, std::size_t width);

/// The number behind to_base62(). std::nullopt for an empty text, another character or a number
/// that does not fit.
std::optional<std::uint64_t> parse_base62(std::string_view digits) noexcept;

/// `count` characters drawn evenly from 0-9A-Za-z with the system's random generator.
std::string random_base62(std::size_t count);

/// A random id with a readable prefix, e.g. `key_4fT0…` (prefix + 16 base62 characters). Ids of
/// different tags are different types. `Tag` has `static constexpr std::string_view kPrefix`.
template <class Tag>
class Id {
 public:
  Id() = default;  ///< no id; empty() is true
  explicit Id(std::string text) : text_(std::move(text)) {}

  static Id random() { return Id(std::string(Tag::kPrefix) + random_base62(16)); }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string text_;
};

}  // namespace nufi

template <class Tag>
struct std::hash<nufi::Id<Tag>> {
  std::size_t operator()(const nufi::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};
