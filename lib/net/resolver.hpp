#pragma once

#include "lib/net/asio.hpp"
#include "lib/net/exchange.hpp"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace nufi::net {

/// Names to addresses, for all loops: the system's look-up blocks, so a few threads make it.
///
/// An answer counts for a while; then it is still given at once, but asked for anew behind it. One
/// that is older is waited for, and if it can't be had the old one is better than none. Those who
/// ask for a name that is being looked up wait for the same answer. Thread-safe.
class Resolver {
 public:
  struct Answer {
    std::vector<asio::ip::address> addresses;  ///< in the order to try
    std::string problem;                       ///< why there are none
  };
  /// Blocks.
  using Lookup = std::function<Answer(const std::string& host)>;
  struct Options {
    std::size_t threads = 4;
    std::chrono::milliseconds fresh{30'000};
    std::chrono::milliseconds usable{300'000};  ///< given at once, asked for anew
    std::chrono::milliseconds failed{1'000};    ///< how long a failure is not asked for again
  };

  explicit Resolver(Lookup lookup = system_lookup);
  Resolver(Lookup lookup, Options options);
  /// Waits for the look-ups that run, a few seconds at most.
  ~Resolver();

  /// One who waits for an answer, on its loop.
  class Question {
   public:
    explicit Question(Loop& loop) : signal_(loop) {}
    /// Returns with the answer, or without addresses and problem after give_up().
    Awaitable<Answer> wait();
    /// For the loop's own thread.
    void give_up();

   private:
    friend class Resolver;
    void tell(const Answer& answer);
    std::mutex mutex_;
    bool over_ = false;
    Answer answer_;
    Signal signal_;
  };

  /// What is known of `host`, if that will do.
  std::optional<Answer> known(const std::string& host);
  /// Asks for `host`, for who is to wait on `loop`.
  std::shared_ptr<Question> ask(const std::string& host, Loop& loop);
  /// `address` answered where those before it did not: it is tried first from now on.
  void prefer(const std::string& host, const asio::ip::address& address);
  /// Ends the threads; nothing is answered from now on.
  void stop();

  /// The system's, with an end: each server of it gets a few seconds. IPv6 and IPv4 take turns in
  /// the answer, the family that the system puts first in front.
  static Answer system_lookup(const std::string& host);

 private:
  struct Entry {
    Answer answer;                                ///< the latest good one, or why there is none
    std::chrono::steady_clock::time_point asked;  ///< when the latest answer came
    bool failed = false;                          ///< the latest one was a failure
    bool running = false;
    asio::ip::address preferred;
    std::vector<std::shared_ptr<Question>> waiting;
  };

  /// Under the lock.
  void start(const std::string& host, Entry& entry);
  void work();
  void note(const std::string& host, Answer answer);
  static void put_first(Answer& answer, const asio::ip::address& address);

  const Lookup lookup_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> queue_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;  ///< last: they end before what they use
};

}  // namespace nufi::net
