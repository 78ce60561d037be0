#include "lib/ledger/record.hpp"

#include "lib/base/error.hpp"

#include <algorithm>

namespace nufi::ledger {
namespace {

constexpr std::uint8_t kHold = 1;
constexpr std::uint8_t kSettleTokens = 2;  ///< of an older nufid: knows no unit but tokens
constexpr std::uint8_t kSettleUnits = 3;   ///< of an older nufid: no response, no attempts
constexpr std::uint8_t kSettle = 4;
constexpr std::uint8_t kChildHold = 5;  ///< of a key with a parent

// Texts a caller chooses are cut here, so that a record has a known longest size.
constexpr std::size_t kIdBytes = 64;
constexpr std::size_t kNameBytes = 256;
constexpr std::size_t kTextBytes = 512;
constexpr std::size_t kWordBytes = 20;

class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void number(std::int64_t value) {
    auto bits = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
    while (bits >= 0x80) {
      byte(static_cast<std::uint8_t>(bits | 0x80));
      bits >>= 7;
    }
    byte(static_cast<std::uint8_t>(bits));
  }
  void text(std::string_view value, std::size_t most) {
    value = value.substr(0, most);
    number(static_cast<std::int64_t>(value.size()));
    out_.append(value);
  }
  void usage(const domain::Usage& usage) {
    for (auto tokens : usage.tokens) number(tokens);
  }

 private:
  std::string& out_;
};

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t byte() {
    if (rest_.empty()) broken();
    auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::int64_t number() {
    std::uint64_t bits = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      auto value = byte();
      bits |= static_cast<std::uint64_t>(value & 0x7F) << shift;
      if ((value & 0x80) == 0) {
        return static_cast<std::int64_t>(bits >> 1) ^ -static_cast<std::int64_t>(bits & 1);
      }
    }
    broken();
  }
  int small() { return static_cast<int>(number()); }
  std::string text() {
    auto size = number();
    if (size < 0 || static_cast<std::uint64_t>(size) > rest_.size()) broken();
    std::string value(rest_.substr(0, static_cast<std::size_t>(size)));
    rest_.remove_prefix(static_cast<std::size_t>(size));
    return value;
  }
  domain::Usage usage() {
    domain::Usage usage;
    for (auto& tokens : usage.tokens) tokens = number();
    return usage;
  }
  domain::Money money() { return domain::Money::nanos(number()); }

  [[noreturn]] static void broken() {
    throw Error(Errc::unavailable,
                "the journal has a record that can't be read",
                "restore the data directory from a backup");
  }

 private:
  std::string_view rest_;
};

// What a window of a kChildHold is, behind its period.
constexpr std::uint8_t kSoft = 1;
constexpr std::uint8_t kOfParent = 2;

HoldRecord decode_hold(Decoder& in, std::uint8_t version) {
  const bool is_child = version == kChildHold;
  HoldRecord record;
  auto& row = record.row;
  row.id.value = in.number();
  row.time = Timestamp(std::chrono::milliseconds(in.number()));
  row.account = domain::AccountId(in.text());
  row.project = domain::ProjectId(in.text());
  row.key = domain::KeyId(in.text());
  row.key_name = in.text();
  row.group = in.text();
  row.endpoint = in.text();
  row.model = in.text();
  row.stream = in.byte() != 0;
  row.held = in.money();
  row.held_tokens = in.number();
  row.hold_us = in.number();
  row.client_ip = in.text();
  row.user_agent = in.text();
  bool soft = false;
  if (is_child) {
    row.parent = domain::KeyId(in.text());
  } else {
    soft = in.byte() != 0;
  }
  auto count = in.byte();
  for (int i = 0; i < count; ++i) {
    HeldWindow window;
    window.scope = static_cast<domain::Scope>(in.byte());
    window.metric = static_cast<domain::Metric>(in.byte());
    window.period = static_cast<domain::Period>(in.byte());
    const std::uint8_t marks = is_child ? in.byte() : 0;
    window.soft = (marks & kSoft) != 0 || (soft && window.scope == domain::Scope::key);
    window.of_parent = (marks & kOfParent) != 0;
    record.windows.push_back(window);
  }
  return record;
}

