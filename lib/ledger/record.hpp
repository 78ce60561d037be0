#pragma once

#include "lib/domain/budget.hpp"
#include "lib/domain/ledger_row.hpp"
#include "lib/ledger/ledger.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nufi::ledger {

/// A window a hold was taken in; its subject is the row's key, project or account, or the parent of
/// its key.
struct HeldWindow {
  domain::Scope scope = domain::Scope::key;
  domain::Metric metric = domain::Metric::usd;
  domain::Period period = domain::Period::month;
  bool soft = false;       ///< nothing was taken from it
  bool of_parent = false;  ///< with Scope::key
  bool operator==(const HeldWindow&) const = default;
};

/// A call was admitted. row.held and row.held_tokens say what was taken.
struct HoldRecord {
  domain::LedgerRow row;
  std::vector<HeldWindow> windows;
};

/// A call ended.
struct SettleRecord {
  domain::RequestId id;
  Settlement settlement;
};

using Record = std::variant<HoldRecord, SettleRecord>;

/// The longest record encode() makes; longer texts of a call are cut to their field's share.
inline constexpr std::size_t kMaxHoldBytes = 4096;
inline constexpr std::size_t kMaxSettleBytes = 2560;

/// Appends the journal's bytes for a record to `out`: little-endian varints (zigzag for signed) and
/// length-prefixed texts, first a byte that names kind and version.
void encode(const domain::LedgerRow& row, const std::vector<HeldWindow>& windows, std::string& out);
void encode(domain::RequestId id, const Settlement& settlement, std::string& out);

/// The record behind such bytes. Throws Error{unavailable} if they are not one.
Record decode(std::string_view bytes);

}  // namespace nufi::ledger
