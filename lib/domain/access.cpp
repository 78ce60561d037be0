#include "lib/domain/access.hpp"

#include "lib/base/text.hpp"
#include "lib/base/utf8.hpp"
#include "lib/domain/lease.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>

namespace nufi::domain {
namespace {

/// An address as bytes: 4 or 16 of them count.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0;
};

struct Block {
  Address address;
  std::size_t prefix_bits = 0;
};

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool is_mapped(const Address& address) {
  return address.size == 16 &&
         std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
}

/// The IPv4 address inside an IPv4-mapped one.
Address unmapped(const Address& address) {
  Address inner;
  inner.size = 4;
  std::copy(address.bytes.begin() + 12, address.bytes.end(), inner.bytes.begin());
  return inner;
}

std::optional<Address> parse_address(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string copy(text);  // inet_pton wants its zero at the end
  Address address;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) {
    address.size = 4;
    return address;
  }
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) {
    address.size = 16;
    return address;
  }
  return std::nullopt;
}

std::optional<Block> parse_block(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  Block block{*address, address->size * 8};
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto bits = parse_integer(digits);
    if (!bits || *bits < 0 || digits.front() == '-') return std::nullopt;
    if (static_cast<std::size_t>(*bits) > block.prefix_bits) return std::nullopt;
    block.prefix_bits = static_cast<std::size_t>(*bits);
  }
  constexpr std::size_t kMappedBits = kMappedPrefix.size() * 8;
  if (is_mapped(block.address) && block.prefix_bits >= kMappedBits) {
    return Block{unmapped(block.address), block.prefix_bits - kMappedBits};
  }
  return block;
}

bool contains(const Block& block, const Address& address) {
  if (block.address.size != address.size) return false;
  for (std::size_t i = 0; i < address.size; ++i) {
    const std::size_t bits =
        std::min<std::size_t>(8, block.prefix_bits - std::min(block.prefix_bits, i * 8));
    const auto mask = static_cast<std::uint8_t>(0xFF00U >> bits);
    if (((block.address.bytes[i] ^ address.bytes[i]) & mask) != 0) return false;
  }
  return true;
}

/// White space that servers strip: in ASCII, and what Unicode calls a space.
bool is_space(char32_t code) {
  return code == ' ' || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

/// True if a part ".." follows another one.
bool climbs_back(std::string_view path) {
  bool has_parent = false;
  while (!path.empty()) {
    const auto end = std::min(path.find_first_of("/\\"), path.size());
    const auto part = path.substr(0, end);
    if (part == ".." && has_parent) return true;
    has_parent = has_parent || (!part.empty() && part != "." && part != "..");
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

bool allows(const std::vector<std::string>& globs, std::string_view model) {
  return globs.empty() || std::any_of(globs.begin(), globs.end(), [model](const std::string& glob) {
           return glob_match(glob, model);
         });
}

}  // namespace

std::optional<Denial> deny_state(const Key& key, const Moment& now) {
  if (key.lease_expires_at && now.wall != now.even) {
    return deny_state(lease_on_wall(key, now), {.wall = now.wall, .even = now.wall});
  }
  switch (key_state(key, now.wall, /*total_used_up=*/false)) {
    case KeyState::revoked:
      return Denial::key_revoked;
    case KeyState::disabled:
      return Denial::key_disabled;
    case KeyState::expired:
      return Denial::key_expired;
    case KeyState::exhausted:
    case KeyState::active:
      break;
  }
  return std::nullopt;
}

std::optional<Denial> deny_key(const Key& key,
                               const Sha256& digest,
                               const Moment& now,
                               std::string_view client_ip) {
  if (const auto denial = deny_state(key, now)) return denial;
  if (digest != key.digest && !is_overlap_running(key, now.wall)) return Denial::key_rotated;
  if (!is_ip_allowed(key.allowed_ips, client_ip)) return Denial::ip_not_allowed;
  return std::nullopt;
}

std::optional<Denial> deny_child(const Key& parent, const Moment& now, std::string_view client_ip) {
  if (const auto denial = deny_state(parent, now)) return denial;
  if (!is_ip_allowed(parent.allowed_ips, client_ip)) return Denial::ip_not_allowed;
  return std::nullopt;
}

bool is_plain_model_name(std::string_view model) {
  constexpr char32_t kNotUtf8 = 0xFFFD;
  bool is_first = true;
  bool ends_in_space = false;
  for (auto rest = model; !rest.empty();) {
    const auto [code, length, valid] = first_character(rest);
    if (!valid || code == kNotUtf8 || !is_printable(code)) return false;
    if (code == '?' || code == '#' || code == '%') return false;
    ends_in_space = is_space(code);
    if (is_first && ends_in_space) return false;
    is_first = false;
    rest.remove_prefix(length);
  }
  return !is_first && !ends_in_space && !climbs_back(model);
}

std::string_view who_forbids(const Key& key,
                             const Key* parent,
                             const Project& project,
                             const Group& group,
                             std::string_view model) {
  if (!allows(key.allowed_models, model)) return "key";
  if (parent != nullptr && !allows(parent->allowed_models, model)) return "parent key";
  if (!allows(project.allowed_models, model)) return "project";
  if (!allows(group.allowed_models, model)) return "group";
  return "";
}

bool is_ip_allowed(const std::vector<std::string>& cidrs, std::string_view ip) {
  if (cidrs.empty()) return true;
  // A link-local address may name its interface behind a percent sign.
  auto address = parse_address(ip.substr(0, ip.find('%')));
  if (!address) return false;
  if (is_mapped(*address)) address = unmapped(*address);
  return std::any_of(cidrs.begin(), cidrs.end(), [&](const std::string& cidr) {
    const auto block = parse_block(cidr);
    return block && contains(*block, *address);
  });
}

bool is_valid_cidr(std::string_view text) {
  return parse_block(text).has_value();
}

}  // namespace nufi::domain
