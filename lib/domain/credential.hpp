#pragma once

#include "lib/base/secret.hpp"

#include <string>
#include <string_view>

/// The text that keys and access tokens have in common: prefix + 43 base62 characters (32 random
/// bytes) + 6 base62 characters of the CRC-32 of all before, so that a typo is told from a wrong
/// one without a lookup, and scanners can find what leaked.
namespace nufi::domain {

inline constexpr std::string_view kKeyPrefix = "sk-nufi-";
inline constexpr std::string_view kTokenPrefix = "at-nufi-";

Secret mint_credential(std::string_view prefix);
/// True if `text` has that shape and its checksum is right.
bool is_well_formed_credential(std::string_view prefix, std::string_view text) noexcept;
/// The prefix, "…" and the last 3 characters.
std::string mask_credential(std::string_view prefix, std::string_view text);
/// `text` with every credential in it (or what begins like one) masked.
std::string without_credentials(std::string_view text);

}  // namespace nufi::domain
