#pragma once

#include "lib/base/clock.hpp"
#include "lib/service/publisher.hpp"

#include <cstdint>
#include <memory>

namespace nufi::daemon {

/// The upstream of `--demo`: a little OpenAI-compatible server on 127.0.0.1, reached over HTTP like
/// any other, so that the whole road is used. Its one model, nufi-echo, answers with the last thing
/// the user said. It wants a bearer secret that is made at start. Serves from construction to
/// destruction.
class DemoUpstream {
 public:
  /// Throws Error{unavailable} if no port can be had.
  explicit DemoUpstream(const Clock& clock);
  ~DemoUpstream();

  [[nodiscard]] std::uint16_t port() const;
  /// How it takes part in the world: upstream "demo", priced at 1 and 2 USD per million tokens.
  [[nodiscard]] service::Publisher::BuiltIn built_in() const;

 private:
  class Server;
  std::unique_ptr<Server> server_;
  Timestamp started_at_;
};

}  // namespace nufi::daemon
