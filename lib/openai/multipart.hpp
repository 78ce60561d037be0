#pragma once

#include "lib/openai/part_head.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace nufi::openai {

/// Told of a form's parts while its bytes pass.
class PartVisitor {
 public:
  virtual ~PartVisitor() = default;
  virtual void begin_part(PartHead head) = 0;
  /// Bytes of the part's content; `at` is where in the whole body they stand.
  virtual void content(std::string_view bytes, std::uint64_t at) = 0;
  virtual void end_part() = 0;
};

/// Reads a multipart/form-data body that comes in pieces, split anywhere, keeping no more of it
/// than the head of a part or what may be the beginning of a delimiter.
///
/// It is strict where servers differ, because a part that only the upstream sees would be a field
/// that nobody decided on: a delimiter begins a line that ends with CR LF, and what looks like one
/// behind a bare CR or LF, or goes on in another way, is refused; there is nothing before the first
/// delimiter and behind the last but an empty line; heads as read_part_head() wants them, at most
/// 8 kB each.
class Multipart {
 public:
  /// `boundary` as boundary_of() gave it. The visitor must outlive this.
  Multipart(std::string_view boundary, PartVisitor& visitor);

  /// Takes the next bytes. False once the body is not a form as above; problem() says why.
  bool feed(std::string_view bytes);
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// The last delimiter has come: the form is whole.
  [[nodiscard]] bool is_closed() const { return state_ == State::behind; }

 private:
  enum class State { before, delimiter, head, content, behind, broken };

  // Each takes what it can from the front of pending_; false if it needs more bytes.
  bool step();
  bool step_before();
  bool step_delimiter();
  bool step_head();
  bool step_content();
  bool step_behind();

  bool fail(std::string problem);
  [[nodiscard]] std::string_view rest() const;
  void pass(std::size_t size);

  const std::string dashes_;  ///< "--" and the boundary
  PartVisitor& visitor_;
  std::string pending_;
  std::size_t taken_ = 0;  ///< of pending_
  std::uint64_t fed_ = 0;
  char last_ = '\n';  ///< the byte before the content that is pending
  State state_ = State::before;
  std::string problem_;
};

}  // namespace nufi::openai
