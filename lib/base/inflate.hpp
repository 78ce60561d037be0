#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace nufi {

/// Undoes the coding gzip or deflate (RFC 9110 §8.4.1) of text that arrives in pieces, split
/// anywhere. Its memory does not grow with what it is fed or gives: a small input that stands for a
/// huge output comes in many blocks. What "deflate" means to some, without the frame of zlib, is
/// understood too, and so are several gzip members in a row.
class Inflater {
 public:
  /// The longest block next() gives.
  static constexpr std::size_t kBlock = 32 * 1024;

  enum class Coding { gzip, deflate };
  explicit Inflater(Coding coding);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// The next piece; all blocks of the piece before must have been taken. `coded` must live until
  /// they are.
  void feed(std::string_view coded);
  /// The next block of plain text, valid until the next call; empty: more input is needed, or
  /// is_broken().
  std::string_view next();

  /// What was fed is not of that coding.
  [[nodiscard]] bool is_broken() const;
  /// The text may end here: the coding says so.
  [[nodiscard]] bool is_complete() const;
  /// Bytes given so far.
  [[nodiscard]] std::uint64_t given() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace nufi
