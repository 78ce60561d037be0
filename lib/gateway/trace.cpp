#include "lib/gateway/trace.hpp"

#include "lib/domain/key.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>
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

/// The character that "\uXXXX" at the front of `text` stands for, where it may as well stand for
/// itself in JSON; 0 = none.
char plain_character(std::string_view text) {
  constexpr std::size_t kLength = 6;
  if (text.size() < kLength || !text.starts_with("\\u00")) return 0;
  unsigned code = 0;
  const auto* end = text.data() + kLength;
  const auto [read, failure] = std::from_chars(text.data() + 4, end, code, /*base=*/16);
  const bool is_plain = failure == std::errc() && read == end && code >= 0x20 && code < 0x7f;
  const auto character = static_cast<char>(code);
  return is_plain && character != '"' && character != '\\' ? character : '\0';
}

/// JSON that says the same with as few escapes as it can: what an escape hides is found in it.
std::string unescaped(std::string_view json) {
  std::string out;
  while (!json.empty()) {
    const auto at = std::min(json.find('\\'), json.size());
    out.append(json.substr(0, at));
    json.remove_prefix(at);
    if (json.empty()) break;
    std::size_t length = std::min<std::size_t>(2, json.size());
    if (const char character = plain_character(json)) {
      out += character;
      length = 6;
    } else if (json.starts_with("\\/")) {
      out += '/';
    } else {
      out.append(json.substr(0, length));
    }
    json.remove_prefix(length);
  }
  return out;
}

void mask_body(domain::TraceBody& body, const World* world) {
  const bool was_cut = body.is_cut();
  body.bytes = masked(body.bytes, world);
  // Only where it hides something: else a body is kept as it came.
  if (body.bytes.find('\\') != std::string::npos) {
    const std::string plain = unescaped(body.bytes);
    if (std::string safe = masked(plain, world); safe != plain) body.bytes = std::move(safe);
  }
  // What was cut stays cut, also where masks are longer than what they hide.
  const auto size = static_cast<std::int64_t>(body.bytes.size());
  body.size = was_cut ? std::max(body.size, size + 1) : size;
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

bool CallTrace::spells_secret(std::string_view text) const {
  if (world_ == nullptr) return false;
  return std::any_of(world_->ready.begin(), world_->ready.end(), [text](const auto& one) {
    const std::string& secret = one.second.api_key;
    return secret.size() >= kShortestSecret && text.find(secret) != std::string_view::npos;
  });
}

void CallTrace::forget_reply(std::string_view note) {
  trace_.reply = {"text/plain", std::string(note), static_cast<std::int64_t>(note.size())};
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
