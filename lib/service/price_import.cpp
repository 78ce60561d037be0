#include "lib/service/price_import.hpp"

#include "lib/base/text.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/publisher.hpp"

#include <fmt/format.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace nufi::service {

namespace {

std::int64_t size_of(const auto& list) {
  return static_cast<std::int64_t>(list.size());
}

Facts facts_of(const domain::PriceImport& report) {
  Facts facts;
  facts.number("added", size_of(report.added))
      .number("changed", size_of(report.changed))
      .number("unchanged", report.unchanged)
      .number("refused", size_of(report.refused));
  std::vector<std::string> models;
  for (const domain::PriceChange& change : report.changed) {
    models.push_back(change.price.provider + "/" + change.price.model);
  }
  return facts.list("changed_models", models);
}

}  // namespace

domain::PriceImport import_prices(const Context& context,
                                  const Actor& actor,
                                  domain::PriceList list,
                                  bool dry_run) {
  require_admin(actor, "import prices");
  const std::string now = format_rfc3339(context.clock.now());
  for (domain::ListedPrice& listed : list.prices) {
    domain::Price& price = listed.price;
    price.id = fmt::format("import/{}/{}@{}", price.provider, price.model, now);
    price.date = now.substr(0, 10);
  }
  const std::lock_guard lock(context.changes);
  domain::PriceImport report = domain::compare(list, context.publisher.price_book());
  if (dry_run) return report;
  std::vector<domain::Price> prices;
  for (const auto* changes : {&report.added, &report.changed}) {
    for (const domain::PriceChange& change : *changes) prices.push_back(change.price);
  }
  if (!prices.empty()) {
    const auto entry = audit_change(
        context, actor, "price.import", {.id = "prices", .name = ""}, Facts(), facts_of(report));
    context.store.prices().import(prices, entry);
    context.publisher.publish_world();
  }
  report.applied = true;
  return report;
}

}  // namespace nufi::service
