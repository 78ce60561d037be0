#include "lib/base/error.hpp"

#include <array>

namespace nufi {
namespace {

struct Meaning {
  Errc code;
  int http_status;
  int exit_code;
  std::string_view name;
};

/// The one table. In the order of Errc, so that the code is the index.
constexpr std::array kMeanings = {
    Meaning{Errc::invalid, 400, 2, "invalid"},
    Meaning{Errc::usage, 400, 2, "usage"},
    Meaning{Errc::unauthorized, 401, 4, "unauthorized"},
    Meaning{Errc::not_permitted, 403, 4, "not_permitted"},
    Meaning{Errc::not_found, 404, 3, "not_found"},
    Meaning{Errc::ambiguous, 409, 3, "ambiguous"},
    Meaning{Errc::conflict, 409, 1, "conflict"},
    Meaning{Errc::limit_reached, 429, 6, "limit_reached"},
    Meaning{Errc::unreachable, 503, 5, "unreachable"},
    Meaning{Errc::unavailable, 503, 1, "unavailable"},
    Meaning{Errc::upstream, 502, 1, "upstream"},
    Meaning{Errc::internal, 500, 1, "internal"},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kMeanings.size(); ++i) {
    if (static_cast<std::size_t>(kMeanings[i].code) != i) return false;
  }
  return kMeanings.back().code == Errc::internal;
}
static_assert(is_in_order());

const Meaning& meaning_of(Errc code) noexcept {
  return kMeanings[static_cast<std::size_t>(code)];
}

}  // namespace

int http_status(Errc code) noexcept {
  return meaning_of(code).http_status;
}

int exit_code(Errc code) noexcept {
  return meaning_of(code).exit_code;
}

std::string_view errc_name(Errc code) noexcept {
  return meaning_of(code).name;
}

Errc errc_from_name(std::string_view name) noexcept {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.name == name) return meaning.code;
  }
  return Errc::internal;
}

}  // namespace nufi
