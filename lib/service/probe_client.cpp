#include "lib/service/probe_client.hpp"

#include "lib/base/regular_file.hpp"
#include "lib/base/text.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace nufi::service {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostBody = std::size_t{16} << 20;

struct Failure {
  NoReply kind = NoReply::unreachable;
  std::string why;
};

/// Connects once more without a word, only to learn what stands in the way.
Failure why_unreachable(const std::string& host, std::uint16_t port, milliseconds patience) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int verdict = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (verdict != 0) return {NoReply::unknown_host, ::gai_strerror(verdict)};
  Failure last;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int fd = ::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    int problem = ::connect(fd, one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
    if (problem == EINPROGRESS) {
      pollfd wait{fd, POLLOUT, 0};
      problem = ETIMEDOUT;
      if (::poll(&wait, 1, static_cast<int>(patience.count())) == 1) {
        socklen_t size = sizeof problem;
        if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0) problem = errno;
      }
    }
    ::close(fd);
    last.kind = problem == ECONNREFUSED ? NoReply::refused : NoReply::unreachable;
    last.why = problem == 0 ? "it took no connection" : std::strerror(problem);
    if (last.kind == NoReply::refused) break;
  }
  ::freeaddrinfo(found);
  return last;
}

std::string origin_of(const domain::BaseUrl& url) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  return fmt::format(
      "{}://{}:{}", url.tls ? "https" : "http", is_v6 ? "[" + url.host + "]" : url.host, url.port);
}

/// Ends a client's request when its time is over, whatever it hangs on.
class Watchdog {
 public:
  Watchdog(httplib::Client& client, milliseconds patience)
      : thread_([this, &client, patience](const std::stop_token&) {
          std::unique_lock lock(mutex_);
          if (ended_.wait_for(lock, patience, [this] { return has_ended_; })) return;
          has_fired_ = true;
          // Again and again: while it connects there is nothing yet to stop.
          do {
            client.stop();
          } while (!ended_.wait_for(lock, milliseconds(100), [this] { return has_ended_; }));
        }) {}
  ~Watchdog() { end(); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// True if it had to.
  bool end() {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    ended_.notify_all();
    return has_fired_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool has_ended_ = false;
  bool has_fired_ = false;
  std::jthread thread_;
};

}  // namespace

class ProbeClient::Connection {
 public:
  Connection(const domain::ReadyUpstream& upstream, const ProbeWay& way, const Clock& clock)
      : upstream_(upstream),
        way_(way),
        clock_(clock),
        deadline_(clock.steady() + way.total),
        proxy_(way_.proxies.for_url(upstream.upstream.url)),
        client_(origin_of(upstream.upstream.url)) {
    client_.set_connection_timeout(way.connect);
    client_.set_read_timeout(way.read);
    client_.set_write_timeout(way.read);
    client_.set_decompress(false);
    client_.set_keep_alive(false);
    if (proxy_ != nullptr) {
      client_.set_proxy(proxy_->host, proxy_->port);
      if (!proxy_->user.empty()) {
        client_.set_proxy_basic_auth(proxy_->user, proxy_->password.expose());
      }
    }
    if (upstream.upstream.url.tls) trust();
  }

  ProbeReply send(const char* method, std::string_view path, const std::string& json) {
    ProbeReply reply;
    const auto start = clock_.steady();
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - start);
    if (left <= milliseconds(0)) {
      reply.failure = NoReply::too_slow;
      return reply;
    }
    httplib::Request request;
    request.method = method;
    request.path = upstream_.upstream.url.path + std::string(path);
    request.headers = headers();
    request.body = json;
    if (!json.empty()) request.headers.emplace("Content-Type", "application/json");
    request.content_receiver =
        [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
          if (!reply.first_byte_ms) {
            reply.first_byte_ms =
                std::chrono::duration_cast<milliseconds>(clock_.steady() - start).count();
          }
          reply.body.append(data, std::min(size, kMostBody - reply.body.size()));
          return reply.body.size() < kMostBody;
        };
    Watchdog watchdog(client_, left);
    const auto result = client_.send(request);
    const bool was_cut = watchdog.end();
    if (result) {
      reply.status = result->status;
      reply.content_type = to_lower(result->get_header_value("Content-Type"));
      reply.server = result->get_header_value("Server");
      reply.location = result->get_header_value("Location");
      reply.date = result->get_header_value("Date");
      // Of an error httplib gives the body itself, past the receiver.
      if (reply.body.empty()) reply.body = result->body;
      return reply;
    }
    explain(reply, result.error(), was_cut, clock_.steady() - start);
    return reply;
  }

 private:
  /// The system's roots and the given ones; httplib alone would take one or the other.
  void trust() {
    X509_STORE* roots = X509_STORE_new();
    X509_STORE_set_default_paths(roots);
    for (const std::string& file : {way_.ca_file, upstream_.upstream.ca_file}) {
      if (can_read_file(file)) X509_STORE_load_locations(roots, file.c_str(), nullptr);
    }
    client_.set_ca_cert_store(roots);  // takes it over
    client_.enable_server_certificate_verification(true);
  }

