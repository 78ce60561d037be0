#pragma once

#include <memory>
#include <string>

namespace nufi::net {

/// What it takes to verify an upstream: the system's roots and, if given, those of a PEM file.
/// Immutable after construction and shared by all loops.
class TlsContext {
 public:
  /// Throws Error{invalid} with a hint if `ca_file` can't be read. "" = only the system's roots.
  explicit TlsContext(const std::string& ca_file);
  ~TlsContext();

  struct Native;
  [[nodiscard]] Native& native() const { return *native_; }

 private:
  std::unique_ptr<Native> native_;
};

}  // namespace nufi::net
