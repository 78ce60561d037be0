#include "lib/ledger/journal.hpp"

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/base/secret.hpp"
#include "lib/base/text.hpp"
#include "lib/ledger/record.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace nufi::ledger {
namespace {

constexpr std::string_view kMagic = "nufijnl1";
/// What is kept free beside the promises, so that a burst never waits for a segment to be made.
constexpr std::size_t kBurstBytes = 2 * Journal::kSegmentBytes;
/// A record does not cross segments: this much at a segment's end may stay unused.
constexpr std::size_t kTail = kMaxHoldBytes + 64;

[[noreturn]] void fail(const std::string& what, int error) {
  throw Error(Errc::unavailable,
              what + ": " + std::generic_category().message(error),
              error == ENOSPC ? "free some disk space" : "check the data directory");
}

template <class T>
void store(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out.push_back(static_cast<char>(value >> (8 * i)));
  }
}

template <class T>
T load(const char* from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<T>(static_cast<std::uint8_t>(from[i])) << (8 * i);
  }
  return value;
}

void write_all(int fd, std::string_view bytes, std::size_t offset) {
  while (!bytes.empty()) {
    auto written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      fail("can't write the journal", errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::size_t>(written);
  }
}

/// A gap in the journal is never this wide: what claims to be is no record.
constexpr std::uint64_t kWidestGap = 1'000'000;

struct FoundRecord {
  std::uint64_t position = 0;
  std::string_view bytes;
};

/// The whole record at `at`, if there is one.
std::optional<FoundRecord> record_at(std::string_view bytes, std::size_t at, std::uint64_t epoch) {
  if (at + Journal::kRecordHead > bytes.size()) return std::nullopt;
  const char* head = bytes.data() + at;
  const auto length = load<std::uint32_t>(head);
  if (length == 0 || length > bytes.size() - at - Journal::kRecordHead) return std::nullopt;
  const auto covered = std::string_view(head + 8, 8 + length);
  const auto crc = crc32(covered) ^ static_cast<std::uint32_t>(epoch);
  if (load<std::uint32_t>(head + 4) != crc) return std::nullopt;
  return FoundRecord{load<std::uint64_t>(head + 8), covered.substr(8)};
}

/// Where the next record after a gap begins: behind `at`, with a later position than `expected`.
std::optional<std::size_t> next_record(std::string_view bytes,
                                       std::size_t at,
                                       std::uint64_t epoch,
                                       std::uint64_t expected) {
  for (; at + Journal::kRecordHead <= bytes.size(); ++at) {
    // The cheap looks first: most places are no record.
    if (load<std::uint32_t>(bytes.data() + at) - 1 >= kMaxHoldBytes) continue;
    const auto position = load<std::uint64_t>(bytes.data() + at + 8);
    if (position <= expected || position - expected > kWidestGap) continue;
    if (record_at(bytes, at, epoch)) return at;
  }
  return std::nullopt;
}

std::string read_segment(int fd, const std::filesystem::path& file) {
  std::string bytes(Journal::kSegmentBytes, '\0');
  const auto size = ::pread(fd, bytes.data(), bytes.size(), 0);
  if (size < 0) fail("can't read " + file.string(), errno);
  bytes.resize(static_cast<std::size_t>(size));
  return bytes;
}

}  // namespace

Journal::Journal(std::filesystem::path dir) : dir_(std::move(dir)) {
  std::error_code error;
  std::filesystem::create_directories(dir_, error);
  if (error) fail("can't make " + dir_.string(), error.value());
  ::chmod(dir_.c_str(), 0700);
  open_segments();
}

Journal::~Journal() {
  for (auto& segment : active_) ::close(segment.fd);
  for (auto& segment : spare_) ::close(segment.fd);
}

