#include "lib/base/base64.hpp"

#include <doctest/doctest.h>

using nufi::to_base64;

TEST_CASE("base64: as RFC 4648 writes it") {
  CHECK(to_base64("").empty());
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("fo") == "Zm8=");
  CHECK(to_base64("foo") == "Zm9v");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  CHECK(to_base64(std::string_view("\xff\xfe\x00\x80", 4)) == "//4AgA==");
}
