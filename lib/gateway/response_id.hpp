#pragma once

#include "lib/openai/member_scan.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::gateway {

/// Picks the id of a response out of the reply of /v1/responses while it passes: `id` of a plain
/// reply, `response.id` of a stream's first event that has one.
class ResponseIdScan {
 public:
  /// Takes the next piece (a stream's with its framing); the id once, when it has been seen.
  std::optional<std::string> feed(std::string_view piece, bool is_stream);

 private:
  static openai::MemberScan scan_of(bool is_stream);

  std::optional<openai::MemberScan> scan_;
  std::size_t bytes_ = 0;
  bool over_ = false;
};

}  // namespace nufi::gateway