  [[nodiscard]] httplib::Headers headers() const {
    const auto& upstream = upstream_.upstream;
    httplib::Headers all = {{"Host", upstream.url.authority()}, {"Accept-Encoding", "identity"}};
    for (const auto& [name, value] : upstream.headers) all.emplace(name, value);
    // httplib would tell the proxy's password to the upstream as well, did it not find this.
    if (proxy_ != nullptr && !proxy_->user.empty()) all.emplace("Proxy-Authorization", "");
    if (upstream_.secret.empty()) return all;
    all.emplace("Authorization", "Bearer " + upstream_.secret.expose());
    if (upstream.provider == "anthropic") {
      // Only its chat takes a bearer; its list of models wants these.
      all.emplace("x-api-key", upstream_.secret.expose());
      if (all.count("anthropic-version") == 0) all.emplace("anthropic-version", "2023-06-01");
    }
    return all;
  }

  void explain(ProbeReply& reply, httplib::Error error, bool was_cut, SteadyTime::duration taken) {
    const auto& url = upstream_.upstream.url;
    reply.failure = NoReply::broken;
    if (was_cut) {
      reply.failure = NoReply::too_slow;
      return;
    }
    switch (error) {
      case httplib::Error::Connection:
      case httplib::Error::ConnectionTimeout: {
        const auto failure = proxy_ != nullptr
                                 ? why_unreachable(proxy_->host, proxy_->port, way_.connect)
                                 : why_unreachable(url.host, url.port, way_.connect);
        reply.failure = proxy_ != nullptr ? NoReply::proxy : failure.kind;
        reply.why = failure.why;
        return;
      }
      case httplib::Error::Read:
      case httplib::Error::Write:
        if (taken >= way_.read) reply.failure = NoReply::too_slow;
        return;
      case httplib::Error::SSLServerVerification: {
        reply.failure = NoReply::untrusted;
        const long verdict = client_.get_openssl_verify_result();
        reply.why = verdict == X509_V_OK ? "it is for another name"
                                         : X509_verify_cert_error_string(verdict);
        return;
      }
      case httplib::Error::SSLConnection:
      case httplib::Error::SSLLoadingCerts:
        reply.failure = proxy_ != nullptr ? NoReply::proxy : NoReply::no_tls;
        return;
      case httplib::Error::Success:
      case httplib::Error::Unknown:
      case httplib::Error::BindIPAddress:
      case httplib::Error::ExceedRedirectCount:
      case httplib::Error::Canceled:
      case httplib::Error::UnsupportedMultipartBoundaryChars:
      case httplib::Error::Compression:
        return;
    }
  }

  const domain::ReadyUpstream& upstream_;
  const ProbeWay way_;
  const Clock& clock_;
  const SteadyTime deadline_;
  const domain::Proxy* const proxy_;
  httplib::Client client_;
};

ProbeClient::ProbeClient(const domain::ReadyUpstream& upstream,
                         const ProbeWay& way,
                         const Clock& clock)
    : connection_(std::make_unique<Connection>(upstream, way, clock)) {}

ProbeClient::~ProbeClient() = default;

ProbeReply ProbeClient::get(std::string_view path) {
  return connection_->send("GET", path, {});
}

ProbeReply ProbeClient::post(std::string_view path, const std::string& json) {
  return connection_->send("POST", path, json);
}

std::size_t count_system_roots() {
  X509_STORE* roots = X509_STORE_new();
  X509_STORE_set_default_paths(roots);
  // What came from the bundle; a folder is looked into when a name is asked for.
  auto count = static_cast<std::size_t>(sk_X509_OBJECT_num(X509_STORE_get0_objects(roots)));
  X509_STORE_free(roots);
  std::error_code failure;
  if (count == 0) {
    for (const auto& entry :
         std::filesystem::directory_iterator(X509_get_default_cert_dir(), failure)) {
      if (entry.path().extension() == ".0") ++count;
    }
  }
  return count;
}

std::vector<std::string> string_fields(std::string_view json, std::string_view field) {
  std::vector<std::string> values;
  int outermost = 0;
  int depth = 0;
  std::size_t at = 0;
  /// The string that begins at `at`, which then stands behind it; std::nullopt with a \u in it.
  const auto take_string = [&]() -> std::optional<std::string> {
    std::string text;
    bool is_plain = true;
    for (++at; at < json.size() && json[at] != '"'; ++at) {
      const bool is_escaped = json[at] == '\\';
      if (is_escaped && ++at >= json.size()) break;
      if (is_escaped && json[at] == 'u') is_plain = false;
      const bool is_control =
          is_escaped && std::string_view("bfnrt").find(json[at]) != std::string_view::npos;
      text += is_control ? ' ' : json[at];
    }
    ++at;
    return is_plain ? std::optional(std::move(text)) : std::nullopt;
  };
  const auto skip_spaces = [&] {
    while (at < json.size() && std::string_view(" \t\r\n").find(json[at]) != std::string_view::npos)
      ++at;
  };
  while (at < json.size()) {
    const char c = json[at];
    if (c != '"') {
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at;
      continue;
    }
    const auto name = take_string();
    skip_spaces();
    if (name != field || at >= json.size() || json[at] != ':') continue;
    ++at;
    skip_spaces();
    if (at >= json.size() || json[at] != '"') continue;
    auto value = take_string();
    if (!value || at > json.size()) continue;
    if (values.empty() || depth < outermost) {
      values.clear();
      outermost = depth;
    }
    if (depth == outermost) values.push_back(std::move(*value));
  }
  return values;
}

}  // namespace nufi::service
