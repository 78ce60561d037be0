#include "lib/gateway/attempts.hpp"

#include "lib/gateway/retry_after.hpp"
#include "lib/net/patience.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace nufi::gateway {
namespace {

using domain::AttemptResult;
using net::RequestResult;

constexpr std::size_t kMostTried = 12;

AttemptResult attempt_result(RequestResult result) {
  switch (result) {
    case RequestResult::answered:
      return AttemptResult::answered;
    case RequestResult::connect_failed:
      return AttemptResult::connect_failed;
    case RequestResult::no_turn:
      return AttemptResult::no_turn;
    case RequestResult::timed_out:
      return AttemptResult::timed_out;
    case RequestResult::broken:
    case RequestResult::cancelled:
    case RequestResult::unfinished:
      return AttemptResult::broken;
  }
  return AttemptResult::broken;
}

std::string word_for(RequestResult result, int status) {
  switch (result) {
    case RequestResult::answered:
      return status < 300 ? "ok" : "http_" + std::to_string(status);
    case RequestResult::connect_failed:
      return "connect_failed";
    case RequestResult::no_turn:
      return "busy";
    case RequestResult::timed_out:
      return "timed_out";
    case RequestResult::broken:
    case RequestResult::cancelled:
    case RequestResult::unfinished:
      return "broken";
  }
  return "broken";
}

/// Replies that say with Retry-After how long the upstream wants to be left alone.
bool may_ask_for_rest(int status) {
  return status == 503 || status == 529;
}

}  // namespace

Attempts::Attempts(const std::vector<Priced>& candidates, const Clock& clock, bool client_retries)
    : candidates_(candidates), clock_(clock), client_retries_(client_retries) {}

UpstreamHealth::Standing Attempts::standing(std::size_t index) const {
  const auto& priced = candidates_[index];
  return priced.ready->health->standing(priced.candidate.model, clock_.steady());
}

bool Attempts::advance(std::size_t from, bool also_busy) {
  for (std::size_t i = from; i < candidates_.size(); ++i) {
    if (!also_busy && standing(i).state == UpstreamHealth::State::busy) continue;
    auto turn = candidates_[i].ready->health->enter(clock_.steady());
    if (!turn) continue;
    turn_ = std::move(turn);
    at_ = i;
    return true;
  }
  return false;
}

bool Attempts::advance_from_start() {
  return advance(0, /*also_busy=*/false) || advance(0, /*also_busy=*/true);
}

bool Attempts::go_beside_probe() {
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    auto turn = candidates_[i].ready->health->enter_beside_probe(clock_.steady());
    if (!turn) continue;
    turn_ = std::move(turn);
    at_ = i;
    return true;
  }
  return false;
}

net::Awaitable<bool> Attempts::start(net::Exchange& exchange, std::chrono::milliseconds patience) {
  if (advance_from_start()) co_return true;
  struct Wait {
    bool over = false;
    std::shared_ptr<net::Signal> signal;
  };
  auto& loop = exchange.services().loop;
  const auto wait = std::make_shared<Wait>();
  const auto give_up = [wait] {
    wait->over = true;
    if (wait->signal) wait->signal->notify();
  };
  const net::Patience until(loop, patience, give_up);
  exchange.on_gone(give_up);
  bool entered = false;
  while (!wait->over) {
    std::size_t probed = 0;
    while (probed < candidates_.size() &&
           standing(probed).state != UpstreamHealth::State::probing) {
      ++probed;
    }
    if (probed == candidates_.size()) break;
    wait->signal = std::make_shared<net::Signal>(loop);
    candidates_[probed].ready->health->tell_after_probe(wait->signal);
    co_await wait->signal->wait();
    entered = !exchange.is_gone() && advance_from_start();
    if (entered) break;
  }
  exchange.on_gone(nullptr);
  co_return entered || go_beside_probe();
}

void Attempts::begin() {
  began_ = clock_.steady();
  count_ += 1;
  if (!turn_) turn_ = current().ready->health->enter_beside_probe(began_);
}

void Attempts::end(RequestResult result, const net::UpstreamCall& call) {
  const auto status = result == RequestResult::answered ? call.head().status : 0;
  tell_health(result, call);
  const auto attempt = attempt_result(result);
  may_go_on_ = domain::may_try_next(attempt, status) &&
               (!client_retries_ || !domain::has_reached_upstream(attempt)) &&
               result != RequestResult::cancelled && result != RequestResult::unfinished;
  if (tried_.size() == kMostTried) return;
  domain::Attempt tried;
  tried.upstream = current().candidate.upstream->name;
  tried.result = word_for(result, status);
  tried.http_status = status;
  tried.total_us =
      std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady() - began_).count();
  tried_.push_back(std::move(tried));
}

void Attempts::tell_health(RequestResult result, const net::UpstreamCall& call) {
  if (!turn_) return;
  auto turn = std::move(*turn_);
  turn_.reset();
  const auto now = clock_.steady();
  switch (result) {
    case RequestResult::cancelled:
    case RequestResult::unfinished:
    case RequestResult::no_turn:
      return;  // says nothing of the upstream
    case RequestResult::connect_failed:
    case RequestResult::timed_out:
    case RequestResult::broken:
      turn.failed(call.problem(), std::nullopt, now);
      return;
    case RequestResult::answered:
      break;
  }
  const auto status = call.head().status;
  const auto asked = retry_after(call.head().fields, clock_.now());
  if (status == 429) {
    turn.busy(current().candidate.model, asked, now);
  } else if (status >= 500) {
    turn.failed(
        "HTTP " + std::to_string(status), may_ask_for_rest(status) ? asked : std::nullopt, now);
  } else if (status == 401 || status == 403) {
    turn.refused("HTTP " + std::to_string(status));
  } else {
    turn.succeeded();
  }
}

bool Attempts::go_on() {
  return may_go_on_ && advance(at_ + 1, /*also_busy=*/false);
}

std::vector<Resting> Attempts::resting() const {
  std::vector<Resting> all;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    auto now = standing(i);
    all.push_back({candidates_[i].candidate.upstream->name, std::move(now.why), now.left});
  }
  return all;
}

std::vector<domain::Attempt> Attempts::tried() const {
  return tried_.size() > 1 ? tried_ : std::vector<domain::Attempt>{};
}

}  // namespace nufi::gateway
