#include "lib/domain/terms.hpp"

#include <doctest/doctest.h>

using namespace nufi::domain;

TEST_CASE("terms: a change keeps, clears or sets an optional field") {
  std::optional<std::int64_t> field = 5;
  Change<std::int64_t>().apply_to(field);
  CHECK(field == 5);
  Change<std::int64_t>::set(7).apply_to(field);
  CHECK(field == 7);
  Change<std::int64_t>::clear().apply_to(field);
  CHECK_FALSE(field.has_value());
}

TEST_CASE("terms: a cleared list is empty") {
  std::vector<std::string> models = {"gpt-4o"};
  Change<std::vector<std::string>>().apply_to(models);
  CHECK(models.size() == 1);
  Change<std::vector<std::string>>::clear().apply_to(models);
  CHECK(models.empty());
}
