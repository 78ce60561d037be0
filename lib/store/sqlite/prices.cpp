#include "lib/store/sqlite/prices.hpp"

#include "lib/store/sqlite/audit.hpp"
#include "lib/store/sqlite/lists.hpp"

#include <string>

namespace nufi::store::sqlite {
namespace {

domain::Price read_price(Query& row) {
  domain::Price price;
  price.model = row.text();
  price.id = row.text();
  price.provider = row.text();
  price.mode = row.text();
  price.date = row.text();
  price.free = row.flag();
  price.rates = decode_rates(row.text());
  price.tiers = decode_tiers(row.text());
  price.service = decode_service(row.text());
  price.per_request = row.money();
  price.context_window = row.maybe_integer();
  price.max_output = row.maybe_integer();
  price.deprecates = row.maybe_text();
  return price;
}

}  // namespace

void SqlitePrices::set(const domain::Price& price, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query(connection.prepared(
              "INSERT OR REPLACE INTO prices (model, id, provider, mode, date, free, rates, tiers, "
              "service, per_request, context_window, max_output, deprecates) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
        .add(price.model)
        .add(price.id)
        .add(price.provider)
        .add(price.mode)
        .add(price.date)
        .add(price.free)
        .add(encode(price.rates))
        .add(encode(price.tiers))
        .add(encode(price.service))
        .add(price.per_request)
        .add(price.context_window)
        .add(price.max_output)
        .add(price.deprecates)
        .run();
    record(connection, audit);
  });
}

void SqlitePrices::unset(std::string_view model, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared("DELETE FROM prices WHERE model = ?"));
    if (query.add(model).run() == 0) {
      throw Error(Errc::not_found, "no price is set for " + std::string(model));
    }
    record(connection, audit);
  });
}

std::vector<domain::Price> SqlitePrices::list() {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(
        "SELECT model, id, provider, mode, date, free, rates, tiers, service, per_request, "
        "context_window, max_output, deprecates FROM prices ORDER BY model"));
    std::vector<domain::Price> prices;
    while (row.step()) prices.push_back(read_price(row));
    return prices;
  });
}

}  // namespace nufi::store::sqlite
