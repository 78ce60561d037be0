#include "lib/gateway/response_id.hpp"

#include "lib/gateway/response_owners.hpp"
#include "lib/ledger/ledger.hpp"

namespace nufi::gateway {
namespace {

/// An id that has not come by then does not come: replies begin with it.
constexpr std::size_t kMostRead = std::size_t{256} * 1024;

}  // namespace

openai::MemberScan ResponseIdScan::scan_of(bool is_stream) {
  constexpr std::size_t kQuoted = ledger::kMaxResponseId + 2;
  return is_stream ? openai::MemberScan("id", kQuoted, "response")
                   : openai::MemberScan("id", kQuoted);
}

std::optional<std::string> ResponseIdScan::feed(std::string_view piece, bool is_stream) {
  if (over_ || piece.empty()) return std::nullopt;
  if (!scan_) scan_.emplace(scan_of(is_stream));
  scan_->feed(piece);
  bytes_ += piece.size();
  if (!scan_->found()) {
    // Another event may have it.
    if (scan_->complete() && is_stream) scan_.emplace(scan_of(is_stream));
    over_ = bytes_ > kMostRead || (scan_->complete() && !is_stream);
    return std::nullopt;
  }
  over_ = true;
  const std::string_view quoted = scan_->value();
  if (quoted.size() < 2 || quoted.front() != '"') return std::nullopt;
  const auto id = quoted.substr(1, quoted.size() - 2);
  if (!is_response_id(id)) return std::nullopt;
  return std::string(id);
}

}  // namespace nufi::gateway
