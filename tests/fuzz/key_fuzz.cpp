// Texts that may be keys: only what was minted is one, and none is left in a text to be shown.
#include "lib/domain/access.hpp"
#include "lib/domain/credential.hpp"
#include "lib/domain/key.hpp"
#include "tests/fuzz/property.hpp"

#include <string>

using namespace nufi;
using namespace nufi::fuzz;

namespace {

constexpr std::string_view kBegin = "sk-nufi-";

/// A key with any one character changed is none.
void check_neighbours(const std::string& key, std::size_t at, char other) {
  auto changed = key;
  changed[at % key.size()] = other;
  require(changed == key || !domain::is_well_formed_key(changed), "one wrong character is noticed");
  require(!domain::is_well_formed_key(key + other), "a key has an end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const std::string minted(domain::mint_key().expose());
  Input input(bytes, size);
  const auto at = input.pick(57);
  const auto text = input.text();

  if (domain::is_well_formed_key(text)) {
    require(text.size() == 57 && text.starts_with(kBegin),
            "a key has its length and its beginning");
    check_neighbours(std::string(text), at, 'x');
  }
  if (!text.empty()) check_neighbours(minted, at, text.front());

  const auto shown = domain::without_keys(text);
  // Access tokens are hidden as well.
  if (text.find(kBegin) == text.npos && text.find(domain::kTokenPrefix) == text.npos) {
    require(shown == text, "a text without keys stays as it is");
  }
  require(domain::without_keys(shown) == shown, "what is hidden stays so");
  const auto secret = std::string_view(minted).substr(kBegin.size());
  if (text.find(secret) == text.npos) {
    const auto around = domain::without_keys(std::string(text) + minted + std::string(text));
    require(around.find(secret) == around.npos, "a key in a text is hidden");
  }

  require(!domain::is_ip_allowed({"203.0.113.7"}, text) || text.find("203.0.113.7") != text.npos ||
              text.find(':') != text.npos,
          "an address is allowed in its own spelling only");
  if (domain::is_valid_cidr(text)) {
    static_cast<void>(domain::is_ip_allowed({std::string(text)}, "::ffff:203.0.113.7"));
  }
  if (domain::is_plain_model_name(text)) {
    require(!text.empty() && text.find('\0') == text.npos && text.find('\n') == text.npos,
            "a plain name has no control characters");
  }
  return 0;
}
