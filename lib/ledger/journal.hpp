#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::ledger {

/// An append-only log of records in preallocated files ("segments") that are used in turn.
///
/// Segment: 32 bytes of head (magic with version, position of its first record, a random epoch),
/// then records of [length u32][crc u32][position u64][bytes], little-endian. Positions count 1, 2,
/// 3 … across segments; the CRC covers position and bytes and is mixed with the epoch. A segment is
/// used again once all of its records are folded, without being wiped: the end of the log is where
/// length, CRC or the expected position do not fit, so what an earlier use left behind is never
/// taken for a record. For the same reason a start never appends to a segment of an earlier run.
///
/// Power may fail while blocks are on their way to the disk in any order, and disks decay. What can
/// be read behind a gap is replayed as well: it names calls that were made. Only their order across
/// the gap is known, so a call whose end is missing costs its hold.
///
/// Segments are written full of zeros before their first use, so that an append overwrites blocks
/// the file already owns: it can't fail for want of space. Room for the records that must not fail
/// (settlements) is promised with reserve().
///
/// append() and flush() both write to the page cache, which survives the death of the process;
/// sync() puts it on the disk. Thread-safety: append, reserve, release, has_room and folded are
/// called under the ledger's lock; sync and make_room by one thread without it.
class Journal {
 public:
  static constexpr std::size_t kSegmentBytes = std::size_t{4} << 20;
  static constexpr std::size_t kRecordHead = 16;  ///< before the bytes of each record

  /// Opens the segments in `dir` (made, 0700, if absent). Throws Error{unavailable}.
  explicit Journal(std::filesystem::path dir);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Calls `visit` with every record after `folded`, oldest first, then makes the journal ready to
  /// append after the last one. Call once, before anything else.
  void replay(std::uint64_t folded,
              const std::function<void(std::uint64_t position, std::string_view bytes)>& visit);

  /// True if `bytes` more fit beside all that is promised.
  [[nodiscard]] bool has_room(std::size_t bytes) const;
  /// Promises room for a later record of up to `bytes`; only after has_room() said so.
  void reserve(std::size_t bytes) { promised_ += bytes + kRecordHead; }
  /// Takes back a promise, when its record is appended.
  void release(std::size_t bytes) { promised_ -= bytes + kRecordHead; }

  /// Writes a record to the page cache and returns its position. Precondition: it has room.
  /// Throws Error{unavailable} if the file can't be written; the record then does not count.
  std::uint64_t append(std::string_view bytes);

  /// Position of the last record appended, 0 = none.
  [[nodiscard]] std::uint64_t last() const { return last_; }

  /// The next record starts a new segment: something is wrong with the present one, and what is in
  /// it needs no sync any more.
  void leave_segment();

  /// Everything up to `position` is in the database: its segments may be used again.
  void folded(std::uint64_t position);

  /// How many more segments are needed to keep what is promised and a reserve for bursts.
  [[nodiscard]] std::size_t segments_wanted() const;
  /// Makes a segment (slow: writes it full of zeros). Throws Error{unavailable} on a full disk.
  /// Without the lock; hand the result to add_segment() under it.
  struct Segment {
    int fd = -1;
    std::filesystem::path file;
    std::uint64_t first = 0;  ///< position of its first record, 0 = spare
    std::uint64_t epoch = 0;  ///< drawn anew for every use
    std::size_t used = 0;     ///< bytes, head included
  };
  [[nodiscard]] Segment make_segment();
  void add_segment(Segment segment) { spare_.push_back(std::move(segment)); }

  /// A segment that is in use, as it was when asked: its records never change.
  struct Extent {
    int fd = -1;  ///< a duplicate, closed by check()
    std::filesystem::path file;
    std::uint64_t first = 0;
    std::uint64_t behind = 0;  ///< position after its last record
    std::uint64_t epoch = 0;
  };
  [[nodiscard]] std::vector<Extent> extents() const;
  /// Reads every record of it: "" or what is wrong. Without the lock.
  [[nodiscard]] static std::string check(Extent extent);

  /// File descriptors (duplicates, owned by the caller) that hold records not yet synced.
  [[nodiscard]] std::vector<int> take_dirty();

 private:
  static constexpr std::size_t kHead = 32;

  void open_segments();
  void start_next_segment();
  std::uint64_t scan(Segment& segment,
                     std::uint64_t folded,
                     const std::function<void(std::uint64_t, std::string_view)>& visit);

  const std::filesystem::path dir_;
  std::uint64_t next_file_ = 1;
  std::deque<Segment> active_;  ///< oldest first; the last one is appended to
  std::vector<Segment> spare_;
  std::vector<int> dirty_;  ///< descriptors written since take_dirty()
  std::uint64_t last_ = 0;
  std::size_t promised_ = 0;
  std::string scratch_;
};

}  // namespace nufi::ledger