void Journal::open_segments() {
  std::error_code error;
  std::filesystem::directory_iterator entries(dir_, error);
  if (error) fail("can't read " + dir_.string(), error.value());
  for (const auto& entry : entries) {
    if (entry.path().extension() == ".tmp") {
      std::filesystem::remove(entry.path());
      continue;
    }
    auto number = parse_integer(entry.path().stem().string());
    if (entry.path().extension() != ".journal" || !number) continue;
    next_file_ = std::max(next_file_, static_cast<std::uint64_t>(*number) + 1);
    Segment segment;
    segment.file = entry.path();
    segment.fd = ::open(segment.file.c_str(), O_RDWR | O_CLOEXEC);
    if (segment.fd < 0) fail("can't open " + segment.file.string(), errno);
    std::array<char, kHead> head{};
    auto read = ::pread(segment.fd, head.data(), head.size(), 0);
    const bool ours = read == static_cast<ssize_t>(kHead) &&
                      std::string_view(head.data(), kMagic.size()) == kMagic;
    segment.first = ours ? load<std::uint64_t>(head.data() + 8) : 0;
    segment.epoch = load<std::uint64_t>(head.data() + 16);
    if (!ours &&
        std::string_view(head.data(), kHead).find_first_not_of('\0') != std::string::npos) {
      log::error("journal damaged: a file's head can't be read", {{"file", segment.file.string()}});
    }
    if (segment.first != 0) {
      active_.push_back(std::move(segment));
    } else {
      spare_.push_back(std::move(segment));
    }
  }
  std::sort(active_.begin(), active_.end(), [](const auto& a, const auto& b) {
    return a.first < b.first;
  });
}

std::uint64_t Journal::scan(Segment& segment,
                            std::uint64_t folded,
                            const std::function<void(std::uint64_t, std::string_view)>& visit) {
  const auto bytes = read_segment(segment.fd, segment.file);
  auto expected = segment.first;
  segment.used = kHead;
  while (true) {
    if (auto record = record_at(bytes, segment.used, segment.epoch);
        record && record->position == expected) {
      if (expected > folded) visit(expected, record->bytes);
      ++expected;
      segment.used += kRecordHead + record->bytes.size();
      continue;
    }
    const auto behind = next_record(bytes, segment.used + 1, segment.epoch, expected);
    if (!behind) return expected;
    const auto position = record_at(bytes, *behind, segment.epoch)->position;
    if (position > folded + 1) {
      log::error("journal damaged: records in its middle can't be read",
                 {{"file", segment.file.string()},
                  {"records", static_cast<long long>(position - std::max(expected, folded + 1))}});
    }
    expected = position;
    segment.used = *behind;
  }
}

void Journal::replay(std::uint64_t folded,
                     const std::function<void(std::uint64_t, std::string_view)>& visit) {
  last_ = folded;
  std::deque<Segment> found;
  found.swap(active_);
  for (auto& segment : found) {
    // Positions only grow, so a segment that starts behind the end of the one before was written
    // after it: what is missing between them is lost.
    if (segment.first > last_ + 1) {
      log::error("journal damaged: records between its files are missing",
                 {{"file", segment.file.string()},
                  {"records", static_cast<long long>(segment.first - last_ - 1)}});
    }
    const auto end = scan(segment, std::max(folded, last_), visit);
    if (end > last_ + 1) {
      last_ = end - 1;
      active_.push_back(std::move(segment));
    } else {
      // What it has is folded. It must not seem to follow what is appended from now on.
      write_all(segment.fd, std::string(kHead, '\0'), 0);
      segment.first = 0;
      spare_.push_back(std::move(segment));
    }
  }
  leave_segment();
}

std::vector<Journal::Extent> Journal::extents() const {
  std::vector<Extent> all;
  for (std::size_t i = 0; i < active_.size(); ++i) {
    const auto& segment = active_[i];
    const auto behind = i + 1 < active_.size() ? active_[i + 1].first : last_ + 1;
    const int fd = ::fcntl(segment.fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) fail("can't read " + segment.file.string(), errno);
    all.push_back({fd, segment.file, segment.first, behind, segment.epoch});
  }
  return all;
}

std::string Journal::check(Extent extent) {
  std::string bytes;
  try {
    bytes = read_segment(extent.fd, extent.file);
  } catch (const Error& error) {
    ::close(extent.fd);
    return error.what();
  }
  ::close(extent.fd);
  std::size_t at = kHead;
  for (auto expected = extent.first; expected < extent.behind; ++expected) {
    const auto record = record_at(bytes, at, extent.epoch);
    if (!record || record->position != expected) {
      return "journal " + extent.file.string() + " is damaged: record " + std::to_string(expected) +
             " can't be read";
    }
    at += kRecordHead + record->bytes.size();
  }
  return {};
}

