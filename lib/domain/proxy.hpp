#pragma once

#include "lib/base/secret.hpp"
#include "lib/domain/upstream.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::domain {

/// An HTTP proxy that opens tunnels (CONNECT).
struct Proxy {
  std::string host;  ///< name or address, no brackets
  std::uint16_t port = 0;
  std::string user;
  Secret password;

  /// The value of Proxy-Authorization, empty without a user.
  [[nodiscard]] Secret authorization() const;
};

/// Which upstreams are reached through a proxy, as the environment says it. Only https upstreams
/// are; this machine itself (localhost, 127.0.0.0/8, ::1) never is.
class ProxyRules {
 public:
  /// No proxy.
  ProxyRules() = default;
  /// `https_proxy`: "http://user:password@host:3128", or less of it; "" = none. `no_proxy`: hosts
  /// that are reached directly, between commas: a name means itself and what is below it (with or
  /// without a dot in front), further addresses, CIDR blocks, each with `:port` or not, or "*".
  ProxyRules(std::string_view https_proxy, std::string_view no_proxy);

  /// The proxy for `url`, or null. Throws Error{invalid} if there should be one, but what was said
  /// of it can't be understood: going past it would be wrong.
  [[nodiscard]] const Proxy* for_url(const BaseUrl& url) const;

 private:
  struct Exception {
    std::string host;  ///< a name, an address, a CIDR block, or "*"
    std::optional<std::uint16_t> port;
  };
  [[nodiscard]] bool is_excepted(const BaseUrl& url) const;

  std::optional<Proxy> proxy_;
  std::string problem_;
  std::vector<Exception> exceptions_;
};

}  // namespace nufi::domain
