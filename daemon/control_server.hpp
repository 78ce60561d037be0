#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nufi::daemon {

/// A request of the control plane, taken apart. Names of headers are lower case.
struct Request {
  std::string method;
  std::string path;                                        ///< as it came, without the query
  std::vector<std::string> segments;                       ///< of the path, percent-decoded
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
  std::map<std::string, std::string> headers;
  std::string body;
  std::optional<std::int64_t> peer_uid;  ///< who connected, over a Unix socket only

  [[nodiscard]] bool has_header(const std::string& name) const { return headers.contains(name); }
  /// "" if there is none.
  [[nodiscard]] std::string header(const std::string& name) const;
};

struct Reply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Answers a request; called by several threads at once; must not throw.
using RequestHandler = std::function<Reply(const Request&)>;

/// A door of the control plane: plain HTTP/1.1 on a listening socket, a thread per connection.
/// Whatever is no request for the handler (bad syntax, too large) is answered in the error shape of
/// the management API. Start once, then stop.
class ControlServer {
 public:
  struct Options {
    std::size_t max_body = 1 << 20;  ///< bytes; more is 413
    std::size_t threads = 8;         ///< connections served at once, half of them of one user
    std::string version;             ///< sent with every reply as X-Nufi-Version
    /// The one path whose body may be larger: price lists are.
    std::string large_body_path = "/v1/prices/import";
    std::size_t max_large_body = 16 << 20;
  };

  ControlServer(Options options, RequestHandler handler);
  ~ControlServer();

  /// Serves what comes to `listener` (lent, must outlive the server) in threads of its own.
  void start(int listener);
  /// Takes no more requests, waits for those being answered. May be called from any thread but the
  /// handler's, and twice.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// `text` with %XX turned into bytes; '+' stays. std::nullopt if it is not well formed or has a
/// NUL.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace nufi::daemon
