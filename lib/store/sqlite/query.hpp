#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/id.hpp"
#include "lib/domain/money.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::store::sqlite {

/// One use of a prepared statement: parameters go in and columns come out in their order, and the
/// statement is clean again when the use ends. Not thread-safe, as its connection is not.
///
///   Query query(connection.prepared("SELECT name FROM keys WHERE id = ?"));
///   query.add(id);
///   if (query.step()) name = query.text();
class Query {
 public:
  explicit Query(SQLite::Statement& statement) noexcept : statement_(statement) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  /// The next parameter to bind is number `parameter` (from 1).
  Query& at(int parameter) {
    bound_ = parameter - 1;
    return *this;
  }
  /// Binds the next parameter. An lvalue text is not copied: it must live until the use ends.
  Query& add(std::int64_t value) {
    statement_.bind(++bound_, value);
    return *this;
  }
  Query& add(int value) { return add(std::int64_t{value}); }
  Query& add(bool value) { return add(std::int64_t{value ? 1 : 0}); }
  Query& add(Timestamp value) { return add(std::int64_t{value.time_since_epoch().count()}); }
  Query& add(domain::Money value) { return add(value.nanos()); }
  Query& add(const std::string& value) {
    statement_.bindNoCopy(++bound_, value);
    return *this;
  }
  Query& add(std::string&& value) {
    statement_.bind(++bound_, value);
    return *this;
  }
  Query& add(std::string_view value) { return add(std::string(value)); }
  Query& add(const char* value) = delete;
  template <class Tag>
  Query& add(const Id<Tag>& value) {
    return add(value.text());
  }
  template <class Tag>
  Query& add(Id<Tag>&& value) = delete;
  template <class T>
  Query& add(const std::optional<T>& value) {
    if (value) return add(*value);
    return add_null();
  }
  /// A blob; the bytes must live until the use ends.
  Query& add_bytes(std::string_view bytes);
  Query& add_null();

  /// True if there is a row (more); its columns are read from the first on.
  bool step() {
    column_ = 0;
    return statement_.executeStep();
  }
  /// For a statement without rows: runs it and returns how many rows it changed.
  int run() { return statement_.exec(); }
  /// For a statement without rows that runs many times in a row: ready for the next parameters.
  void run_again() {
    statement_.exec();
    statement_.reset();
    bound_ = 0;
  }

  /// For a statement with rows that runs many times in a row: the same.
  void reset() {
    statement_.reset();
    bound_ = 0;
  }

  /// Reads the next column of the row.
  std::int64_t integer() { return statement_.getColumn(column_++).getInt64(); }
  int small() { return static_cast<int>(integer()); }
  bool flag() { return integer() != 0; }
  std::string text() { return statement_.getColumn(column_++).getString(); }
  Timestamp time() { return Timestamp(std::chrono::milliseconds(integer())); }
  domain::Money money() { return domain::Money::nanos(integer()); }
  std::optional<std::int64_t> maybe_integer();
  std::optional<std::string> maybe_text();
  std::optional<Timestamp> maybe_time();
  std::optional<domain::Money> maybe_money();

 private:
  SQLite::Statement& statement_;
  int bound_ = 0;
  int column_ = 0;
};

}  // namespace nufi::store::sqlite
