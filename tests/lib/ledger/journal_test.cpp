#include "lib/ledger/journal.hpp"

#include "lib/base/error.hpp"
#include "lib/ledger/record.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace nufi::ledger {
namespace {

using Records = std::vector<std::pair<std::uint64_t, std::string>>;

Records replay(Journal& journal, std::uint64_t folded = 0) {
  Records records;
  journal.replay(folded, [&](std::uint64_t position, std::string_view bytes) {
    records.emplace_back(position, bytes);
  });
  return records;
}

void add_segments(Journal& journal, int count) {
  for (int i = 0; i < count; ++i) journal.add_segment(journal.make_segment());
}

std::string record(std::uint64_t position, std::size_t size) {
  auto text = std::to_string(position) + ":";
  text.resize(size, static_cast<char>('a' + position % 26));
  return text;
}

void append_up_to(Journal& journal, std::uint64_t position, std::size_t size) {
  while (journal.last() < position) journal.append(record(journal.last() + 1, size));
}

/// Overwrites bytes of a journal file.
void scribble(const std::filesystem::path& file, off_t at, const std::string& bytes) {
  const int fd = ::open(file.c_str(), O_WRONLY);
  REQUIRE(fd >= 0);
  REQUIRE(::pwrite(fd, bytes.data(), bytes.size(), at) == static_cast<ssize_t>(bytes.size()));
  ::close(fd);
}

constexpr off_t kHeadBytes = 32;
constexpr off_t kRecordHeadBytes = 16;

}  // namespace

TEST_CASE("journal: what is appended is replayed, over segments and runs") {
  const test::TempDir dir;
  constexpr std::size_t kSize = 4000;
  constexpr std::uint64_t kFirst = 2500;  // more than two segments of 4 MB
  {
    Journal journal(dir.path());
    CHECK(replay(journal).empty());
    add_segments(journal, 3);
    append_up_to(journal, kFirst, kSize);
  }
  {
    Journal journal(dir.path());
    CHECK(replay(journal).size() == kFirst);
    add_segments(journal, 1);
    append_up_to(journal, kFirst + 10, kSize);
  }
  Journal journal(dir.path());
  const auto records = replay(journal, /*folded=*/1200);
  REQUIRE(records.size() == kFirst + 10 - 1200);
  std::uint64_t expected = 1200;
  bool all_right = true;
  for (const auto& [position, bytes] : records) {
    all_right = all_right && position == ++expected && bytes == record(position, kSize);
  }
  CHECK(all_right);
  CHECK(journal.last() == kFirst + 10);
}

TEST_CASE("journal: a torn last record is the end, and what comes after it is found again") {
  const test::TempDir dir;
  {
    Journal journal(dir.path());
    replay(journal);
    add_segments(journal, 1);
    append_up_to(journal, 3, 100);
  }
  const off_t third = kHeadBytes + 2 * (kRecordHeadBytes + 100);
  scribble(dir.path() / "1.journal", third + kRecordHeadBytes + 99, "?");
  {
    Journal journal(dir.path());
    CHECK(replay(journal).size() == 2);
    add_segments(journal, 1);
    journal.append("the new third");
  }
  Journal journal(dir.path());
  const auto records = replay(journal);
  REQUIRE(records.size() == 3);
  CHECK(records[2] == std::pair<std::uint64_t, std::string>(3, "the new third"));
}

TEST_CASE("journal: a recycled segment never yields what it had before") {
  const test::TempDir dir;
  constexpr std::size_t kSize = 4000;
  std::uint64_t last = 0;
  {
    Journal journal(dir.path());
    replay(journal);
    add_segments(journal, 2);
    append_up_to(journal, 1500, kSize);
    journal.folded(1500);
    // Fills the second segment and goes over into the first one, which is full of old records.
    append_up_to(journal, 2200, kSize);
    last = journal.last();
  }
  Journal journal(dir.path());
  const auto records = replay(journal, 1500);
  REQUIRE(records.size() == last - 1500);
  CHECK(records.back() == std::pair<std::uint64_t, std::string>(last, record(last, kSize)));
}

TEST_CASE("journal: what stands behind a lost segment is replayed, and goes on from there") {
  const test::TempDir dir;
  constexpr std::size_t kSize = 4000;
  {
    Journal journal(dir.path());
    replay(journal);
    add_segments(journal, 2);
    append_up_to(journal, 1100, kSize);
  }
  // The machine lost the older segment (segments are taken from the back of the spares), all but
  // its head. The newer one is whole and begins with record 1045.
  scribble(
      dir.path() / "2.journal", kHeadBytes, std::string(Journal::kSegmentBytes - kHeadBytes, 0));
  for (std::uint64_t last = 1100; last < 1102; ++last) {
    CAPTURE(last);
    Journal journal(dir.path());
    const auto records = replay(journal);
    REQUIRE(records.size() == last - 1044);
    CHECK(records.front() == std::pair<std::uint64_t, std::string>(1045, record(1045, kSize)));
    CHECK(journal.last() == last);
    add_segments(journal, 1);
    append_up_to(journal, last + 1, kSize);
  }
}