void Journal::leave_segment() {
  if (!active_.empty()) active_.back().used = kSegmentBytes;
  dirty_.clear();
}

bool Journal::has_room(std::size_t bytes) const {
  std::size_t room = spare_.size() * (kSegmentBytes - kHead - kTail);
  if (!active_.empty() && active_.back().used + kTail < kSegmentBytes) {
    room += kSegmentBytes - kTail - active_.back().used;
  }
  return promised_ + bytes + kRecordHead <= room;
}

std::size_t Journal::segments_wanted() const {
  std::size_t target = (promised_ + kBurstBytes) / (kSegmentBytes - kHead - kTail) + 1;
  return spare_.size() >= target ? 0 : target - spare_.size();
}

void Journal::start_next_segment() {
  if (spare_.empty()) throw Error(Errc::unavailable, "the journal is full");
  auto& segment = spare_.back();
  std::array<std::uint8_t, 8> random{};
  random_bytes(random);
  std::memcpy(&segment.epoch, random.data(), random.size());
  std::string head(kMagic);
  store<std::uint64_t>(head, last_ + 1);
  store<std::uint64_t>(head, segment.epoch);
  head.resize(kHead, '\0');
  write_all(segment.fd, head, 0);
  segment.first = last_ + 1;
  segment.used = kHead;
  active_.push_back(std::move(segment));
  spare_.pop_back();
  dirty_.push_back(active_.back().fd);
}

std::uint64_t Journal::append(std::string_view bytes) {
  if (active_.empty() || active_.back().used + kRecordHead + bytes.size() > kSegmentBytes) {
    start_next_segment();
  }
  auto& segment = active_.back();
  scratch_.clear();
  store<std::uint64_t>(scratch_, last_ + 1);
  scratch_.append(bytes);
  auto crc = crc32(scratch_) ^ static_cast<std::uint32_t>(segment.epoch);
  std::string head;
  store<std::uint32_t>(head, static_cast<std::uint32_t>(bytes.size()));
  store<std::uint32_t>(head, crc);
  scratch_.insert(0, head);
  write_all(segment.fd, scratch_, segment.used);
  segment.used += scratch_.size();
  if (dirty_.empty() || dirty_.back() != segment.fd) dirty_.push_back(segment.fd);
  return ++last_;
}

void Journal::folded(std::uint64_t position) {
  // The segment being appended to stays; an older one is free once its successor starts at or
  // before the first record that is not folded.
  while (active_.size() > 1 && active_[1].first <= position + 1) {
    active_.front().first = 0;
    spare_.push_back(std::move(active_.front()));
    active_.pop_front();
  }
}

Journal::Segment Journal::make_segment() {
  Segment segment;
  segment.file = dir_ / (std::to_string(next_file_++) + ".journal");
  auto draft = segment.file;
  draft += ".tmp";
  segment.fd = ::open(draft.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (segment.fd < 0) fail("can't make " + draft.string(), errno);
  try {
    const std::string zeros(std::size_t{256} << 10, '\0');
    for (std::size_t at = 0; at < kSegmentBytes; at += zeros.size()) {
      write_all(segment.fd, zeros, at);
    }
    if (::fsync(segment.fd) != 0) fail("can't write the journal", errno);
    if (::rename(draft.c_str(), segment.file.c_str()) != 0) {
      fail("can't make " + segment.file.string(), errno);
    }
    int dir = ::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0) {
      ::fsync(dir);
      ::close(dir);
    }
  } catch (...) {
    ::close(segment.fd);
    ::unlink(draft.c_str());
    throw;
  }
  return segment;
}

std::vector<int> Journal::take_dirty() {
  std::vector<int> fds;
  for (int fd : dirty_) {
    int copy = ::dup(fd);
    if (copy < 0) {
      const int error = errno;
      for (int each : fds) ::close(each);
      fail("can't sync the journal", error);
    }
    fds.push_back(copy);
  }
  dirty_.clear();
  return fds;
}

}  // namespace nufi::ledger
