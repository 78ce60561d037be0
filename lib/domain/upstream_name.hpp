#pragma once

#include <string_view>

namespace nufi::domain {

/// Throws Error{invalid} if an upstream can't be called so.
void check_upstream_name(std::string_view name);

}  // namespace nufi::domain
