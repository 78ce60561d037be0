#pragma once

#include "lib/domain/catalogue.hpp"
#include "lib/domain/price.hpp"
#include "lib/domain/upstream.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::domain {

/// What models cost now: what the operator set, over what was imported, over the built-in
/// catalogue. A value; const use is thread-safe.
class PriceBook {
 public:
  PriceBook() : PriceBook({}, {}) {}
  PriceBook(std::vector<Price> own, std::vector<Price> imported);

  /// The price of `model` (the name that goes to `upstream`; `asked` is the client's): one that was
  /// set for either name, else what its provider lists, else the dearest any provider lists; null
  /// if nobody does. A free upstream's calls cost nothing whatever it is.
  [[nodiscard]] const Price* find(const Upstream& upstream,
                                  std::string_view model,
                                  std::string_view asked) const;

  /// By model.
  [[nodiscard]] const std::map<std::string, Price, std::less<>>& own() const { return own_; }
  /// Imported prices, and those of the catalogue that none of them replaces.
  [[nodiscard]] const Catalogue& listed() const { return listed_; }

 private:
  std::map<std::string, Price, std::less<>> own_;
  Catalogue listed_;
};

}  // namespace nufi::domain
