#pragma once

#include "lib/domain/price.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::domain {

/// Prices by model and provider. A value; const use is thread-safe.
///
/// Text form (lib/domain/catalogue.txt, built into the binary), one model per line:
///   date 2026-08-01
///   openai gpt-4.1 chat input=2 output=8 cached_input=0.5 context=1047576 max_output=32768
///     batch.input=1 above200000.input=4 … deprecates=2026-05-15
/// (continuation lines are indented). Amounts are USD per million tokens; those of per_request,
/// per_image, per_second and per_character are USD for one.
class Catalogue {
 public:
  Catalogue() = default;
  /// Throws Error{invalid} naming the line it can't read.
  static Catalogue parse(std::string_view text);
  /// The one built in.
  static const Catalogue& built_in();
  /// This one with `prices` put over it: each replaces that of its model at its provider. The
  /// service rates, context window and maximum output that it does not know stay.
  [[nodiscard]] Catalogue with(std::vector<Price> prices) const;

  [[nodiscard]] const std::string& date() const { return date_; }
  [[nodiscard]] const std::vector<Price>& prices() const { return prices_; }

  /// The price of exactly `model` at `provider`; if the provider is "" or does not list it, the
  /// dearest price (by output rate, then input rate) any provider lists `model` at; null if none.
  [[nodiscard]] const Price* find(std::string_view provider, std::string_view model) const;
  /// The price of exactly `model` at exactly `provider`; null if there is none.
  [[nodiscard]] const Price* find_exactly(std::string_view provider, std::string_view model) const;

  /// True if `provider` has any price here.
  [[nodiscard]] bool knows_provider(std::string_view provider) const;
  /// True if `provider` has a price for `model`, or for the model that this is one day's state of
  /// ("gpt-4o-2024-08-06" of "gpt-4o"), which has no price here but is made by the same house.
  [[nodiscard]] bool knows_maker(std::string_view provider, std::string_view model) const;

 private:
  std::string date_;
  std::vector<Price> prices_;
  std::set<std::string, std::less<>> providers_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> by_model_;
};

}  // namespace nufi::domain