TEST_CASE("journal: a record in the middle that can't be read costs only itself") {
  const test::TempDir dir;
  {
    Journal journal(dir.path());
    replay(journal);
    add_segments(journal, 1);
    append_up_to(journal, 5, 100);
  }
  const off_t third = kHeadBytes + 2 * (kRecordHeadBytes + 100);
  SUBCASE("a bit of its text flipped") {
    scribble(dir.path() / "1.journal", third + kRecordHeadBytes + 50, "?");
  }
  SUBCASE("its length is nonsense") {
    scribble(dir.path() / "1.journal", third, "\xff\xff\xff\x7f");
  }
  SUBCASE("it is gone") {
    scribble(dir.path() / "1.journal", third, std::string(kRecordHeadBytes + 100, '\0'));
  }
  {
    Journal journal(dir.path());
    const auto records = replay(journal);
    REQUIRE(records.size() == 4);
    CHECK(records[2] == std::pair<std::uint64_t, std::string>(4, record(4, 100)));
    CHECK(journal.last() == 5);
    add_segments(journal, 1);
    append_up_to(journal, 6, 100);
  }
  Journal journal(dir.path());
  CHECK(replay(journal).size() == 5);
}

TEST_CASE("journal: what is in use can be checked while it grows") {
  const test::TempDir dir;
  Journal journal(dir.path());
  replay(journal);
  add_segments(journal, 2);
  append_up_to(journal, 1100, 4000);
  const auto faults = [&] {
    std::vector<std::string> all;
    auto extents = journal.extents();
    append_up_to(journal, journal.last() + 1, 4000);
    for (auto& extent : extents) {
      if (auto fault = Journal::check(std::move(extent)); !fault.empty()) all.push_back(fault);
    }
    return all;
  };
  CHECK(faults().empty());

  scribble(dir.path() / "2.journal", kHeadBytes + kRecordHeadBytes + 7, "?");
  CHECK(faults() == std::vector<std::string>{"journal " + (dir.path() / "2.journal").string() +
                                             " is damaged: record 1 can't be read"});
  scribble(dir.path() / "1.journal", kHeadBytes + kRecordHeadBytes + 7, "?");
  CHECK(faults().size() == 2);
  journal.folded(1100);
  CHECK(faults().size() == 1);
}

TEST_CASE("journal: a crash between a segment's head and its first record loses nothing") {
  const test::TempDir dir;
  {
    Journal journal(dir.path());
    replay(journal);
    add_segments(journal, 2);
    append_up_to(journal, 1, 100);
    journal.leave_segment();
    append_up_to(journal, 2, 100);
  }
  // The record is gone, the head is there. Segments are taken from the back of the spares.
  const auto size = static_cast<std::size_t>(kRecordHeadBytes) + 100;
  scribble(dir.path() / "1.journal", kHeadBytes, std::string(size, '\0'));
  {
    Journal journal(dir.path());
    CHECK(replay(journal).size() == 1);
    add_segments(journal, 1);
    journal.append("second");
  }
  Journal journal(dir.path());
  CHECK(replay(journal).size() == 2);
}

TEST_CASE("journal: what is promised is kept free for settlements") {
  const test::TempDir dir;
  Journal journal(dir.path());
  replay(journal);
  CHECK_FALSE(journal.has_room(1));
  CHECK(journal.segments_wanted() > 0);
  add_segments(journal, 1);
  std::size_t open = 0;
  const std::string hold(300, 'h');
  while (journal.has_room(kMaxHoldBytes + kMaxSettleBytes)) {
    journal.append(hold);
    journal.reserve(kMaxSettleBytes);
    ++open;
  }
  CHECK(open > 1000);
  const std::string settlement(kMaxSettleBytes, 's');
  for (; open > 0; --open) {
    journal.release(kMaxSettleBytes);
    CHECK_NOTHROW(journal.append(settlement));
  }
}

TEST_CASE("journal: a record without any room is refused, not lost in silence") {
  const test::TempDir dir;
  Journal journal(dir.path());
  replay(journal);
  CHECK_THROWS_AS(journal.append("record"), Error);
  CHECK(journal.last() == 0);
}

TEST_CASE("journal: only what was written since is given out to sync") {
  const test::TempDir dir;
  Journal journal(dir.path());
  replay(journal);
  add_segments(journal, 1);
  journal.append("one");
  const auto dirty = journal.take_dirty();
  CHECK(dirty.size() == 1);
  for (int fd : dirty) ::close(fd);
  CHECK(journal.take_dirty().empty());
}

TEST_CASE("journal: a directory that can't be used is said so") {
  const test::TempDir dir;
  const auto file = dir.write("file", "");
  CHECK_THROWS_AS(Journal{file}, Error);
  CHECK_THROWS_AS(Journal{file / "below"}, Error);
  std::filesystem::create_directories(dir.path() / "journal" / "1.journal");
  CHECK_THROWS_AS(Journal{dir.path() / "journal"}, Error);
}

TEST_CASE("journal: drafts are removed, foreign files left alone") {
  const test::TempDir dir;
  static_cast<void>(dir.write("7.journal.tmp", "draft"));
  static_cast<void>(dir.write("notes.txt", "mine"));
  static_cast<void>(dir.write("8.journal", "garbage"));
  Journal journal(dir.path());
  CHECK(replay(journal).empty());
  CHECK_FALSE(std::filesystem::exists(dir.path() / "7.journal.tmp"));
  CHECK(std::filesystem::exists(dir.path() / "notes.txt"));
  CHECK(journal.make_segment().file.filename() == "9.journal");
}

}  // namespace nufi::ledger
