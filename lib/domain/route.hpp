#pragma once

#include "lib/domain/account.hpp"
#include "lib/domain/catalogue.hpp"
#include "lib/domain/upstream.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::domain {

/// An upstream that can serve a call, and the model name it knows it by.
struct Candidate {
  std::shared_ptr<const Upstream> upstream;
  std::string model;
};

/// Who can serve `model` for `group`, in the order to try: highest priority first; inside a
/// priority who serves it for sure:
///  1. an alias or a glob of its own names it (one of stars alone names nothing);
///  2. it takes all models, and `listed` says that its provider has this one;
///  3. it takes all models, and nobody knows what its provider has (a server of one's own);
///  4. it takes all models, and `listed` knows its provider, but not with this one.
/// So a model does not go where it is not, while an upstream that has it is there. Inside one of
/// these drawn by weight with `random` (any 64 random bits; the same bits give the same order).
std::vector<Candidate> candidates(const std::vector<std::shared_ptr<const Upstream>>& upstreams,
                                  const Catalogue& listed,
                                  const Group& group,
                                  std::string_view model,
                                  std::uint64_t random);

/// What became of one attempt.
enum class AttemptResult {
  answered,        ///< a final reply arrived (http_status says which)
  connect_failed,  ///< nothing was sent
  closed_unused,   ///< a kept-alive connection was closed before it took the call
  no_turn,         ///< all connections it may have are taken; nothing was sent
  timed_out,       ///< sent, no first byte in time
  broken,          ///< sent, then the connection broke before a whole head arrived
};

/// May the next candidate be tried, while the client has seen no byte? A call that may have been
/// billed is never sent again: after `timed_out` or `broken` the answer is no.
bool may_try_next(AttemptResult result, int http_status);

/// Did the upstream get to see the call, or a part of it?
bool has_reached_upstream(AttemptResult result);

}  // namespace nufi::domain
