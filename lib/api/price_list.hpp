#pragma once

#include "lib/domain/price_import.hpp"

#include <string_view>

namespace nufi::api {

/// A price list in the form of `model_prices_and_context_window.json`: one JSON object with an
/// entry per model, prices in USD per token, picture, second or character, as numbers or texts.
/// The providers get the names that the catalogue has for them. Entries that are no model
/// ("sample_spec") or of a mode that nufi does not serve are skipped; what can't be read, or is
/// there twice, has its problem. Throws Error{invalid} if `text` is no such list.
domain::PriceList read_price_list(std::string_view text);

}  // namespace nufi::api
