#include "daemon/app.hpp"

#include "daemon/console_door.hpp"
#include "daemon/control_server.hpp"
#include "daemon/demo.hpp"
#include "daemon/inference.hpp"
#include "daemon/instance_lock.hpp"
#include "daemon/janitor.hpp"
#include "daemon/listen.hpp"
#include "daemon/notify.hpp"
#include "daemon/paths.hpp"
#include "daemon/restore.hpp"
#include "daemon/routes.hpp"
#include "daemon/stored_responses.hpp"
#include "daemon/tracer.hpp"
#include "daemon/users.hpp"
#include "daemon/version.hpp"
#include "daemon/watchdog.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/ledger/ledger.hpp"
#include "lib/service/backup.hpp"
#include "lib/service/console.hpp"
#include "lib/service/context.hpp"
#include "lib/service/leases.hpp"
#include "lib/service/publisher.hpp"
#include "lib/service/retention.hpp"
#include "lib/service/settings.hpp"
#include "lib/service/spending.hpp"
#include "lib/service/traces.hpp"
#include "lib/service/vault.hpp"
#include "lib/store/store.hpp"
#include "lib/store/traces.hpp"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <unistd.h>
#include <utility>

namespace nufi::daemon {

namespace {

constexpr std::chrono::milliseconds kSecretsEvery = std::chrono::minutes(1);
/// A start has better things to do than to delete old rows.
constexpr std::chrono::seconds kRetentionAfter{10};
constexpr std::size_t kSocketThreads = 16;
constexpr std::string_view kAdminGroup = "nufi-admin";
/// A browser keeps six connections open, each with a thread, and anybody may come in.
constexpr std::size_t kConsoleThreads = 32;
/// For closing the house once calls have ended.
constexpr std::chrono::seconds kCloseTime{30};

/// The directories have to be right before anything is put into them.
InstanceLock take_data_dir(const Config& config) {
  prepare_directory(config.data_dir, "data directory");
  make_private(config.data_dir);
  return InstanceLock(config.data_dir);
}

/// Of the database that is opened: a restore that was interrupted brings its own.
std::filesystem::path key_file(const Config& config) {
  finish_restore(config.data_dir);
  return config.data_dir / "secret.key";
}

std::unique_ptr<store::Store> open_store(const Config& config) {
  return store::sqlite::open(config.data_dir / "nufi.db", config.durability);
}

Listener control_listener(const Config& config) {
  if (config.inherited.control >= 0) return Listener::inherited(config.inherited.control);
  // Who connects is known by the kernel's word; what they may do is the API's business.
  const Passage passage = config.is_system ? Passage::everyone : Passage::own;
  prepare_directory(config.socket.parent_path(), "socket directory", passage);
  return Listener::unix_socket(config.socket, passage);
}

std::optional<Listener> console_listener(const Config& config) {
  if (config.inherited.console >= 0) return Listener::inherited(config.inherited.console);
  if (!config.console) return std::nullopt;
  return Listener::tcp(*config.console);
}

Inference::Options inference_options(const Config& config,
                                     const service::SettingValues& settings,
                                     gateway::TraceSink& traces) {
  return {.host = config.listen.host,
          .port = config.listen.port,
          .allow_remote = config.allow_remote_inference,
          .listen_fd = config.inherited.inference,
          .allowed_hosts = config.allowed_hosts,
          .cors_origins = config.cors_origins,
          .max_body = config.max_body,
          .max_buffered = config.max_buffered,
          .max_connections = config.max_connections,
          .upstream_timeout = config.upstream_timeout,
          .hold_wait = config.hold_wait.value_or(settings.hold_wait),
          .budget_status = config.budget_status.value_or(settings.budget_status),
          .ca_file = config.ca_file,
          .proxies = config.proxies,
          .traces = &traces};
}

/// Where a client finds a door: one that listens everywhere is found on this machine.
std::string origin(Address address, std::uint16_t port) {
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  address.port = port;
  return "http://" + address.text();
}

}  // namespace

/// Everything, in the order it is built; destruction is the reverse.
class App::House {
 public:
  House(const Config& config, Signals& signals)
      : config_(config),
        lock_(take_data_dir(config)),
        control_listener_(control_listener(config)),
        console_listener_(console_listener(config)),
        vault_(key_file(config), config.environment),
        store_(open_store(config)),
        settings_(service::read_settings(store_->settings())),
        ledger_(ledger::open(store_->ledger(),
                             clock_,
                             {.journal_dir = config.data_dir / "journal",
                              .durability = config.durability,
                              .zone = settings_.timezone})),
        responses_(store_->ledger(), *ledger_),
        traces_store_(store::sqlite::open_traces(config.data_dir / "traces.db")),
        traces_(*traces_store_, vault_, config.data_dir / "traces.db"),
        tracer_(traces_, clock_, settings_),
        inference_(
            inference_options(config, settings_, tracer_), *ledger_, responses_, even_clock_),
        publisher_(*store_, inference_, vault_, built_ins()),
        backups_(*store_, *ledger_, config.data_dir / "backups", config.data_dir / "secret.key"),
        retention_(store_->ledger(), clock_) {
    inference_.bind();
    inference_.set_drain_on_disconnect(settings_.drain_on_disconnect);
    inference_.set_trace_mode(settings_.trace);
    traces_.sync = [this] { tracer_.sync(); };
    service::carry_leases_over(store_->keys(), even_clock_.now().even);
    service::mend_windows(store_->people(), publisher_.publish_all(), *ledger_);
    inference_.start();
    context_.emplace(make_context());
    open_doors(signals);
    secrets_janitor_.emplace("secrets", kSecretsEvery, [this] {
      refresh_secrets();
      return kSecretsEvery;
    });
    leases_janitor_.emplace(
        "leases", service::kLeasesEvery, [this] { return service::end_leases(*context_); });
    retention_janitor_.emplace("retention", kRetentionAfter, [this] {
      return retention_.step(service::read_settings(store_->settings()).keep_days);
    });
  }

