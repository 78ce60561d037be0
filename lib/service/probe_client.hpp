#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/proxy.hpp"
#include "lib/domain/world.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::service {

/// Why there was no reply at all.
enum class NoReply {
  none,  ///< there was one
  unknown_host,
  refused,      ///< nobody listens there
  unreachable,  ///< no way to it, or no answer to a connect
  untrusted,    ///< its certificate
  no_tls,       ///< it speaks no TLS that we do
  too_slow,
  broken,  ///< it hung up, or what it said was no HTTP
  proxy,   ///< the proxy in between would not
};

/// What came back to one request.
struct ProbeReply {
  NoReply failure = NoReply::none;
  std::string why;  ///< of the failure, for people; "" = nothing more is known
  int status = 0;
  std::string body;
  std::string content_type;
  std::string server;                         ///< the Server field
  std::string location;                       ///< the Location field
  std::string date;                           ///< the Date field
  std::optional<std::int64_t> first_byte_ms;  ///< of the body
};

/// How a probe reaches its upstream.
struct ProbeWay {
  std::string ca_file;  ///< roots beside the system's and the upstream's own, or ""
  domain::ProxyRules proxies;
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds read{20'000};   ///< of silence
  std::chrono::milliseconds total{60'000};  ///< of all requests together
};

/// Asks an upstream as calls do: through the same proxy, trusting the same roots, with its secret
/// and its headers, following no redirect; but one request after the other and blocking. For one
/// thread.
class ProbeClient {
 public:
  /// `upstream` and `clock` must outlive it. Throws Error{invalid} if there should be a proxy that
  /// can't be understood.
  ProbeClient(const domain::ReadyUpstream& upstream, const ProbeWay& way, const Clock& clock);
  ~ProbeClient();
  ProbeClient(const ProbeClient&) = delete;
  ProbeClient& operator=(const ProbeClient&) = delete;

  /// `path` stands behind the base URL. Bodies above 16 MiB are cut. Never throws.
  ProbeReply get(std::string_view path);
  ProbeReply post(std::string_view path, const std::string& json);

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

/// How many certificates of authorities this machine has to trust, as far as can be counted
/// without reading each.
std::size_t count_system_roots();

/// The values of the string fields called `field` in JSON text, in order, of the outermost level
/// that has any; those with a \u escape are left out, other control characters are spaces. Enough
/// to read a list of models without a JSON tree, and to pass over the ids of what hangs on them.
std::vector<std::string> string_fields(std::string_view json, std::string_view field);

}  // namespace nufi::service
