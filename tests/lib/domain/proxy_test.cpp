#include "lib/domain/proxy.hpp"

#include "lib/base/error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::domain;

namespace {

/// "host:port" of the proxy for `url`, "" = none.
std::string proxy_for(const ProxyRules& rules, const std::string& url) {
  const auto* proxy = rules.for_url(BaseUrl::parse(url));
  return proxy == nullptr ? "" : proxy->host + ":" + std::to_string(proxy->port);
}

}  // namespace

TEST_CASE("proxy: https upstreams are reached through it, plain ones and this machine are not") {
  const ProxyRules rules("http://Proxy.example:3128/", "");
  CHECK(proxy_for(rules, "https://api.openai.com/v1") == "proxy.example:3128");
  CHECK(proxy_for(rules, "https://[2001:db8::1]/v1") == "proxy.example:3128");
  for (const std::string url : {"http://api.openai.com/v1",
                                "https://localhost:8443",
                                "https://a.localhost",
                                "https://127.0.0.1:1",
                                "https://127.8.8.8",
                                "https://[::1]:1"}) {
    CAPTURE(url);
    CHECK(proxy_for(rules, url).empty());
  }
  CHECK(proxy_for(ProxyRules(), "https://api.openai.com").empty());
  CHECK(proxy_for(ProxyRules(" ", ""), "https://api.openai.com").empty());
}

TEST_CASE("proxy: its address may be short, and hold a user and an escaped password") {
  const auto find = [](const std::string& text) {
    return *ProxyRules(text, "").for_url(BaseUrl::parse("https://api.openai.com"));
  };
  CHECK(find("proxy:8080").port == 8080);
  CHECK(find("HTTP://proxy").port == 80);
  CHECK(find("http://[::1]:3128").host == "::1");
  CHECK(find("http://proxy").authorization().empty());
  const auto full = find("http://ada:p%40ss%3aword@proxy:3128");
  CHECK(full.host == "proxy");
  CHECK(full.user == "ada");
  CHECK(full.password.expose() == "p@ss:word");
  CHECK(full.authorization().expose() == "Basic YWRhOnBAc3M6d29yZA==");
  CHECK(find("http://a:b@proxy").authorization().expose() == "Basic YTpi");
  CHECK(find("http://ab:cd@proxy").authorization().expose() == "Basic YWI6Y2Q=");
}

TEST_CASE("proxy: what can't be understood is not gone past, nor shown with its password") {
  for (const std::string text : {"socks5://u:hush@proxy:1080",
                                 "https://u:hush@proxy",
                                 "http://u:hush@pro xy:1",
                                 "http://u:hush@proxy:99999",
                                 "http://u:hush@"}) {
    CAPTURE(text);
    const ProxyRules rules(text, "direct.example");
    CHECK(proxy_for(rules, "https://direct.example").empty());
    CHECK(proxy_for(rules, "http://api.openai.com").empty());
    try {
      static_cast<void>(rules.for_url(BaseUrl::parse("https://api.openai.com")));
      FAIL_CHECK("it was taken");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::invalid);
      CHECK(std::string(error.what()).find("hush") == std::string::npos);
      CHECK(std::string(error.what()).starts_with("HTTPS_PROXY "));
    }
  }
}

TEST_CASE("proxy: NO_PROXY names hosts and what is below them, addresses, blocks, ports, or all") {
  const ProxyRules rules("http://p:1",
                         "a.example, .b.example,*.c.example , 10.0.0.0/8,192.168.1.7,"
                         "[2001:db8::1]:8443,fd00::/8,d.example:8443,,e.example:x");
  for (const std::string host : {"a.example",
                                 "x.a.example",
                                 "b.example",
                                 "x.b.example",
                                 "x.c.example",
                                 "10.1.2.3",
                                 "192.168.1.7",
                                 "[fd00::5]",
                                 "d.example:8443",
                                 "[2001:db8::1]:8443"}) {
    CAPTURE(host);
    CHECK(proxy_for(rules, "https://" + host).empty());
  }
  for (const std::string host : {"xa.example",
                                 "example",
                                 "11.0.0.1",
                                 "192.168.1.8",
                                 "[fe80::5]",
                                 "d.example",
                                 "[2001:db8::1]",
                                 "e.example"}) {
    CAPTURE(host);
    CHECK(proxy_for(rules, "https://" + host) == "p:1");
  }
  CHECK(proxy_for(ProxyRules("http://p:1", "*"), "https://api.openai.com").empty());
}
