#pragma once

#include "lib/domain/call.hpp"
#include "lib/domain/price.hpp"

namespace nufi::domain {

/// True if `price` knows what `call`'s endpoint bills, so that its cost can be told. What makes
/// text needs a rate for the prompt and one for the output; embeddings one for the prompt; pictures
/// per_image, or rates of both kinds; speech per_character, per_second, or rates of both kinds;
/// transcripts per_second, or rates of both kinds;
/// what is sold by the call too (moderations, rerank) a rate for the prompt or per_request. A free
/// price covers all. One that does not cover a call is as good as unknown.
bool covers(const Price& price, const Call& call);

}  // namespace nufi::domain
