#include "lib/domain/offer.hpp"

#include "lib/base/text.hpp"

#include <algorithm>

namespace nufi::domain {

bool is_named(const Upstream& upstream, std::string_view model) {
  const auto names_it = [model](const std::string& glob) {
    return glob.find_first_not_of('*') != std::string::npos && glob_match(glob, model);
  };
  return std::any_of(upstream.aliases.begin(),
                     upstream.aliases.end(),
                     [model](const auto& alias) { return alias.first == model; }) ||
         std::any_of(upstream.models.begin(), upstream.models.end(), names_it);
}

std::set<std::string> offered_names(const Upstream& upstream,
                                    const PriceBook& prices,
                                    std::string_view today) {
  std::set<std::string> names;
  for (const auto& [alias, real] : upstream.aliases) names.insert(alias);
  for (const std::string& model : upstream.models) {
    if (model.find_first_of("*?") == std::string::npos) names.insert(model);
  }
  for (const auto& [model, price] : prices.own()) {
    if (upstream.serves(model)) names.insert(model);
  }
  const bool has_list = prices.listed().knows_provider(upstream.provider);
  for (const Price& price : prices.listed().prices()) {
    if (price.deprecates && *price.deprecates <= today) continue;
    const bool is_offered =
        has_list ? price.provider == upstream.provider && upstream.serves(price.model).has_value()
                 : is_named(upstream, price.model);
    if (is_offered) names.insert(price.model);
  }
  return names;
}

}  // namespace nufi::domain
