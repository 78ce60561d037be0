#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace nufi::api {

struct Reply {
  int status = 0;
  std::string body;
  std::string version;  ///< X-Nufi-Version of the daemon, or ""
};

/// How the client reaches nufid: the Unix socket, or a fake in a test.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Sends one request and waits for its reply. `target` is path and query,
  /// already percent-encoded; `body` is JSON or "". Throws Error{unreachable} if nobody answers,
  /// Error{not_permitted} if the socket may not be opened.
  virtual Reply send(const std::string& method,
                     const std::string& target,
                     const std::string& body) = 0;
  /// How long each send() from now on waits for the next sign of life of nufid.
  virtual void set_patience(std::chrono::milliseconds patience) = 0;
};

/// A transport over the Unix socket at `socket_path`; says `version` of itself with each request.
/// Connects at the first send(). One thread at a time.
std::unique_ptr<Transport> unix_transport(std::string socket_path, std::string version);

/// `text` as one part of a path or query: everything but letters, digits and -._~ is encoded.
std::string percent_encode(const std::string& text);

}  // namespace nufi::api
