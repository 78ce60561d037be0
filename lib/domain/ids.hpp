#pragma once

#include "lib/base/id.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace nufi::domain {

struct AccountTag {
  static constexpr std::string_view kPrefix = "acct_";
};
struct ProjectTag {
  static constexpr std::string_view kPrefix = "proj_";
};
struct GroupTag {
  static constexpr std::string_view kPrefix = "grp_";
};
struct KeyTag {
  static constexpr std::string_view kPrefix = "key_";
};
struct UpstreamTag {
  static constexpr std::string_view kPrefix = "up_";
};
struct TokenTag {
  static constexpr std::string_view kPrefix = "tok_";
};

using AccountId = Id<AccountTag>;
using ProjectId = Id<ProjectTag>;
using GroupId = Id<GroupTag>;
using KeyId = Id<KeyTag>;
using UpstreamId = Id<UpstreamTag>;
using TokenId = Id<TokenTag>;  ///< of an access token

/// One call. `value` is its place in the ledger: it grows with time (unix milliseconds × 2^20 plus
/// a counter), so that rows are stored in the order of their admission and need no index of their
/// own.
struct RequestId {
  std::int64_t value = 0;
  auto operator<=>(const RequestId&) const = default;

  /// "req_" + 11 base62 characters; sorts as text like `value`.
  [[nodiscard]] std::string text() const;
  /// The id behind text(); {0} if `text` is not one.
  static RequestId parse(std::string_view text);
};

}  // namespace nufi::domain
