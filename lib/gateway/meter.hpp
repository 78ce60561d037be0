#pragma once

#include "lib/domain/price.hpp"
#include "lib/openai/member_scan.hpp"
#include "lib/openai/message_usage.hpp"
#include "lib/openai/request.hpp"
#include "lib/openai/sse.hpp"
#include "lib/openai/transcript.hpp"
#include "lib/openai/usage.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::gateway {

/// Reads what a reply used while it passes, and says which of its bytes may be passed on now.
///
/// Invariants (meter_test.cpp):
///   1. What feed() and rest() return, in order, is the reply byte for byte, but for the usage
///      event that only we asked for.
///   2. Nothing is held back longer than it takes to know what it is: a whole event passes at once,
///      and one that is too long to be kept passes as it comes.
///   3. The event that ends a stream (`data: [DONE]`, `response.completed` …) and all behind it is
///      held back for release(), so that the call can be settled before the client has the whole
///      answer; of one that is too long, its last piece.
class Meter {
 public:
  /// How the reply's body is read: JSON, server-sent events, or not at all (sound). Some upstreams
  /// name the wrong type: whether it is JSON or events is seen in its first byte.
  enum class Kind { plain, stream, opaque };

  struct Options {
    openai::Form form = openai::Form::chat;
    bool drop_usage_event = false;    ///< the client did not ask for the usage chunk: take it out
    bool watch_tier = false;          ///< note the service tier the reply names
    bool stream_asked = false;        ///< a plain reply may turn out to be a stream
    std::int64_t pictures_asked = 1;  ///< a stream of pictures ends with the last of them
  };
  explicit Meter(Kind kind) : Meter(kind, Options()) {}
  Meter(Kind kind, Options options);

  /// Takes the next piece of the reply; returns what may pass now, valid until the next call.
  std::string_view feed(std::string_view piece);
  /// The call is settled: what was held back, valid until the next call. All that follows passes at
  /// once and counts no more.
  std::string_view release();
  /// The reply is over: a last event without its empty line is read as well. Before rest().
  void end();
  /// What was held back and not released; once, after the last feed().
  std::string_view rest();

  /// As it was given, or as the first byte has shown.
  [[nodiscard]] Kind kind() const { return kind_; }
  /// Nothing that has come is an answer: no JSON, no event.
  [[nodiscard]] bool is_blank() const;

  /// The stream's end marker has come: the usage is final.
  [[nodiscard]] bool done() const { return done_; }
  /// The reply says that it failed.
  [[nodiscard]] bool failed() const { return failed_; }
  /// Some of the answer's content has come.
  [[nodiscard]] bool has_content() const {
    return events_ > 0 || (bytes_ > 0 && !failed_ && !is_blank());
  }

  /// The service tier the reply says it was served at, if it was watched for and named.
  [[nodiscard]] std::optional<domain::ServiceTier> tier() const { return tier_; }

  using UsageKind = openai::UsageKind;
  [[nodiscard]] UsageKind usage_kind() const { return usage_.kind; }
  /// It says how much was made: that of a message's start does not.
  [[nodiscard]] bool knows_output() const {
    return usage_.kind == UsageKind::impossible ||
           (usage_.kind == UsageKind::reported && !usage_.reported.completion_missing);
  }
  /// The last one, when reported.
  [[nodiscard]] const openai::ReportedUsage& usage() const { return usage_.reported; }
  /// Output tokens judged by what has passed: a token per four bytes of text, in a stream at least
  /// one per event. 0 where nothing is made, or what is made is not text.
  [[nodiscard]] std::int64_t estimated_output() const;
  /// Output came behind the last usage of the stream: it was not the whole one.
  [[nodiscard]] bool has_output_after_usage() const { return has_output_after_usage_; }
  /// Some of a stream's text has come that a client can see: its kind is counted, and at least one
  /// event was more than a role or an empty text.
  [[nodiscard]] bool has_visible_text() const { return has_visible_text_; }
  /// Pictures in the reply, if it lists them.
  [[nodiscard]] std::optional<std::int64_t> pictures() const;
  /// How long the sound was, by a transcript that is not a stream; null for anything else.
  [[nodiscard]] const openai::TranscriptScan* transcript() const { return transcript_.get(); }
  /// What should list the pictures does not.
  [[nodiscard]] bool has_unreadable_pictures() const;

 private:
  struct PlainScans {
    openai::MemberScan usage{"usage"};
    openai::MemberScan error{"error"};
    openai::MemberScan tier{"service_tier"};
    openai::MemberScan pictures{"data", 0};
  };
  struct LongEvent {
    explicit LongEvent(std::string_view usage_parent) : usage("usage", 16384, usage_parent) {}
    openai::MemberScan usage;
    openai::MemberScan type{"type"};
    std::size_t bytes = 0;
  };

  std::size_t look_for_kind(std::string_view piece);
  void feed_plain(std::string_view piece);
  void read_event(const openai::SseEvent& event);
  void read_piece(const openai::SseEvent& event);
  bool read_chat(std::string_view data, bool may_drop);
  void read_typed(std::string_view data);
  void read_message(std::string_view data);
  void note_type(std::string_view type);
  void note_error(std::string_view data);
  void pass(const openai::SseEvent& event);
  [[nodiscard]] bool must_hold(std::string_view partial) const;
  [[nodiscard]] bool is_chat_like() const;
  [[nodiscard]] bool is_message() const;
  void take_usage(std::string_view json, bool is_whole = true);
  void count(std::int64_t tokens, bool has_output);
  void take_tier(std::string_view quoted);

  Kind kind_;
  const Options options_;
  std::string_view usage_parent_;  ///< of a stream's usage: "response", or "", the root
  // Thousands of streams run at once: what only few of them need is kept apart.
  std::unique_ptr<PlainScans> plain_;                    ///< of a plain reply
  std::unique_ptr<LongEvent> long_;                      ///< the event that comes in pieces
  std::unique_ptr<openai::MessageUsage> message_usage_;  ///< of a stream in Anthropic's form
  std::unique_ptr<openai::TranscriptScan> transcript_;
  std::optional<domain::ServiceTier> tier_;
  openai::SseSplitter splitter_;
  std::string out_;
  std::string held_back_;
  std::size_t passed_ = 0;  ///< bytes of the unfinished event that have passed already
  bool dropped_ = false;    ///< the event before was taken out and ended with CR
  bool kind_known_ = false;
  bool begun_ = false;  ///< JSON, or an event with data
  bool done_ = false;
  bool released_ = false;
  bool failed_ = false;
  bool over_ = false;
  bool has_output_after_usage_ = false;
  bool has_visible_text_ = false;
  openai::UsageReading usage_;
  std::int64_t events_ = 0;
  std::int64_t pieces_ = 0;  ///< pictures that are whole
  std::int64_t streamed_tokens_ = 0;
  std::int64_t bytes_ = 0;
};

/// Tokens of a prompt of which nothing but the text is known: a token per four bytes of ASCII, one
/// per two bytes of anything else. An estimate, not a bound.
std::int64_t estimated_prompt(std::string_view body);

}  // namespace nufi::gateway