SettleRecord decode_settle(Decoder& in, std::uint8_t version) {
  SettleRecord record;
  record.id.value = in.number();
  auto& end = record.settlement;
  end.status = static_cast<domain::RowStatus>(in.byte());
  end.basis = static_cast<domain::CostBasis>(in.byte());
  end.http_status = in.small();
  end.attempts = in.small();
  end.error_code = in.text();
  end.upstream = in.text();
  end.upstream_model = in.text();
  end.price_id = in.text();
  end.usage = in.usage();
  end.cost = in.money();
  end.upstream_cost = in.money();
  if (in.byte() != 0) end.upstream_reported_cost = in.money();
  end.connect_us = in.number();
  end.first_byte_us = in.number();
  end.total_us = in.number();
  if (version == kSettleTokens) {
    end.usage_basis =
        end.basis == domain::CostBasis::none ? domain::CostBasis::estimated : end.basis;
    return record;
  }
  end.usage.images = in.number();
  end.usage.audio_ms = in.number();
  end.usage.characters = in.number();
  end.usage_basis = static_cast<domain::CostBasis>(in.byte());
  end.tier = static_cast<domain::ServiceTier>(in.byte());
  end.multiplier = in.number();
  if (version == kSettleUnits) return record;
  end.response_id = in.text();
  end.response_upstream = domain::UpstreamId(in.text());
  auto count = in.byte();
  for (int i = 0; i < count; ++i) {
    domain::Attempt attempt;
    attempt.upstream = in.text();
    attempt.result = in.text();
    attempt.http_status = in.small();
    attempt.total_us = in.number();
    end.tried.push_back(std::move(attempt));
  }
  return record;
}

}  // namespace

void encode(const domain::LedgerRow& row,
            const std::vector<HeldWindow>& windows,
            std::string& out) {
  const bool is_child = !row.parent.empty();
  Encoder to(out);
  to.byte(is_child ? kChildHold : kHold);
  to.number(row.id.value);
  to.number(row.time.time_since_epoch().count());
  to.text(row.account.text(), kIdBytes);
  to.text(row.project.text(), kIdBytes);
  to.text(row.key.text(), kIdBytes);
  to.text(row.key_name, kNameBytes);
  to.text(row.group, kNameBytes);
  to.text(row.endpoint, kIdBytes);
  to.text(row.model, kTextBytes);
  to.byte(row.stream ? 1 : 0);
  to.number(row.held.nanos());
  to.number(row.held_tokens);
  to.number(row.hold_us);
  to.text(row.client_ip, kIdBytes);
  to.text(row.user_agent, kTextBytes);
  if (is_child) {
    to.text(row.parent.text(), kIdBytes);
  } else {
    // Without a parent all windows of a key are soft, or none.
    const bool soft =
        std::any_of(windows.begin(), windows.end(), [](const auto& each) { return each.soft; });
    to.byte(soft ? 1 : 0);
  }
  to.byte(static_cast<std::uint8_t>(windows.size()));
  for (const auto& window : windows) {
    to.byte(static_cast<std::uint8_t>(window.scope));
    to.byte(static_cast<std::uint8_t>(window.metric));
    to.byte(static_cast<std::uint8_t>(window.period));
    if (!is_child) continue;
    to.byte(
        static_cast<std::uint8_t>((window.soft ? kSoft : 0) | (window.of_parent ? kOfParent : 0)));
  }
}

void encode(domain::RequestId id, const Settlement& end, std::string& out) {
  Encoder to(out);
  to.byte(kSettle);
  to.number(id.value);
  to.byte(static_cast<std::uint8_t>(end.status));
  to.byte(static_cast<std::uint8_t>(end.basis));
  to.number(end.http_status);
  to.number(end.attempts);
  to.text(end.error_code, kIdBytes);
  to.text(end.upstream, kIdBytes);
  to.text(end.upstream_model, kNameBytes);
  to.text(end.price_id, kNameBytes);
  to.usage(end.usage);
  to.number(end.cost.nanos());
  to.number(end.upstream_cost.nanos());
  to.byte(end.upstream_reported_cost ? 1 : 0);
  if (end.upstream_reported_cost) to.number(end.upstream_reported_cost->nanos());
  to.number(end.connect_us);
  to.number(end.first_byte_us);
  to.number(end.total_us);
  to.number(end.usage.images);
  to.number(end.usage.audio_ms);
  to.number(end.usage.characters);
  to.byte(static_cast<std::uint8_t>(end.usage_basis));
  to.byte(static_cast<std::uint8_t>(end.tier));
  to.number(end.multiplier);
  to.text(end.response_id, kMaxResponseId);
  to.text(end.response_upstream.text(), kIdBytes);
  const auto tried = std::min(end.tried.size(), kMostTried);
  to.byte(static_cast<std::uint8_t>(tried));
  for (std::size_t i = 0; i < tried; ++i) {
    const auto& attempt = end.tried[i];
    to.text(attempt.upstream, kIdBytes);
    to.text(attempt.result, kWordBytes);
    to.number(attempt.http_status);
    to.number(attempt.total_us);
  }
}

Record decode(std::string_view bytes) {
  Decoder in(bytes);
  const std::uint8_t kind = in.byte();
  switch (kind) {
    case kHold:
    case kChildHold:
      return decode_hold(in, kind);
    case kSettleTokens:
    case kSettleUnits:
    case kSettle:
      return decode_settle(in, kind);
    default:
      Decoder::broken();
  }
}

}  // namespace nufi::ledger
