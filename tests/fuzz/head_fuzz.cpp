// The head and body of a request, as a connection reads them: however they are cut, the same
// verdict, fields and body; and nothing passes that another reader could read in another way.
#include "lib/net/parse.hpp"
#include "tests/fuzz/property.hpp"

#include <string>
#include <tuple>

using namespace nufi;
using namespace nufi::fuzz;

namespace {

constexpr std::size_t kWhole = 1'000'000;

struct Message {
  bool is_good = false;
  bool is_done = false;
  std::string fields;
  std::string body;
  bool operator==(const Message&) const = default;
};

template <class Sink>
void read_body(Sink& sink, std::string_view text, std::size_t seed, Message& message) {
  std::string buffer;
  sink.eager(true);
  in_pieces(text, seed, [&](std::string_view piece) {
    if (!message.is_good || sink.is_done()) return;
    buffer += piece;
    net::ErrorCode error;
    const auto consumed = sink.put_body(buffer.data(), buffer.size(), error);
    require(sink.body_size() <= consumed, "a body is no longer than what was read");
    message.body.append(buffer, 0, sink.body_size());
    buffer.erase(0, consumed);
    if (error && error != net::http::error::need_more) message.is_good = false;
  });
  message.is_done = sink.is_done();
}

std::string_view verdict_in_pieces(std::string_view text, std::size_t seed) {
  net::HeadCheck check;
  std::string_view verdict;
  std::size_t here = 0;
  in_pieces(text, seed, [&](std::string_view piece) {
    here += piece.size();
    if (verdict.empty()) verdict = check.look(text.substr(0, here));
  });
  return verdict;
}

bool is_token(std::string_view text) {
  return !text.empty() && text.find_first_of(std::string_view("\0\t\r\n :,;\"(){}[]<>@/\\?=",
                                                              23)) == std::string_view::npos;
}

/// One line per field; requires what a strict reader relies on.
std::string lines_of(const net::Fields& fields) {
  std::string lines;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto [name, value] = fields.at(i);
    require(is_token(name), "a field's name is a token");
    require(value.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos,
            "a value stays on its line");
    lines.append(name).append(":").append(value).append("\n");
  }
  return lines;
}

Message read_request(std::string_view text, std::size_t head_end, std::size_t seed) {
  Message message;
  net::RequestHead head;
  net::RequestSink sink(head);
  sink.eager(false);
  net::ErrorCode error;
  const auto size = sink.put(net::asio::buffer(text.data(), head_end), error);
  if ((error && error != net::http::error::need_more) || !sink.is_header_done()) return message;
  require(size == head_end, "a head is read to its end");
  require(is_token(head.method), "a method is a token");
  require(head.target.find_first_of(std::string_view("\0\t\r\n ", 5)) == std::string::npos,
          "a target has no space");
  message.fields = head.method + " " + head.target + "\n" + lines_of(head.fields);
  if (const auto path = net::path_of_absolute(head.target, head.fields.find("host"))) {
    require(path->starts_with('/'), "a path begins with a slash");
  }
  message.is_good = true;
  read_body(sink, text.substr(head_end), seed, message);
  return message;
}

Message read_reply(std::string_view text, std::size_t head_end, std::size_t seed) {
  Message message;
  net::ReplyHead head;
  net::ReplySink sink(head);
  sink.eager(false);
  net::ErrorCode error;
  sink.put(net::asio::buffer(text.data(), head_end), error);
  if ((error && error != net::http::error::need_more) || !sink.is_header_done()) return message;
  message.fields = std::to_string(head.status) + "\n" + lines_of(head.fields);
  message.is_good = true;
  read_body(sink, text.substr(head_end), seed, message);
  return message;
}

/// What is wrong may be seen later in pieces, but not when all has been taken for good.
int check_same(const Message& whole, const Message& cut) {
  require(whole.is_good || !cut.is_done, "a bad message is bad however it is cut");
  require(!whole.is_good || whole == cut, "a good one is read however it is cut");
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Input input(bytes, size);
  const auto seed = input.pick(8);
  const bool is_reply = input.pick(2) == 1;
  const auto text = input.text();
  const auto head_end = net::find_head_end(text, 0);
  if (is_reply) {
    if (head_end == std::string_view::npos) return 0;
    const auto whole = read_reply(text, head_end, kWhole);
    const auto cut = read_reply(text, head_end, seed);
    return check_same(whole, cut);
  }
  net::HeadCheck check;
  const auto verdict = check.look(text);
  require(verdict == verdict_in_pieces(text, seed), "a head is judged however it is cut");
  if (!verdict.empty() || head_end == std::string_view::npos) return 0;
  const auto whole = read_request(text, head_end, kWhole);
  const auto cut = read_request(text, head_end, seed);
  return check_same(whole, cut);
}
