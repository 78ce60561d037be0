#pragma once

#include "lib/base/even_clock.hpp"
#include "lib/domain/proxy.hpp"
#include "lib/ledger/ledger.hpp"
#include "lib/service/data_plane.hpp"
#include "lib/service/settings.hpp"
#include "lib/store/store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace nufi::service {

struct Actor;
class Backups;
class ConsoleSessions;
class Publisher;
class TraceArchive;
class Vault;

/// What `nufi status` tells of the process; constant while it runs.
struct DaemonFacts {
  std::string version;
  std::int64_t pid = 0;
  std::int64_t owner_uid = 0;  ///< the user it runs as: admin, as root is
  bool is_system = false;      ///< it serves every user of the machine, not its owner only
  Timestamp started_at;
  std::string inference_url;
  std::string console_url;  ///< "" = off
  std::string socket;
  std::string data_dir;
  std::string durability;                ///< "process", "power"
  std::string timezone;                  ///< in force since the start
  std::string ca_file;                   ///< additional roots for all upstreams, or ""
  domain::ProxyRules proxies;            ///< how upstreams are reached
  std::chrono::seconds drain_timeout{};  ///< what calls get to end in at shutdown
};

/// What the use cases work on. Everything is lent and outlives it. Thread-safe: every member has
/// its own lock or is constant.
struct Context {
  store::Store& store;
  ledger::Ledger& ledger;
  DataPlane& data_plane;
  const Clock& clock;
  const EvenClock& even_clock;  ///< over `clock`; by which leases end
  const Vault& vault;
  Publisher& publisher;
  Backups& backups;
  ConsoleSessions& consoles;
  TraceArchive& traces;
  /// Changes are made one at a time: reading, deciding, writing and publishing happen under this
  /// lock, so the data plane gets changes in the order of the database and no edit is lost. It is
  /// held across SQL by design; neither readers nor the data plane ever take it.
  std::mutex& changes;
  DaemonFacts facts;
  /// The login name of an operating-system user; "" if it has none.
  std::function<std::string(std::int64_t uid)> username_of;
  /// True if that user is in the group whose members are admins of a system-wide daemon.
  std::function<bool(std::int64_t uid)> is_in_admin_group;
  /// Told after a setting changed, with all of them.
  std::function<void(const SettingValues&)> settings_changed;
};

/// One page of a list; `next` is the cursor of the following one, "" at the end.
template <class T>
struct Page {
  std::vector<T> data;
  std::string next;
};

}  // namespace nufi::service
