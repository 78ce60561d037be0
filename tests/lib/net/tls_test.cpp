#include "lib/net/tls.hpp"

#include "lib/base/error.hpp"
#include "tests/lib/net/upstream_room.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

using namespace nufi;
using namespace nufi::test;
using net::RequestResult;

namespace {

/// A certificate made by itself for `names`, and its key, as files.
struct Certificate {
  explicit Certificate(const std::string& names) {
    const auto command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=test "
        "-addext subjectAltName=" +
        names + " -keyout " + key() + " -out " + file() + " 2>/dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
  }
  std::string file() const { return (directory.path() / "cert.pem").string(); }
  std::string key() const { return (directory.path() / "key.pem").string(); }
  TempDir directory;
};

/// Speaks TLS on every connection of an upstream and answers each request with `reply`.
class TlsScript {
 public:
  TlsScript(const Certificate& certificate, std::string reply, bool says_goodbye = true)
      : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free),
        reply_(std::move(reply)),
        says_goodbye_(says_goodbye) {
    SSL_CTX_use_certificate_file(context_.get(), certificate.file().c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context_.get(), certificate.key().c_str(), SSL_FILETYPE_PEM);
  }
  using Session = std::unique_ptr<SSL, decltype(&SSL_free)>;
  /// Null if the hands could not be shaken.
  Session open(RawSocket& connection) const {
    Session tls(SSL_new(context_.get()), SSL_free);
    SSL_set_fd(tls.get(), connection.native_handle());
    if (SSL_accept(tls.get()) != 1) tls.reset();
    return tls;
  }
  void operator()(RawSocket& connection, int) const {
    const auto tls = open(connection);
    if (!tls) return;
    char bytes[4096];
    while (SSL_read(tls.get(), bytes, sizeof(bytes)) > 0) {
      SSL_write(tls.get(), reply_.data(), static_cast<int>(reply_.size()));
      if (reply_.find("Content-Length") == std::string::npos) break;
    }
    if (says_goodbye_) SSL_shutdown(tls.get());
  }

 private:
  std::shared_ptr<SSL_CTX> context_;
  std::string reply_;
  bool says_goodbye_;
};

std::shared_ptr<net::Target> target_of(const ScriptedUpstream& upstream,
                                       const std::string& host,
                                       const std::string& ca_file) {
  auto target = std::make_shared<net::Target>(*upstream.target());
  target->host = host;
  target->tls = std::make_shared<const net::TlsContext>(ca_file);
  return target;
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

}  // namespace

TEST_CASE("tls: a server whose root is trusted is spoken to, and kept alive") {
  const Certificate certificate("DNS:localhost,IP:127.0.0.1");
  ScriptedUpstream upstream(TlsScript(certificate, kOk));
  for (const std::string& host : std::initializer_list<std::string>{"localhost", "127.0.0.1"}) {
    CAPTURE(host);
    UpstreamRoom room;
    const auto target = target_of(upstream, host, certificate.file());
    const auto first = room.call(target);
    CHECK(first.problem == "");
    CHECK(first.body == "ok");
    CHECK(first.end);
    CHECK(room.call(target).connect_us == 0);
  }
  CHECK(upstream.connections == 2);
}

TEST_CASE("tls: a server whose root is not trusted gets nothing") {
  const Certificate certificate("DNS:localhost,IP:127.0.0.1");
  ScriptedUpstream upstream(TlsScript(certificate, kOk));
  UpstreamRoom room;
  const auto called = room.call(target_of(upstream, "127.0.0.1", ""));
  CHECK(called.result == RequestResult::connect_failed);
  CHECK(called.problem.starts_with("TLS: "));
}

TEST_CASE("tls: a certificate for another name is refused") {
  const Certificate certificate("DNS:other.example");
  ScriptedUpstream upstream(TlsScript(certificate, kOk));
  UpstreamRoom room;
  for (const std::string& host : std::initializer_list<std::string>{"localhost", "127.0.0.1"}) {
    CAPTURE(host);
    const auto called = room.call(target_of(upstream, host, certificate.file()));
    CHECK(called.result == RequestResult::connect_failed);
  }
}

