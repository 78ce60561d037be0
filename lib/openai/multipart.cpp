#include "lib/openai/multipart.hpp"

#include <utility>
#include <variant>

namespace nufi::openai {
namespace {

constexpr std::size_t kMaxHead = 8 * 1024;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

}  // namespace

Multipart::Multipart(std::string_view boundary, PartVisitor& visitor)
    : dashes_("--" + std::string(boundary)), visitor_(visitor) {}

bool Multipart::feed(std::string_view bytes) {
  if (state_ == State::broken) return false;
  fed_ += bytes.size();
  pending_ += bytes;
  while (step()) {
  }
  pending_.erase(0, std::exchange(taken_, 0));
  return state_ != State::broken;
}

bool Multipart::step() {
  switch (state_) {
    case State::before:
      return step_before();
    case State::delimiter:
      return step_delimiter();
    case State::head:
      return step_head();
    case State::content:
      return step_content();
    case State::behind:
      return step_behind();
    case State::broken:
      return false;
  }
  return false;
}

std::string_view Multipart::rest() const {
  return std::string_view(pending_).substr(taken_);
}

bool Multipart::fail(std::string problem) {
  problem_ = std::move(problem);
  state_ = State::broken;
  return false;
}

void Multipart::pass(std::size_t size) {
  if (size == 0) return;
  const auto bytes = rest().substr(0, size);
  visitor_.content(bytes, fed_ - rest().size());
  last_ = bytes.back();
  taken_ += size;
}

bool Multipart::step_before() {
  auto text = rest();
  const std::size_t skip = text.starts_with('\r') ? kLineEnd.size() : 0;
  const auto first = std::string(skip > 0 ? kLineEnd : "") + dashes_;
  if (text.size() < first.size()) {
    return first.starts_with(text) ? false : fail("it does not begin with its boundary");
  }
  if (!text.starts_with(first)) return fail("it does not begin with its boundary");
  taken_ += first.size();
  state_ = State::delimiter;
  return true;
}

bool Multipart::step_delimiter() {
  const auto text = rest();
  if (text.size() < 2) return false;
  const auto next = text.substr(0, 2);
  if (next != kLineEnd && next != "--") return fail("a line begins like its boundary");
  taken_ += 2;
  state_ = next == "--" ? State::behind : State::head;
  return true;
}

bool Multipart::step_head() {
  const auto text = rest();
  if (text.starts_with(kLineEnd)) return fail("a part has no head");
  const auto end = text.find(kHeadEnd);
  if (end > kMaxHead && text.size() > kMaxHead) return fail("a part's head is longer than 8 kB");
  if (end == std::string_view::npos) return false;
  auto head = read_part_head(text.substr(0, end));
  if (auto* problem = std::get_if<std::string>(&head)) return fail(std::move(*problem));
  taken_ += end + kHeadEnd.size();
  last_ = '\n';
  state_ = State::content;
  visitor_.begin_part(std::move(std::get<PartHead>(head)));
  return true;
}

bool Multipart::step_content() {
  const auto text = rest();
  for (std::size_t from = 0;;) {
    const auto at = text.find(dashes_, from);
    if (at == std::string_view::npos) {
      // What may be the line end before a delimiter, and its beginning, waits for more.
      const auto keep = kLineEnd.size() + dashes_.size() - 1;
      if (text.size() > keep) pass(text.size() - keep);
      return false;
    }
    const char before = at > 0 ? text[at - 1] : last_;
    if (before != '\n' && before != '\r') {
      from = at + 1;
      continue;
    }
    if (at < 2 || text.substr(at - 2, 2) != kLineEnd) {
      return fail("its boundary stands behind something else than a whole line");
    }
    pass(at - 2);
    taken_ += kLineEnd.size() + dashes_.size();
    state_ = State::delimiter;
    visitor_.end_part();
    return true;
  }
}

bool Multipart::step_behind() {
  if (!kLineEnd.starts_with(rest())) return fail("something stands behind its last boundary");
  return false;
}

}  // namespace nufi::openai