  [[nodiscard]] std::string ready_line() const {
    const service::DaemonFacts& facts = context_->facts;
    const std::string console =
        facts.console_url.empty() ? "" : fmt::format("console {}, ", facts.console_url);
    return fmt::format(
        "nufid: ready on {} ({}socket {})", facts.inference_url, console, facts.socket);
  }

  void announce_ready() {
    notify_systemd(config_.notify_socket,
                   fmt::format("READY=1\nSTATUS=serving {}", context_->facts.inference_url));
    watch([this](std::chrono::milliseconds patience) { prove_life(patience); });
  }
  /// Systemd waits as long as calls may take to end, whatever its unit says.
  void announce_stop() const {
    const std::chrono::microseconds most = config_.drain_timeout + kCloseTime;
    notify_systemd(
        config_.notify_socket,
        fmt::format("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC={}", most.count()));
  }

  /// Lets calls end while the doors of the control plane stay open: nufi status tells of it.
  void drain() {
    is_draining_ = true;
    watch({});  // the loops are going to end; how long that may take is not the watchdog's business
    inference_.drain(config_.drain_timeout);
  }
  void abort() { inference_.abort(); }

  void close_doors() {
    retention_janitor_.reset();
    leases_janitor_.reset();
    secrets_janitor_.reset();
    console_server_.reset();
    control_server_.reset();
    watchdog_.reset();
  }

 private:
  void watch(Watchdog::Proof proof) {
    if (config_.watchdog.count() == 0) return;
    watchdog_.emplace(config_.notify_socket, config_.watchdog, std::move(proof));
  }

  void prove_life(std::chrono::milliseconds patience) {
    if (!inference_.loops_answer(patience)) {
      throw Error(Errc::internal, "an event loop does not answer");
    }
    try {
      ledger_->sync();  // returns when whoever folds has
    } catch (const Error&) {
      // A ledger that can't be written is alive, says so itself, and would be no better for a
      // restart.
    }
  }

  std::vector<service::Publisher::BuiltIn> built_ins() {
    if (!config_.demo) return {};
    demo_.emplace(clock_);
    return {demo_->built_in()};
  }

