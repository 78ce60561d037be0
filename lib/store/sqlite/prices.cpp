#include "lib/store/sqlite/prices.hpp"

#include "lib/store/sqlite/audit.hpp"
#include "lib/store/sqlite/lists.hpp"

#include <string>

namespace nufi::store::sqlite {
namespace {

const std::string& columns() {
  static const std::string text =
      "model, provider, id, mode, date, free, rates, tiers, service, per_request, per_image, "
      "per_second, per_character, context_window, max_output, deprecates";
  return text;
}

domain::Price read_price(Query& row) {
  domain::Price price;
  price.model = row.text();
  price.provider = row.text();
  price.id = row.text();
  price.mode = row.text();
  price.date = row.text();
  price.free = row.flag();
  price.rates = decode_rates(row.text());
  price.tiers = decode_tiers(row.text());
  price.service = decode_service(row.text());
  price.per_request = row.money();
  price.per_image = row.money();
  price.per_second = row.money();
  price.per_character = row.money();
  price.context_window = row.maybe_integer();
  price.max_output = row.maybe_integer();
  price.deprecates = row.maybe_text();
  return price;
}

void write_price(Connection& connection, const domain::Price& price, bool imported) {
  static const std::string sql = "INSERT OR REPLACE INTO prices (imported, " + columns() +
                                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  Query(connection.prepared(sql))
      .add(imported)
      .add(price.model)
      .add(price.provider)
      .add(price.id)
      .add(price.mode)
      .add(price.date)
      .add(price.free)
      .add(encode(price.rates))
      .add(encode(price.tiers))
      .add(encode(price.service))
      .add(price.per_request)
      .add(price.per_image)
      .add(price.per_second)
      .add(price.per_character)
      .add(price.context_window)
      .add(price.max_output)
      .add(price.deprecates)
      .run();
}

int remove(Connection& connection, std::string_view model, bool imported) {
  Query query(connection.prepared("DELETE FROM prices WHERE model = ? AND imported = ?"));
  return query.add(model).add(imported).run();
}

}  // namespace

void SqlitePrices::set(const domain::Price& price, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    // There is one for all providers, whichever the last one named.
    remove(connection, price.model, /*imported=*/false);
    write_price(connection, price, /*imported=*/false);
    record(connection, audit);
  });
}

void SqlitePrices::unset(std::string_view model, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    if (remove(connection, model, /*imported=*/false) == 0 &&
        remove(connection, model, /*imported=*/true) == 0) {
      throw Error(Errc::not_found, "no price is set for " + std::string(model));
    }
    record(connection, audit);
  });
}

void SqlitePrices::import(const std::vector<domain::Price>& prices, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    for (const domain::Price& price : prices) write_price(connection, price, /*imported=*/true);
    record(connection, audit);
  });
}

std::vector<domain::Price> SqlitePrices::list() {
  return read(/*imported=*/false);
}

std::vector<domain::Price> SqlitePrices::imported() {
  return read(/*imported=*/true);
}

std::vector<domain::Price> SqlitePrices::read(bool imported) {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared("SELECT " + columns() +
                                  " FROM prices WHERE imported = ? ORDER BY model, provider"));
    row.add(imported);
    std::vector<domain::Price> prices;
    while (row.step()) prices.push_back(read_price(row));
    return prices;
  });
}

}  // namespace nufi::store::sqlite
