#include "lib/ledger/journal.hpp"

#include "lib/base/error.hpp"
#include "lib/base/secret.hpp"
#include "lib/base/text.hpp"
#include "lib/ledger/record.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
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
    bool ours = read == static_cast<ssize_t>(kHead) &&
                std::string_view(head.data(), kMagic.size()) == kMagic;
    segment.first = ours ? load<std::uint64_t>(head.data() + 8) : 0;
    segment.epoch = load<std::uint64_t>(head.data() + 16);
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
                            const std::function<void(std::uint64_t, std::string_view)>& visit,
                            std::uint64_t expected) {
  std::string bytes(kSegmentBytes, '\0');
  auto size = ::pread(segment.fd, bytes.data(), bytes.size(), 0);
  if (size < 0) fail("can't read " + segment.file.string(), errno);
  bytes.resize(static_cast<std::size_t>(size));
  segment.used = kHead;
  while (segment.used + kRecordHead <= bytes.size()) {
    const char* head = bytes.data() + segment.used;
    auto length = load<std::uint32_t>(head);
    if (length == 0 || length > bytes.size() - segment.used - kRecordHead) break;
    auto covered = std::string_view(head + 8, 8 + length);
    auto crc = crc32(covered) ^ static_cast<std::uint32_t>(segment.epoch);
    if (load<std::uint64_t>(head + 8) != expected || load<std::uint32_t>(head + 4) != crc) break;
    if (expected > folded) visit(expected, covered.substr(8));
    ++expected;
    segment.used += kRecordHead + length;
  }
  return expected;
}

void Journal::replay(std::uint64_t folded,
                     const std::function<void(std::uint64_t, std::string_view)>& visit) {
  last_ = folded;
  std::deque<Segment> found;
  found.swap(active_);
  std::uint64_t expected = 0;
  for (auto& segment : found) {
    // A segment that does not continue the one before was left by an earlier use of the file.
    bool continues = expected == 0 ? segment.first <= folded + 1 : segment.first == expected;
    auto end = continues ? scan(segment, folded, visit, segment.first) : 0;
    if (end > folded + 1) {
      expected = end;
      last_ = end - 1;
      active_.push_back(std::move(segment));
    } else {
      // What it has is folded or follows records that are lost; it must not seem to follow those
      // that are appended from now on.
      write_all(segment.fd, std::string(kHead, '\0'), 0);
      segment.first = 0;
      spare_.push_back(std::move(segment));
    }
  }
  leave_segment();
}

void Journal::leave_segment() {
  if (!active_.empty()) active_.back().used = kSegmentBytes;
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
