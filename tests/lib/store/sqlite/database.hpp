#pragma once

#include "lib/store/store.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace nufi::store::sqlite {

/// A folder of its own with a database in it, gone at the end; the contract's store under test.
class Database final : public StoreUnderTest {
 public:
  Database();
  ~Database() override;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path file() const { return folder_ / "nufi.db"; }
  /// Opens the store at the first use.
  Store& store() override;
  void reopen() override;
  void close() { store_.reset(); }
  /// Runs SQL on a connection of its own, past the store: that is how faults get in.
  void plant(const std::string& sql) const;
  /// The first column of the first row, past the store.
  [[nodiscard]] std::int64_t number(const std::string& sql) const;

 private:
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
};

}  // namespace nufi::store::sqlite
