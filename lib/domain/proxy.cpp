#include "lib/domain/proxy.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/access.hpp"

#include <algorithm>

namespace nufi::domain {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// "%40" is an at sign: a password may hold what a URL can't.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto rest = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < rest ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= rest ? kDigits[group >> (18U - 6U * k) & 63U] : '=';
    }
  }
  return out;
}

/// What stands in an environment variable may hold a password: a complaint never repeats it.
Proxy parse(std::string_view text) {
  const auto refuse = [](const std::string& what) {
    throw Error(Errc::invalid,
                "HTTPS_PROXY " + what,
                "write it like http://proxy.example:3128, and start nufid again");
  };
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    if (!equals_ignoring_case(text.substr(0, scheme), "http")) refuse("must begin with http://");
    text.remove_prefix(scheme + 3);
  }
  text = text.substr(0, text.find_first_of("/?#"));
  Proxy proxy;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    const auto user = text.substr(0, at);
    const auto colon = user.find(':');
    proxy.user = unescaped(user.substr(0, colon));
    if (colon != std::string_view::npos) {
      proxy.password = Secret(unescaped(user.substr(colon + 1)));
    }
    text.remove_prefix(at + 1);
  }
  try {
    const auto url = BaseUrl::parse("http://" + std::string(text));
    proxy.host = url.host;
    proxy.port = url.port;
  } catch (const Error&) {
    refuse("has no valid host and port");
  }
  return proxy;
}

bool is_this_machine(const std::string& host) {
  static const std::vector<std::string> loopback = {"127.0.0.0/8", "::1"};
  return host == "localhost" || host.ends_with(".localhost") || is_ip_allowed(loopback, host);
}

bool is_at_or_below(std::string_view host, std::string_view name) {
  return host == name || (host.size() > name.size() && host.ends_with(name) &&
                          host[host.size() - name.size() - 1] == '.');
}

}  // namespace

Secret Proxy::authorization() const {
  if (user.empty() && password.empty()) return {};
  return Secret("Basic " + base64(user + ":" + password.expose()));
}

ProxyRules::ProxyRules(std::string_view https_proxy, std::string_view no_proxy) {
  const auto proxy = trim(https_proxy);
  try {
    if (!proxy.empty()) proxy_ = parse(proxy);
  } catch (const Error& error) {
    problem_ = std::string(error.what()) + "; " + error.hint();
  }
  for (const auto& part : split(no_proxy, ',')) {
    auto host = to_lower(trim(part));
    if (host.empty()) continue;
    Exception exception;
    const auto colon = host.rfind(':');
    const bool is_bracketed = host.starts_with('[');
    const bool has_port = is_bracketed
                              ? colon != std::string::npos && colon > 0 && host[colon - 1] == ']'
                              : colon != std::string::npos && host.find(':') == colon;
    if (has_port) {
      const auto port = parse_integer(std::string_view(host).substr(colon + 1));
      if (!port || *port < 1 || *port > 65535) continue;
      exception.port = static_cast<std::uint16_t>(*port);
      host.resize(colon);
    }
    if (is_bracketed && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.starts_with("*.")) host.erase(0, 1);
    if (host.starts_with('.')) host.erase(0, 1);
    exception.host = std::move(host);
    exceptions_.push_back(std::move(exception));
  }
}

bool ProxyRules::is_excepted(const BaseUrl& url) const {
  return std::any_of(exceptions_.begin(), exceptions_.end(), [&](const Exception& exception) {
    if (exception.port && *exception.port != url.port) return false;
    if (exception.host == "*" || is_at_or_below(url.host, exception.host)) return true;
    return is_valid_cidr(exception.host) && is_ip_allowed({exception.host}, url.host);
  });
}

const Proxy* ProxyRules::for_url(const BaseUrl& url) const {
  if (!proxy_ && problem_.empty()) return nullptr;
  if (!url.tls || is_this_machine(url.host) || is_excepted(url)) return nullptr;
  if (!proxy_) throw Error(Errc::invalid, problem_);
  return &*proxy_;
}

}  // namespace nufi::domain
