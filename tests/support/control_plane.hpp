#pragma once

#include "lib/base/error.hpp"
#include "lib/domain/views.hpp"
#include "lib/ledger/ledger.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/backup.hpp"
#include "lib/service/console.hpp"
#include "lib/service/context.hpp"
#include "lib/service/publisher.hpp"
#include "lib/service/traces.hpp"
#include "lib/service/vault.hpp"
#include "lib/store/store.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_data_plane.hpp"
#include "tests/support/temp_dir.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace nufi::test {

/// The control plane over a real store and ledger in a temporary directory; time and data plane are
/// fakes. It is 2026-08-20T12:00:00Z, and user 1000 ("ada") owns the daemon.
class ControlPlane {
 public:
  explicit ControlPlane(std::vector<service::Publisher::BuiltIn> built_ins = {});

  [[nodiscard]] const service::Context& context() const { return *context_; }
  /// The owner, admitted.
  [[nodiscard]] service::Actor owner() const;
  /// User 1001 ("mia"), admitted as a system-wide daemon does it: a member.
  [[nodiscard]] service::Actor member() const;
  /// The same house as a system-wide daemon; user 1002 ("fay") is in its admin group.
  [[nodiscard]] service::Context system_context() const;

  /// A call of `key` that cost `cost` and used ten tokens of input, settled now.
  void call(const domain::Key& key,
            domain::Money cost,
            domain::RowStatus status = domain::RowStatus::ok) const;

  TempDir directory;
  FakeClock clock;
  EvenClock even_clock{clock};
  FakeDataPlane data_plane;
  std::optional<service::SettingValues> announced;  ///< settings, as told after a change

 private:
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<ledger::Ledger> ledger_;
  service::Vault vault_;
  service::Publisher publisher_;
  service::Backups backups_;
  service::ConsoleSessions consoles_;
  std::unique_ptr<store::Traces> traces_store_;
  service::TraceArchive traces_;
  std::mutex changes_;
  std::optional<service::Context> context_;
};

/// What `act` throws, as "name: message"; "" if it throws no Error.
std::string failure_of(const std::function<void()>& act);

}  // namespace nufi::test