  service::Context make_context() {
    service::DaemonFacts facts;
    facts.version = kVersion;
    facts.pid = ::getpid();
    facts.owner_uid = ::geteuid();
    facts.is_system = config_.is_system;
    facts.started_at = clock_.now();
    facts.inference_url = origin(config_.listen, inference_.port()) + "/v1";
    if (console_listener_) {
      facts.console_url =
          origin(config_.console.value_or(Address{"127.0.0.1", 0}), console_listener_->port());
    }
    facts.socket = config_.socket.string();
    facts.data_dir = config_.data_dir.string();
    facts.durability = config_.durability == store::Durability::power ? "power" : "process";
    facts.timezone = settings_.timezone.name();
    facts.ca_file = config_.ca_file;
    facts.proxies = config_.proxies;
    facts.drain_timeout = config_.drain_timeout;
    return {.store = *store_,
            .ledger = *ledger_,
            .data_plane = inference_,
            .clock = clock_,
            .even_clock = even_clock_,
            .vault = vault_,
            .publisher = publisher_,
            .backups = backups_,
            .consoles = consoles_,
            .traces = traces_,
            .changes = changes_,
            .facts = std::move(facts),
            .username_of = Users::name_of,
            .is_in_admin_group = [this](std::int64_t uid) { return users_.is_admin(uid); },
            .settings_changed =
                [this](const service::SettingValues& values) {
                  if (!config_.hold_wait) inference_.set_hold_wait(values.hold_wait);
                  inference_.set_drain_on_disconnect(values.drain_on_disconnect);
                  inference_.set_trace_mode(values.trace);
                  tracer_.set_limits(values);
                }};
  }

  void open_doors(Signals& signals) {
    api_.emplace(*context_, [&signals] { signals.request_stop(); });
    console_door_.emplace(
        ConsoleDoor::Options{.listen_host = config_.console ? config_.console->host : "",
                             .allowed_hosts = config_.allowed_hosts},
        *api_,
        *context_,
        [this] { return is_draining_ ? std::string("draining") : ledger_->problem(); });
    if (console_listener_) {
      console_server_.emplace(
          ControlServer::Options{.threads = kConsoleThreads, .version = std::string(kVersion)},
          [this](const Request& request) { return console_door_->answer(request); });
      console_server_->start(console_listener_->fd());
    }
    control_server_.emplace(
        ControlServer::Options{.threads = kSocketThreads, .version = std::string(kVersion)},
        [this](const Request& request) { return api_->answer(request); });
    control_server_->start(control_listener_.fd());
  }

  void refresh_secrets() {
    if (!publisher_.refresh_secrets()) return;
    const std::lock_guard lock(changes_);
    publisher_.publish_world();
  }

  const Config config_;
  const SystemClock clock_;
  const EvenClock even_clock_{clock_};
  const Users users_{clock_, std::string(kAdminGroup)};
  const InstanceLock lock_;
  const Listener control_listener_;
  const std::optional<Listener> console_listener_;
  const service::Vault vault_;
  const std::unique_ptr<store::Store> store_;
  const service::SettingValues settings_;  ///< as they were at the start
  const std::unique_ptr<ledger::Ledger> ledger_;
  std::optional<DemoUpstream> demo_;
  StoredResponses responses_;
  const std::unique_ptr<store::Traces> traces_store_;
  service::TraceArchive traces_;
  Tracer tracer_;
  Inference inference_;
  service::Publisher publisher_;
  service::Backups backups_;
  service::ConsoleSessions consoles_{clock_};
  service::Retention retention_;
  std::mutex changes_;
  std::atomic<bool> is_draining_ = false;
  std::optional<service::Context> context_;
  std::optional<ManagementApi> api_;
  std::optional<ConsoleDoor> console_door_;
  std::optional<ControlServer> console_server_;
  std::optional<ControlServer> control_server_;
  std::optional<Janitor> secrets_janitor_;
  std::optional<Janitor> leases_janitor_;
  std::optional<Janitor> retention_janitor_;
  std::optional<Watchdog> watchdog_;
};

App::App(const Config& config, Signals& signals)
    : signals_(signals), house_(std::make_unique<House>(config, signals)) {
  house_->announce_ready();
}

App::~App() = default;

std::string App::ready_line() const {
  return house_->ready_line();
}

void App::run() {
  signals_.wait();
  log::info("draining");
  house_->announce_stop();
  std::thread draining([this] {
    house_->drain();
    signals_.announce_done();
  });
  // Asking again by POST changes nothing; a second signal is somebody in a hurry.
  for (Wake wake = signals_.wait(); wake != Wake::done; wake = signals_.wait()) {
    if (wake == Wake::signal) house_->abort();
  }
  draining.join();
  house_->close_doors();
  house_.reset();
  log::info("stopped");
}

}  // namespace nufi::daemon
