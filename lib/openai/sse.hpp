#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nufi::openai {

/// One event of a stream of server-sent events (WHATWG HTML §9.2.6), bytes as they came.
struct SseEvent {
  std::string_view raw;   ///< with all its line ends, the blank line included
  std::string_view data;  ///< of its `data:` lines, without the leading space; views into raw or
                          ///< the splitter, valid until its next call
  /// An event that is too long to be kept comes in pieces, of which only `raw` is known.
  bool begins = true;
  bool ends = true;
  [[nodiscard]] bool is_whole() const { return begins && ends; }
};

/// Cuts a stream that arrives in pieces, split anywhere, into events. Lines end with LF, CR or
/// CRLF. An event that ends with CR is given at once; a LF that turns out to follow it comes as an
/// event of its own without data. A byte order mark in front of the stream is no part of its first
/// line.
class SseSplitter {
 public:
  /// `most`: the longest event that is kept until it is whole.
  explicit SseSplitter(std::size_t most = 64 * 1024) : most_(most) {}

  /// Adds bytes. Then call next() until it says no.
  void feed(std::string_view bytes);

  /// The next whole event, if there is one.
  bool next(SseEvent& event);

  /// The bytes of the event that is not whole yet.
  [[nodiscard]] std::string_view partial() const;

  /// The stream is over: what is left, as an event that lacks its empty line. False if nothing is.
  bool last(SseEvent& event);

 private:
  void read_data(SseEvent& event);

  const std::size_t most_;
  std::string buffer_;
  std::string joined_;          ///< data of an event with several data lines
  std::size_t start_ = 0;       ///< of the event that is being read, in buffer_
  std::size_t scan_ = 0;        ///< how far it was searched for its end
  bool ended_with_cr_ = false;  ///< the event before, with nothing behind it yet
  bool is_first_ = true;        ///< no event has been read yet
  bool in_pieces_ = false;      ///< the event that is being read has been given in part
};

}  // namespace nufi::openai
