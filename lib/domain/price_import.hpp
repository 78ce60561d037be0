#pragma once

#include "lib/domain/price.hpp"
#include "lib/domain/price_book.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// A price list somebody else wrote: what of it may be trusted, and what it would change.
namespace nufi::domain {

/// No price of a model is above these; what is, was meant in another unit.
inline constexpr Rate kMostRate = 1'000'000'000'000'000;  ///< 1 million USD per million
inline constexpr Money kMostPerUnit = Money::nanos(1'000'000'000'000);  ///< 1000 USD

/// One price as a list names it. Its id and date are those of the import.
struct ListedPrice {
  Price price;
  std::string problem;  ///< why it can't be read, or ""
};

struct PriceList {
  std::vector<ListedPrice> prices;
  std::int64_t skipped = 0;  ///< entries about something that nufi does not serve
};

struct PriceChange {
  Price price;
  std::optional<Price> before;  ///< what counts until then; std::nullopt: nothing did
};

struct RefusedPrice {
  std::string provider;
  std::string model;
  std::string reason;
};

/// What an import changes.
struct PriceImport {
  std::vector<PriceChange> added;
  std::vector<PriceChange> changed;
  std::int64_t unchanged = 0;
  std::int64_t skipped = 0;
  std::vector<RefusedPrice> refused;
  bool applied = false;
};

/// `list` against what `book` lists now. Refused, with the reason: what no call can name
/// (is_plain_model_name), can't be read, has no price, is above the bounds or more than 0.1 USD per
/// token (a list that mixes up its units), is 0 where money is known to be asked or nothing is
/// known, is a thousand times or a thousandth of what is known, or is named before at another price
/// (the dearer one counts).
PriceImport compare(const PriceList& list, const PriceBook& book);

/// True if every call costs the same at both, and their limits are the same.
bool is_same_price(const Price& a, const Price& b);

/// True if a rate of `price` is more than a thousand times that of `known`, or less than a
/// thousandth.
bool is_far_from(const Price& price, const Price& known);

}  // namespace nufi::domain
