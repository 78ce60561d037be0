#include "lib/store/sqlite/query.hpp"

namespace nufi::store::sqlite {

Query::~Query() {
  // reset() repeats the error of the last step, which has been thrown already.
  statement_.tryReset();
  try {
    statement_.clearBindings();
  } catch (const SQLite::Exception&) {
    // Only a misused statement can refuse; the next use binds every parameter anyway.
  }
}

Query& Query::add_bytes(std::string_view bytes) {
  // A null pointer would be NULL, not an empty blob.
  const char* begin = bytes.empty() ? "" : bytes.data();
  statement_.bindNoCopy(++bound_, static_cast<const void*>(begin), static_cast<int>(bytes.size()));
  return *this;
}

Query& Query::add_null() {
  statement_.bind(++bound_);
  return *this;
}

std::optional<std::int64_t> Query::maybe_integer() {
  auto column = statement_.getColumn(column_++);
  if (column.isNull()) return std::nullopt;
  return column.getInt64();
}

std::optional<std::string> Query::maybe_text() {
  auto column = statement_.getColumn(column_++);
  if (column.isNull()) return std::nullopt;
  return column.getString();
}

std::optional<Timestamp> Query::maybe_time() {
  auto value = maybe_integer();
  if (!value) return std::nullopt;
  return Timestamp(std::chrono::milliseconds(*value));
}

std::optional<domain::Money> Query::maybe_money() {
  auto value = maybe_integer();
  if (!value) return std::nullopt;
  return domain::Money::nanos(*value);
}

}  // namespace nufi::store::sqlite
