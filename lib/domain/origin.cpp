#include "lib/domain/origin.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/upstream.hpp"

namespace nufi::domain {
namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(Errc::invalid,
              "'" + std::string(text) + "' is no origin: " + why,
              "write it as the browser does, like https://app.example or http://localhost:3000");
}

}  // namespace

std::string read_origin(std::string_view text) {
  if (text == "*") return "*";
  if (equals_ignoring_case(text, "null")) {
    refuse(text, "every page without an origin says so, whoever made it");
  }
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) refuse(text, "it has no https:// or http://");
  if (text.find('/', scheme_end + 3) != std::string_view::npos) refuse(text, "it has a path");
  if (text.find('*') != std::string_view::npos) refuse(text, "each one is named whole");
  try {
    const auto url = BaseUrl::parse(text);
    return std::string(url.tls ? "https://" : "http://") + url.authority();
  } catch (const Error& error) {
    refuse(text, error.what());
  }
}

}  // namespace nufi::domain
