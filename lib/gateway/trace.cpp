#include "lib/gateway/trace.hpp"

#include "lib/domain/key.hpp"
#include "lib/openai/json_escapes.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace nufi::gateway {
namespace {

constexpr std::string_view kMask = "[secret]";
/// Shorter ones (a local server's "none") may be any word.
constexpr std::size_t kShortestSecret = 8;

void mask(std::string& text, const std::string& secret) {
  if (secret.size() < kShortestSecret) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), kMask);
    at += kMask.size();
  }
}

std::string masked(std::string_view text, const World* world) {
  std::string out = domain::without_keys(text);
  if (world != nullptr) {
    for (const auto& [id, upstream] : world->ready) mask(out, upstream.api_key);
  }
  return out;
}

void mask_body(domain::TraceBody& body, const World* world) {
  const bool was_cut = body.is_cut();
  body.bytes = openai::masked_through_escapes(
      body.bytes, [world](std::string_view text) { return masked(text, world); });
  // What was cut stays cut, also where masks are longer than what they hide.
  const auto size = static_cast<std::int64_t>(body.bytes.size());
  body.size = was_cut ? std::max(body.size, size + 1) : size;
}

/// How many letters and digits without_keys() takes out of `text`.
std::size_t letters_of_keys(std::string_view text) {
  const auto letters = [](std::string_view of) {
    return std::count_if(of.begin(), of.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    });
  };
  return static_cast<std::size_t>(letters(text) - letters(domain::without_keys(text)));
}

std::size_t letters_of_secret(std::string_view text, const std::string& secret) {
  if (secret.size() < kShortestSecret) return 0;
  std::size_t count = 0;
  for (auto at = text.find(secret); at != std::string_view::npos;
       at = text.find(secret, at + secret.size())) {
    count += secret.size();
  }
  return count;
}

/// How much of `text` is secret: our keys behind their prefix, and upstreams' secrets.
std::size_t secret_letters(std::string_view text, const World* world) {
  const std::string plain = openai::without_nested_escapes(text);
  std::size_t count = letters_of_keys(plain);
  if (world != nullptr) {
    for (const auto& [id, upstream] : world->ready) {
      count += letters_of_secret(plain, upstream.api_key);
    }
  }
  return count;
}

}  // namespace

bool TraceMemory::take(std::int64_t bytes) {
  auto used = used_.load(std::memory_order_relaxed);
  do {
    if (bytes > most_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

CallTrace::CallTrace(TraceMemory& memory,
                     const Clock& clock,
                     SteadyTime started,
                     domain::TraceMode mode,
                     std::shared_ptr<const World> world)
    : memory_(memory), clock_(clock), started_(started), mode_(mode), world_(std::move(world)) {
  const auto gone = std::chrono::microseconds(now_us());
  trace_.head.time = clock.now() - std::chrono::duration_cast<std::chrono::milliseconds>(gone);
}

CallTrace::~CallTrace() {
  memory_.give_back(taken_);
}

std::int64_t CallTrace::now_us() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady() - started_).count();
}

void CallTrace::add(domain::TraceBody& body, std::string_view bytes) {
  const bool was_whole = !body.is_cut();
  body.size += static_cast<std::int64_t>(bytes.size());
  // What follows a gap would be read as what it is not.
  if (!was_whole) return;
  const auto kept = std::min(bytes.size(), kMostBody - body.bytes.size());
  if (kept == 0) return;
  if (!memory_.take(static_cast<std::int64_t>(kept))) {
    trace_.incomplete = true;
    return;
  }
  taken_ += static_cast<std::int64_t>(kept);
  body.bytes += bytes.substr(0, kept);
}

void CallTrace::begin_reply(std::string content_type, std::string upstream) {
  const auto size = static_cast<std::int64_t>(trace_.reply.bytes.size());
  memory_.give_back(size);
  taken_ -= size;
  trace_.reply = {};
  trace_.reply.content_type = std::move(content_type);
  reply_.upstream = std::move(upstream);
  reply_.start_us = now_us();
  reply_.us = 0;
}

void CallTrace::add_reply(std::string_view bytes) {
  add(trace_.reply, bytes);
  reply_.us = now_us() - reply_.start_us;
}

void CallTrace::end() {
  if (reply_.us >= 0) trace_.spans.push_back(reply_);
  std::stable_sort(trace_.spans.begin(), trace_.spans.end(), [](const auto& a, const auto& b) {
    return a.start_us < b.start_us;
  });
  trace_.head.total_us = now_us();
}

void CallTrace::span(std::string_view name, std::int64_t start_us, std::string upstream) {
  const auto us = now_us() - start_us;
  if (us < kShortestSpanUs) return;
  trace_.spans.push_back({std::string(name), std::move(upstream), start_us, us});
}

void CallTrace::attempt(const domain::Attempt& attempt,
                        const std::string& model,
                        std::int64_t start_us,
                        const net::UpstreamCall& call) {
  domain::TraceAttempt told;
  told.attempt = attempt;
  told.attempt.total_us = now_us() - start_us;
  told.model = domain::without_keys(model);
  told.problem = attempt.http_status == 0 ? call.problem() : "";
  told.reused = call.connect_us() == 0;
  told.start_us = start_us;
  auto at = start_us;
  const auto step = [&](std::string_view name, std::int64_t us) {
    if (us >= kShortestSpanUs) {
      trace_.spans.push_back({std::string(name), attempt.upstream, at, us});
    }
    at += us;
  };
  const auto& times = call.connect_times();
  step("turn", times.turn_us);
  step("lookup", times.lookup_us);
  step("connect", times.tcp_us);
  step("tls", times.tls_us);
  step("upstream", start_us + told.attempt.total_us - at);
  trace_.attempts.push_back(std::move(told));
}

bool CallTrace::spells_secret(const std::vector<std::string>& pieces) const {
  std::string whole;
  for (const std::string& piece : pieces) whole += piece;
  auto hidden = secret_letters(whole, world_.get());
  if (hidden < kShortestSecret) return false;
  // What is masked within a piece needs no other: the rest would be read in what is kept.
  for (const std::string& piece : pieces) {
    hidden -= std::min(hidden, secret_letters(piece, world_.get()));
  }
  return hidden >= kShortestSecret;
}

void CallTrace::replace_reply(std::string content_type, std::string bytes) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  trace_.reply = {std::move(content_type), std::move(bytes), size};
}

void CallTrace::take_out_secrets() {
  mask_body(trace_.request, world_.get());
  mask_body(trace_.reply, world_.get());
  trace_.error = domain::without_keys(trace_.error);
  for (auto& attempt : trace_.attempts) {
    if (world_ == nullptr) continue;
    for (const auto& [id, upstream] : world_->ready) mask(attempt.problem, upstream.api_key);
  }
}

}  // namespace nufi::gateway
