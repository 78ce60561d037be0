#pragma once

#include "lib/domain/price.hpp"
#include "lib/service/audit.hpp"

namespace nufi::service {

/// What the audit log tells of a price: its amounts in USD, by the field names of the API.
Facts facts_of(const domain::Price& price);

}  // namespace nufi::service
