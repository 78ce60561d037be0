#include "daemon/inference.hpp"

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/domain/access.hpp"
#include "lib/gateway/check.hpp"
#include "lib/gateway/directory.hpp"
#include "lib/gateway/gateway.hpp"
#include "lib/net/server.hpp"
#include "lib/openai/error_body.hpp"

#include <algorithm>
#include <sched.h>
#include <sys/resource.h>
#include <utility>

namespace nufi::daemon {
namespace {

/// The cores this process may use: one loop each.
std::size_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
}

/// What the house itself needs open: database, journal, doors and their connections, signals; and
/// each loop for itself.
constexpr std::size_t kOwnFiles = 36;
constexpr std::size_t kFilesPerLoop = 4;

/// A client needs a file for itself and one for its upstream, and one who is turned away needs one
/// to be told so: as many are let in as there are files for. Without that the calls that run would
/// find none for their upstream or the journal, and the others would wait for nothing.
void fit_open_files(net::ServerOptions& server) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return;
  const std::size_t own = kOwnFiles + kFilesPerLoop * server.loops;
  const std::size_t spare = files.rlim_cur > own ? files.rlim_cur - own : 0;
  server.max_turned_away = std::clamp<std::size_t>(spare / 5, 1, server.max_turned_away);
  const std::size_t most =
      spare > server.max_turned_away ? (spare - server.max_turned_away) / 2 : 0;
  if (most >= server.max_connections) return;
  server.max_connections = std::max<std::size_t>(most, 1);
  log::warning("only so many clients at once: few open files are allowed",
               {{"clients", static_cast<long long>(server.max_connections)},
                {"open_files", static_cast<long long>(files.rlim_cur)}});
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || domain::is_ip_allowed({"127.0.0.0/8"}, host);
}

std::string refusal_body(const net::Refusal& refusal) {
  const bool ours = refusal.status >= 500;
  return openai::error_body({refusal.status,
                             ours ? "server_error" : "invalid_request_error",
                             refusal.code,
                             refusal.message,
                             "",
                             ""});
}

net::ServerOptions server_options(const Inference::Options& options) {
  net::ServerOptions server;
  server.loops = usable_cores();
  server.max_buffered = options.max_buffered;
  server.max_connections = options.max_connections;
  fit_open_files(server);
  return server;
}

gateway::Options gateway_options(const Inference::Options& options) {
  gateway::Options gateway;
  gateway.allowed_hosts = options.allowed_hosts;
  gateway.cors_origins = options.cors_origins;
  gateway.max_body = options.max_body;
  gateway.first_byte_timeout = options.upstream_timeout;
  gateway.idle_timeout = options.upstream_timeout;
  gateway.budget_status = options.budget_status;
  gateway.traces = options.traces;
  return gateway;
}

}  // namespace

struct Inference::Parts {
  Parts(Options given,
        ledger::Ledger& ledger,
        gateway::StoredResponses& responses,
        const EvenClock& even_clock)
      : options(std::move(given)),
        directory(options.ca_file, options.proxies),
        server_settings(server_options(options)),
        gateway(gateway_options(options),
                directory,
                ledger,
                responses,
                even_clock,
                server_settings.loops),
        server(
            server_settings,
            [this](net::Exchange& exchange) { return gateway.handle(exchange); },
            refusal_body) {}

  void cut(const domain::KeyId& key) {
    server.each_loop([this, key](std::size_t loop) { gateway.live_calls().cut(loop, key); });
  }

  const Options options;
  gateway::Directory directory;
  const net::ServerOptions server_settings;
  gateway::Gateway gateway;
  net::Server server;  ///< last: its loops stop before what they use is destroyed
};

Inference::Inference(Options options,
                     ledger::Ledger& ledger,
                     gateway::StoredResponses& responses,
                     const EvenClock& even_clock) {
  if (!options.allow_remote && options.listen_fd < 0 && !is_loopback(options.host)) {
    throw Error(Errc::invalid,
                "'" + options.host + "' is reachable from other machines",
                "if you mean it, say so: --allow-remote inference");
  }
  if (!options.ca_file.empty()) net::TlsContext check(options.ca_file);
  parts_ = std::make_unique<Parts>(std::move(options), ledger, responses, even_clock);
  set_hold_wait(parts_->options.hold_wait);
}

Inference::~Inference() = default;

void Inference::bind() {
  if (parts_->options.listen_fd >= 0) {
    parts_->server.adopt(parts_->options.listen_fd);
  } else {
    parts_->server.listen(parts_->options.host, parts_->options.port);
  }
}

void Inference::start() {
  parts_->server.start();
}

std::uint16_t Inference::port() const {
  return parts_->server.port();
}

bool Inference::drain(std::chrono::seconds timeout) {
  parts_->gateway.settings().draining = true;
  const bool ended = parts_->server.drain(timeout);
  parts_->server.stop();
  return ended;
}

void Inference::abort() {
  parts_->server.abort();
}

bool Inference::loops_answer(std::chrono::milliseconds patience) {
  return parts_->server.loops_answer(patience);
}

void Inference::set_hold_wait(std::chrono::milliseconds patience) {
  parts_->gateway.settings().hold_wait_ms = patience.count();
}

void Inference::set_drain_on_disconnect(bool drain) {
  parts_->gateway.settings().drain_on_disconnect = drain;
}

void Inference::set_trace_mode(domain::TraceMode mode) {
  parts_->gateway.settings().trace = mode;
}

void Inference::publish_keys(const std::vector<domain::Key>& keys) {
  parts_->directory.put_keys(keys);
  for (const auto& key : keys) {
    if (key.revoked_at) parts_->cut(key.id);
  }
}

void Inference::remove_key(const domain::Key& key) {
  parts_->directory.remove_key(key);
  parts_->cut(key.id);
}

void Inference::publish_world(domain::World world) {
  parts_->directory.put_world(std::move(world));
}

domain::CheckView Inference::check(const domain::Key& key, const domain::Call& call) const {
  return gateway::check(parts_->gateway, key, call);
}

void Inference::upstream_answered(const domain::UpstreamId& id) {
  parts_->directory.upstream_answered(id);
}

std::string Inference::upstream_health(const domain::UpstreamId& id) const {
  return parts_->directory.health(id, parts_->gateway.clock().steady());
}

bool Inference::is_draining() const {
  return parts_->gateway.settings().draining;
}

}  // namespace nufi::daemon
