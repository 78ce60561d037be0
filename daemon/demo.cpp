#include "daemon/demo.hpp"

#include "daemon/demo_reply.hpp"
#include "lib/base/error.hpp"
#include "lib/base/id.hpp"
#include "lib/base/secret.hpp"

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace nufi::daemon {

namespace {

constexpr std::chrono::milliseconds kPauseBetweenWords{8};
constexpr std::size_t kThreads = 32;

}  // namespace

class DemoUpstream::Server {
 public:
  explicit Server(const Clock& clock) : clock_(clock), secret_("demo-" + random_base62(32)) {
    // A thread serves one connection: with kept-alive ones, idle clients would shut others out.
    server_.set_keep_alive_max_count(1);
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_tcp_nodelay(true);
    server_.set_pre_routing_handler(
        [this](const httplib::Request& from, httplib::Response& to) { return check(from, to); });
    server_.Get("/v1/models", [](const httplib::Request&, httplib::Response& to) {
      to.set_content(demo_models(), "application/json");
    });
    server_.Post("/v1/chat/completions",
                 [this](const httplib::Request& from, httplib::Response& to) { chat(from, to); });
    // Routes are tried in this order: what is left is not there.
    const auto unknown = [](const httplib::Request&, httplib::Response& to) {
      const DemoReply reply = demo_unknown();
      to.status = reply.status;
      to.set_content(reply.body, "application/json");
    };
    server_.Get(".*", unknown);
    server_.Post(".*", unknown);
    const int port = server_.bind_to_any_port("127.0.0.1");
    if (port <= 0) throw Error(Errc::unavailable, "no port for the demo upstream");
    port_ = static_cast<std::uint16_t>(port);
    serving_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Server() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    stopped_.notify_all();
    server_.stop();
    serving_.join();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const Secret& secret() const { return secret_; }

 private:
  using Verdict = httplib::Server::HandlerResponse;

  Verdict check(const httplib::Request& from, httplib::Response& to) const {
    const std::string wanted = "Bearer " + secret_.expose();
    if (constant_time_equal(from.get_header_value("Authorization"), wanted)) {
      return Verdict::Unhandled;
    }
    to.status = 401;
    to.set_content(
        R"({"error":{"message":"wrong secret","type":"invalid_request_error","param":null,"code":"invalid_api_key"}})",
        "application/json");
    return Verdict::Handled;
  }

  void chat(const httplib::Request& from, httplib::Response& to) {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch());
    auto reply = std::make_shared<DemoReply>(demo_chat(from.body, now.count()));
    to.status = reply->status;
    if (!reply->is_stream()) {
      to.set_content(reply->body, "application/json");
      return;
    }
    to.set_chunked_content_provider("text/event-stream",
                                    [this, reply](std::size_t /*offset*/, httplib::DataSink& sink) {
                                      for (const std::string& event : reply->events) {
                                        if (!sink.write(event.data(), event.size()) || !pause())
                                          return false;
                                      }
                                      sink.done();
                                      return true;
                                    });
  }

  /// Between words, so that a stream can be seen to be one. False when it is time to stop.
  bool pause() {
    std::unique_lock lock(mutex_);
    return !stopped_.wait_for(lock, kPauseBetweenWords, [this] { return is_stopping_; });
  }

  const Clock& clock_;
  const Secret secret_;
  httplib::Server server_;
  std::uint16_t port_ = 0;
  std::thread serving_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool is_stopping_ = false;
};

DemoUpstream::DemoUpstream(const Clock& clock)
    : server_(std::make_unique<Server>(clock)), started_at_(clock.now()) {}

DemoUpstream::~DemoUpstream() = default;

std::uint16_t DemoUpstream::port() const {
  return server_->port();
}

service::Publisher::BuiltIn DemoUpstream::built_in() const {
  service::Publisher::BuiltIn demo;
  domain::Upstream& upstream = demo.upstream.upstream;
  upstream.id = domain::UpstreamId("up_demo");
  upstream.name = "demo";
  upstream.url = {.tls = false, .host = "127.0.0.1", .port = port(), .path = "/v1"};
  upstream.models = {std::string(kDemoModel)};
  upstream.built_in = true;
  upstream.created_at = started_at_;
  demo.upstream.secret = server_->secret();
  demo.price.id = "demo/nufi-echo";
  demo.price.model = kDemoModel;
  demo.price.mode = "chat";
  demo.price.rates.own(domain::Bucket::input) = 1'000'000'000;
  demo.price.rates.own(domain::Bucket::output) = 2'000'000'000;
  demo.price.context_window = 128'000;
  demo.price.max_output = 16'384;
  return demo;
}

}  // namespace nufi::daemon
