#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace nufi::test {

/// A tiny HTTP/1.1 server on a Unix socket in a directory of its own: answers each request with
/// what `answer` makes of its raw text, then closes. Gone (socket included) with the object.
class UnixServer {
 public:
  /// Takes the request as it came, returns the whole reply.
  using Answer = std::function<std::string(const std::string& request)>;

  explicit UnixServer(Answer answer);
  ~UnixServer();
  UnixServer(const UnixServer&) = delete;
  UnixServer& operator=(const UnixServer&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void serve();

  Answer answer_;
  std::string directory_;
  std::string path_;
  int listener_ = -1;
  std::jthread thread_;
};

/// A whole reply with a JSON body.
std::string json_reply(int status, const std::string& body, const std::string& headers = {});

}  // namespace nufi::test
