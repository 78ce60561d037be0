#pragma once

#include "lib/store/settings.hpp"
#include "lib/store/sqlite/readers.hpp"

namespace nufi::store::sqlite {

class SqliteSettings final : public Settings {
 public:
  SqliteSettings(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}
  void set(std::string_view name, std::string_view value, const AuditEntry& audit) override;
  void unset(std::string_view name, const AuditEntry& audit) override;
  std::map<std::string, std::string> all() override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace nufi::store::sqlite
