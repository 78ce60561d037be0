#include "lib/base/inflate.hpp"

#include <array>
#include <new>
#include <zlib.h>

namespace nufi {
namespace {

/// zlib's window of 32 kB, with the frame of gzip or zlib (whichever it turns out to be).
constexpr int kFramed = 15 + 32;
constexpr int kBare = -15;

/// True if these two bytes can't begin a frame of gzip or zlib.
bool begins_bare(unsigned first, unsigned second) {
  const bool is_gzip = first == 0x1f && second == 0x8b;
  const bool is_zlib = (first & 0x0f) == Z_DEFLATED && (first * 256 + second) % 31 == 0;
  return !is_gzip && !is_zlib;
}

}  // namespace

struct Inflater::State {
  explicit State(Coding of) : coding(of) {}

  const Coding coding;
  z_stream stream{};
  std::array<char, kBlock> block{};
  std::array<unsigned char, 2> start{};  ///< the first two bytes, which say what the frame is
  std::size_t started = 0;
  std::string_view rest;  ///< of what was fed
  bool open = false;      ///< `stream` is in use
  bool complete = false;
  bool broken = false;
  std::uint64_t given = 0;

  void begin() {
    while (started < start.size() && !rest.empty()) {
      start[started++] = static_cast<unsigned char>(rest.front());
      rest.remove_prefix(1);
    }
    if (started < start.size()) return;
    const bool is_bare = coding == Coding::deflate && begins_bare(start[0], start[1]);
    if (inflateInit2(&stream, is_bare ? kBare : kFramed) != Z_OK) {
      throw std::bad_alloc();
    }
    open = true;
    stream.next_in = start.data();
    stream.avail_in = static_cast<uInt>(start.size());
  }

  void give_input() {
    if (stream.avail_in > 0 || rest.empty()) return;
    // zlib does not write to its input, but wants no const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
    stream.avail_in = static_cast<uInt>(rest.size());
    rest = {};
  }

  /// Another member of a gzip file may follow; anything else behind the end is padding.
  void go_on_behind_end() {
    give_input();
    if (stream.avail_in == 0) return;
    if (*stream.next_in == 0x1f && inflateReset(&stream) == Z_OK) {
      complete = false;
    } else {
      stream.avail_in = 0;
    }
  }

  std::string_view next() {
    while (!broken) {
      if (!open) begin();
      if (!open) return {};
      if (complete) go_on_behind_end();
      give_input();
      if (complete) return {};
      stream.next_out = reinterpret_cast<Bytef*>(block.data());
      stream.avail_out = static_cast<uInt>(block.size());
      const auto before = stream.avail_in;
      const int result = inflate(&stream, Z_SYNC_FLUSH);
      const auto size = block.size() - stream.avail_out;
      complete = result == Z_STREAM_END;
      broken = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
      given += size;
      if (size > 0) return {block.data(), size};
      if (!complete && stream.avail_in == before && rest.empty()) return {};
    }
    return {};
  }
};

Inflater::Inflater(Coding coding) : state_(std::make_unique<State>(coding)) {}

Inflater::~Inflater() {
  if (state_->open) inflateEnd(&state_->stream);
}

void Inflater::feed(std::string_view coded) {
  state_->rest = coded;
}

std::string_view Inflater::next() {
  return state_->next();
}

bool Inflater::is_broken() const {
  return state_->broken;
}

bool Inflater::is_complete() const {
  return state_->complete;
}

std::uint64_t Inflater::given() const {
  return state_->given;
}

}  // namespace nufi