TEST_CASE("tls: a server that does not speak TLS is refused") {
  ScriptedUpstream upstream(
      [](RawSocket& connection, int) { connection.send("HTTP/1.1 400 Bad\r\n\r\n"); });
  UpstreamRoom room;
  CHECK(room.call(target_of(upstream, "127.0.0.1", "")).result == RequestResult::connect_failed);
}

TEST_CASE("tls: a body to the end of the connection is whole only if the server says so") {
  const Certificate certificate("IP:127.0.0.1");
  for (const bool says_goodbye : {true, false}) {
    CAPTURE(says_goodbye);
    ScriptedUpstream upstream(TlsScript(certificate, "HTTP/1.1 200 OK\r\n\r\nsome", says_goodbye));
    UpstreamRoom room;
    const auto called = room.call(target_of(upstream, "127.0.0.1", certificate.file()));
    CHECK(called.body == "some");
    CHECK(called.end == says_goodbye);
  }
}

TEST_CASE("tls: a reply that comes before a large request was sent is not waited out") {
  const Certificate certificate("IP:127.0.0.1");
  const TlsScript script(certificate, "");
  const std::string reply = "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig";
  std::atomic<bool> over{false};
  ScriptedUpstream upstream([&](RawSocket& connection, int) {
    const auto tls = script.open(connection);
    if (!tls) return;
    SSL_write(tls.get(), reply.data(), static_cast<int>(reply.size()));
    eventually([&] { return over.load(); });
    // Closed with bytes unread it would take the reply back.
    char bytes[4096];
    while (SSL_read(tls.get(), bytes, sizeof(bytes)) > 0) {
    }
  });
  CallOptions options;
  options.body = std::string(30'000'000, 'x');
  options.head = "POST / HTTP/1.1\r\nContent-Length: 30000000\r\n\r\n";
  UpstreamRoom room;
  const auto target = target_of(upstream, "127.0.0.1", certificate.file());
  const auto called = room.call(target, options);
  CHECK(upstream.finished == 0);
  over = true;
  CHECK(called.status == 413);
  CHECK(called.body == "big");
  // Half a request was sent on it: it can't carry another.
  options.body = "{}";
  options.head = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n";
  CHECK(room.call(target, options).status == 413);
  CHECK(upstream.connections == 2);
}

TEST_CASE("tls: a large request goes out whole, behind an interim reply too, and can be cut") {
  const Certificate certificate("IP:127.0.0.1");
  const TlsScript script(certificate, "");
  constexpr std::size_t kSize = 5'000'000;
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  std::atomic<bool> over{false};
  ScriptedUpstream upstream([&](RawSocket& connection, int) {
    const auto tls = script.open(connection);
    if (!tls) return;
    std::vector<char> bytes(65'536);
    for (int turn = 0; turn < 2; ++turn) {
      if (turn == 1) SSL_write(tls.get(), interim.data(), static_cast<int>(interim.size()));
      std::size_t got = 0;
      while (got < kSize) {
        const int size = SSL_read(tls.get(), bytes.data(), static_cast<int>(bytes.size()));
        if (size <= 0) return;
        got += static_cast<std::size_t>(size);
      }
      SSL_write(tls.get(), kOk.data(), static_cast<int>(kOk.size()));
    }
    // Open and not reading: the third is cut while it is sent.
    eventually([&] { return over.load(); });
  });
  CallOptions options;
  options.head = "POST / HTTP/1.1\r\nHost: up\r\n\r\n";
  options.body = std::string(kSize - options.head.size(), 'x');
  UpstreamRoom room;
  const auto target = target_of(upstream, "127.0.0.1", certificate.file());
  CHECK(room.call(target, options).body == "ok");
  CHECK(room.call(target, options).body == "ok");
  CHECK(upstream.connections == 1);
  options.first_byte = std::chrono::milliseconds(100);
  CHECK(room.call(target, options).result == RequestResult::timed_out);
  over = true;
}

TEST_CASE("tls: a file of roots that can't be read says so") {
  const TempDir files;
  CHECK_THROWS_AS(net::TlsContext((files.path() / "none.pem").string()), Error);
  CHECK_THROWS_AS(net::TlsContext(files.write("bad.pem", "no certificate").string()), Error);
}
