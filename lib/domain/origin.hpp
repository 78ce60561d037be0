#pragma once

#include <string>
#include <string_view>

namespace nufi::domain {

/// A web page's origin as browsers write it: "https://app.example:8443", in lower case, without the
/// port that its scheme has anyway; or "*", which is every page there is. Throws Error{invalid}
/// saying what is wrong with it. "null" is what a browser says for pages that have no origin (a
/// file, a sandbox): anybody can make one, so it can't be named.
std::string read_origin(std::string_view text);

}  // namespace nufi::domain
