#include "lib/api/client.hpp"

#include "lib/base/clock.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace nufi::api {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReadPatience = std::chrono::seconds(10);
constexpr milliseconds kChangePatience = std::chrono::seconds(30);
constexpr milliseconds kLongPatience = std::chrono::seconds(300);

/// cpp-httplib's client, connected to a Unix socket.
class UnixClient final : public httplib::ClientImpl {
 public:
  explicit UnixClient(std::string path) : ClientImpl("localhost", 80), path_(std::move(path)) {
    set_keep_alive(true);
    set_patience(kReadPatience);
  }

  void set_patience(milliseconds patience) {
    patience_ = patience;
    set_read_timeout(patience);
    set_write_timeout(patience);
  }
  [[nodiscard]] milliseconds patience() const { return patience_; }

  /// errno of the last failed connect, or 0.
  [[nodiscard]] int connect_errno() const { return connect_errno_; }

 private:
  bool create_and_connect_socket(Socket& socket, httplib::Error& error) override {
    connect_errno_ = 0;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) {
      connect_errno_ = ENAMETOOLONG;
    } else {
      std::memcpy(address.sun_path, path_.data(), path_.size());
      socket.sock = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (socket.sock >= 0) limit_connect(socket.sock);
      const auto* target = reinterpret_cast<const sockaddr*>(&address);
      if (socket.sock >= 0 && ::connect(socket.sock, target, sizeof address) == 0) return true;
      connect_errno_ = errno;
      if (socket.sock >= 0) ::close(socket.sock);
    }
    socket.sock = INVALID_SOCKET;
    error = httplib::Error::Connection;
    return false;
  }

  /// The queue of a nufid that hangs is full one day; connect() would wait for room in it for ever.
  void limit_connect(int descriptor) const {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(patience_);
    const timeval limit{
        whole.count(),
        std::chrono::duration_cast<std::chrono::microseconds>(patience_ - whole).count()};
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }

  std::string path_;
  int connect_errno_ = 0;
  milliseconds patience_{};
};

class UnixTransport final : public Transport {
 public:
  UnixTransport(std::string path, std::string version)
      : path_(std::move(path)), version_(std::move(version)), client_(path_) {}

  Reply send(const std::string& method,
             const std::string& target,
             const std::string& body) override {
    httplib::Request request;
    request.method = method;
    request.path = target;
    request.headers = {{"Host", "localhost"}, {"X-Nufi-Version", version_}};
    if (!body.empty()) request.headers.emplace("Content-Type", "application/json");
    request.body = body;
    const SteadyTime start = clock_.steady();
    const auto result = client_.send(request);
    if (!result) fail(clock_.steady() - start);
    return {result->status, result->body, result->get_header_value("X-Nufi-Version")};
  }

  void set_patience(milliseconds patience) override { client_.set_patience(patience); }

 private:
  [[noreturn]] void fail(SteadyTime::duration waited) const {
    const std::string where = " (socket " + path_ + ")";
    if (waited >= client_.patience()) {
      throw Error(Errc::unreachable,
                  "nufid takes connections and does not answer" + where,
                  "it may hang or be very busy: look at its log");
    }
    switch (client_.connect_errno()) {
      case 0:
        throw Error(Errc::unreachable,
                    "nufid stopped answering" + where,
                    "look at its log, or start it with: nufi up");
      case EACCES:
      case EPERM:
        throw Error(Errc::not_permitted,
                    "no permission to talk to nufid" + where,
                    "it belongs to another user; start your own with: nufi up");
      case ENAMETOOLONG:
        throw Error(Errc::unreachable,
                    "the socket's path is too long" + where,
                    "choose a shorter one with --socket or NUFI_SOCKET");
      default:
        throw Error(Errc::unreachable, "nufid is not running" + where, "start it with: nufi up");
    }
  }

  std::string path_;
  std::string version_;
  UnixClient client_;
  SystemClock clock_;
};

}  // namespace

std::unique_ptr<Transport> unix_transport(std::string socket_path, std::string version) {
  return std::make_unique<UnixTransport>(std::move(socket_path), std::move(version));
}

std::string percent_encode(const std::string& text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

Client::Client(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}

Reply Client::exchange(const std::string& method,
                       const std::string& target,
                       const std::string& body) {
  const milliseconds usual = method == "GET" ? kReadPatience : kChangePatience;
  const milliseconds patience = expects_long_call_ ? kLongPatience : usual;
  expects_long_call_ = false;
  transport_->set_patience(std::min(patience, most_patience_.value_or(patience)));
  Reply reply = transport_->send(method, target, body);
  daemon_version_ = reply.version;
  return reply;
}

Json Client::call(const std::string& method, const std::string& target, const Json* body) {
  return call_with(method, target, body == nullptr ? std::string() : to_text(*body));
}

Json Client::call_with(const std::string& method,
                       const std::string& target,
                       const std::string& body) {
  const Reply reply = exchange(method, target, body);
  Json json = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  if (reply.status >= 400) throw error_from_json(json);
  if (json.is_discarded()) {
    if (reply.body.empty()) return Json::object();
    throw Error(Errc::internal,
                "nufid sent an answer that nufi can't read",
                "look whether nufi and nufid have the same version: nufi status");
  }
  return json;
}

std::string Client::fetch(const std::string& target) {
  Reply reply = exchange("GET", target, "");
  if (reply.status >= 400) {
    throw error_from_json(Json::parse(reply.body, nullptr, /*allow_exceptions=*/false));
  }
  return std::move(reply.body);
}

Json Client::get(const std::string& target) {
  return call("GET", target);
}

Json Client::send(const std::string& method, const std::string& target, const Json& body) {
  return call(method, target, &body);
}

std::vector<Json> Client::list(std::string target, std::string_view cursor, std::size_t most) {
  std::vector<Json> items;
  const std::string first = target;
  while (true) {
    Json page = get(target);
    const auto data = page.find("data");
    if (data == page.end() || !data->is_array()) {
      throw Error(Errc::internal, "nufid sent a list that nufi can't read");
    }
    for (Json& item : *data) items.push_back(std::move(item));
    const auto next = page.find("next");
    if (next == page.end() || !next->is_string() || data->empty()) break;
    if (cursor.empty() || items.size() >= most) break;
    target = first + (first.find('?') == std::string::npos ? "?" : "&") + std::string(cursor) +
             "=" + percent_encode(next->get<std::string>());
  }
  if (items.size() > most) items.resize(most);
  return items;
}

}  // namespace nufi::api
