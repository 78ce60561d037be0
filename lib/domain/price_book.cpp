#include "lib/domain/price_book.hpp"

#include <utility>

namespace nufi::domain {

PriceBook::PriceBook(std::vector<Price> own, std::vector<Price> imported)
    : listed_(Catalogue::built_in().with(std::move(imported))) {
  for (Price& price : own) own_.emplace(price.model, std::move(price));
}

const Price* PriceBook::find(const Upstream& upstream,
                             std::string_view model,
                             std::string_view asked) const {
  for (const std::string_view name : {model, asked}) {
    const auto found = own_.find(name);
    if (found != own_.end()) return &found->second;
  }
  return listed_.find(upstream.provider, model);
}

}  // namespace nufi::domain
