#include "lib/net/resolver.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netdb.h>
#include <resolv.h>
#include <utility>

namespace nufi::net {
namespace {

/// For each name server and try; the system's own would be three times as long.
constexpr int kLookupSeconds = 2;
constexpr int kLookupTries = 2;
/// Names are those of upstreams and proxies, so there are few; what was once one is not kept.
constexpr std::size_t kMostNames = 256;

std::optional<asio::ip::address> address_of(const addrinfo& info) {
  if (info.ai_family == AF_INET) {
    const auto& in = *reinterpret_cast<const sockaddr_in*>(info.ai_addr);
    return asio::ip::address_v4(ntohl(in.sin_addr.s_addr));
  }
  if (info.ai_family == AF_INET6) {
    const auto& in = *reinterpret_cast<const sockaddr_in6*>(info.ai_addr);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return asio::ip::address_v6(bytes, in.sin6_scope_id);
  }
  return std::nullopt;
}

/// A machine whose IPv6 leads nowhere must not try all of its addresses first.
std::vector<asio::ip::address> taking_turns(const std::vector<asio::ip::address>& sorted) {
  std::vector<asio::ip::address> first;
  std::vector<asio::ip::address> second;
  for (const auto& address : sorted) {
    (address.is_v6() == sorted.front().is_v6() ? first : second).push_back(address);
  }
  std::vector<asio::ip::address> all;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) all.push_back(first[i]);
    if (i < second.size()) all.push_back(second[i]);
  }
  return all;
}

}  // namespace

Resolver::Answer Resolver::system_lookup(const std::string& host) {
  // Both belong to this thread. Reading the configuration anew also sees the name servers of the
  // network that the machine is in now.
  if (::res_init() == 0) {
    _res.retrans = std::min(_res.retrans, kLookupSeconds);
    _res.retry = std::min(_res.retry, kLookupTries);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failure != 0) {
    return {{}, failure == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(failure)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  std::vector<asio::ip::address> addresses;
  for (const auto* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (auto address = address_of(*entry)) addresses.push_back(*address);
  }
  if (addresses.empty()) return {{}, "the name has no address"};
  return {taking_turns(addresses), ""};
}

Resolver::Resolver(Lookup lookup) : Resolver(std::move(lookup), Options{}) {}

Resolver::Resolver(Lookup lookup, Options options)
    : lookup_(std::move(lookup)), options_(options) {}

Resolver::~Resolver() {
  stop();
}

void Resolver::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    entries_.clear();
    queue_.clear();
  }
  changed_.notify_all();
  threads_.clear();
}

std::optional<Resolver::Answer> Resolver::known(const std::string& host) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(host);
  if (found == entries_.end()) return std::nullopt;
  auto& entry = found->second;
  const bool is_good = !entry.answer.addresses.empty();
  if (!is_good && !entry.failed) return std::nullopt;
  const auto age = std::chrono::steady_clock::now() - entry.asked;
  if (age < (entry.failed ? options_.failed : options_.fresh)) return entry.answer;
  if (!is_good || age >= options_.usable) return std::nullopt;
  start(host, entry);
  return entry.answer;
}

std::shared_ptr<Resolver::Question> Resolver::ask(const std::string& host, Loop& loop) {
  auto question = std::make_shared<Question>(loop);
  std::lock_guard lock(mutex_);
  if (entries_.size() >= kMostNames && !entries_.contains(host)) {
    std::erase_if(entries_, [](const auto& each) { return !each.second.running; });
  }
  auto& entry = entries_[host];
  entry.waiting.push_back(question);
  start(host, entry);
  return question;
}

void Resolver::start(const std::string& host, Entry& entry) {
  if (entry.running || stopping_) return;
  entry.running = true;
  queue_.push_back(host);
  if (idle_ < queue_.size() && threads_.size() < options_.threads) {
    threads_.emplace_back([this] { work(); });
  }
  changed_.notify_one();
}

void Resolver::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (stopping_) return;
    const auto host = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    auto answer = lookup_(host);
    lock.lock();
    note(host, std::move(answer));
  }
}

void Resolver::note(const std::string& host, Answer answer) {
  const auto found = entries_.find(host);
  if (found == entries_.end()) return;  // stopped meanwhile
  auto& entry = found->second;
  entry.running = false;
  entry.asked = std::chrono::steady_clock::now();
  entry.failed = answer.addresses.empty();
  if (!entry.failed || entry.answer.addresses.empty()) {
    entry.answer = std::move(answer);
    put_first(entry.answer, entry.preferred);
  }
  for (const auto& question : std::exchange(entry.waiting, {})) question->tell(entry.answer);
}

void Resolver::prefer(const std::string& host, const asio::ip::address& address) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(host);
  if (found == entries_.end()) return;
  found->second.preferred = address;
  put_first(found->second.answer, address);
}

void Resolver::put_first(Answer& answer, const asio::ip::address& address) {
  auto& all = answer.addresses;
  const auto at = std::find(all.begin(), all.end(), address);
  if (at != all.end()) std::rotate(all.begin(), at, at + 1);
}

Awaitable<Resolver::Answer> Resolver::Question::wait() {
  co_await signal_.wait();
  std::lock_guard lock(mutex_);
  over_ = true;
  co_return answer_;
}

void Resolver::Question::give_up() {
  {
    std::lock_guard lock(mutex_);
    if (over_) return;
    over_ = true;
  }
  signal_.notify();
}

void Resolver::Question::tell(const Answer& answer) {
  std::lock_guard lock(mutex_);
  if (over_) return;
  over_ = true;
  answer_ = answer;
  signal_.notify();
}

}  // namespace nufi::net
