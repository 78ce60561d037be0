#pragma once

#include "lib/store/store.hpp"

#include <memory>

namespace nufi::store {

/// A backend the contract is run against: its data starts empty and goes with this object.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  /// The open store. Valid until reopen().
  virtual Store& store() = 0;
  /// Closes it and opens it again on the same data.
  virtual void reopen() = 0;

  /// Defined once by each backend's runner.
  static std::unique_ptr<StoreUnderTest> make();
};

}  // namespace nufi::store
