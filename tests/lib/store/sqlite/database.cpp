#include "tests/lib/store/sqlite/database.hpp"

#include <SQLiteCpp/Database.h>

#include <stdexcept>
#include <stdlib.h>

namespace nufi::store {
namespace sqlite {

Database::Database() {
  auto name = (std::filesystem::temp_directory_path() / "nufi-store-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for a test");
  folder_ = name;
}

Database::~Database() {
  store_.reset();
  std::filesystem::remove_all(folder_);
}

Store& Database::store() {
  if (!store_) store_ = open(file(), Durability::process);
  return *store_;
}

void Database::reopen() {
  close();
  store();
}

void Database::plant(const std::string& sql) const {
  SQLite::Database database(file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec(sql);
}

std::int64_t Database::number(const std::string& sql) const {
  SQLite::Database database(file().string(), SQLite::OPEN_READWRITE);
  return database.execAndGet(sql).getInt64();
}

}  // namespace sqlite

std::unique_ptr<StoreUnderTest> StoreUnderTest::make() {
  return std::make_unique<sqlite::Database>();
}

}  // namespace nufi::store
