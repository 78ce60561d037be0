#pragma once

#include "lib/store/prices.hpp"
#include "lib/store/sqlite/readers.hpp"

namespace nufi::store::sqlite {

class SqlitePrices final : public Prices {
 public:
  SqlitePrices(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  void set(const domain::Price& price, const AuditEntry& audit) override;
  void unset(std::string_view model, const AuditEntry& audit) override;
  void import(const std::vector<domain::Price>& prices, const AuditEntry& audit) override;
  std::vector<domain::Price> list() override;
  std::vector<domain::Price> imported() override;

 private:
  std::vector<domain::Price> read(bool imported);

  Writer& writer_;
  Readers& readers_;
};

}  // namespace nufi::store::sqlite
