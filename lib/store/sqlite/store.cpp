#include "lib/store/store.hpp"

#include "lib/store/sqlite/audit.hpp"
#include "lib/store/sqlite/backup.hpp"
#include "lib/store/sqlite/connection.hpp"
#include "lib/store/sqlite/file.hpp"
#include "lib/store/sqlite/integrity.hpp"
#include "lib/store/sqlite/keys.hpp"
#include "lib/store/sqlite/ledger.hpp"
#include "lib/store/sqlite/migrations.hpp"
#include "lib/store/sqlite/people.hpp"
#include "lib/store/sqlite/prices.hpp"
#include "lib/store/sqlite/readers.hpp"
#include "lib/store/sqlite/reports.hpp"
#include "lib/store/sqlite/settings.hpp"
#include "lib/store/sqlite/tokens.hpp"
#include "lib/store/sqlite/upstreams.hpp"

#include <utility>

namespace nufi::store::sqlite {
namespace {

class SqliteStore final : public Store {
 public:
  SqliteStore(std::unique_ptr<Connection> control,
              std::unique_ptr<Connection> ledger,
              int schema_version)
      : schema_version_(schema_version),
        writer_(std::move(control)),
        ledger_writer_(std::move(ledger)),
        readers_(ledger_writer_->file()),
        audit_(readers_),
        keys_(writer_, readers_),
        people_(writer_, readers_),
        prices_(writer_, readers_),
        settings_(writer_, readers_),
        tokens_(writer_, readers_),
        upstreams_(writer_, readers_),
        ledger_(*ledger_writer_, writer_, readers_),
        reports_(readers_) {}

  AuditLog& audit() override { return audit_; }
  Keys& keys() override { return keys_; }
  People& people() override { return people_; }
  Prices& prices() override { return prices_; }
  Settings& settings() override { return settings_; }
  Tokens& tokens() override { return tokens_; }
  Upstreams& upstreams() override { return upstreams_; }
  LedgerStore& ledger() override { return ledger_; }
  Reports& reports() override { return reports_; }
  bool copy_to(const std::filesystem::path& file, const CopyProgress& progress) override {
    return copy_database(ledger_writer_->file(), file, progress);
  }
  Integrity check_integrity(std::chrono::milliseconds patience) override {
    return find_damage(ledger_writer_->file(), patience);
  }
  [[nodiscard]] int schema_version() const override { return schema_version_; }

 private:
  const int schema_version_;
  // The readers are closed before the writers: the last to close writes the log back into the
  // database, which a reader may not.
  Writer writer_;
  std::unique_ptr<Connection> ledger_writer_;
  Readers readers_;
  SqliteAuditLog audit_;
  SqliteKeys keys_;
  SqlitePeople people_;
  SqlitePrices prices_;
  SqliteSettings settings_;
  SqliteTokens tokens_;
  SqliteUpstreams upstreams_;
  SqliteLedger ledger_;
  SqliteReports reports_;
};

}  // namespace

std::unique_ptr<Store> open(const std::filesystem::path& file, Durability durability) {
  make_private(file);
  return translating(file, [&]() -> std::unique_ptr<Store> {
    auto control = std::make_unique<Connection>(file, Role::writer, durability);
    const int version = migrate(*control, all_migrations());
    auto ledger = std::make_unique<Connection>(file, Role::writer, durability);
    const auto turn = std::make_shared<WriteTurn>();
    control->write_in_turn(turn);
    ledger->write_in_turn(turn);
    return std::make_unique<SqliteStore>(std::move(control), std::move(ledger), version);
  });
}

}  // namespace nufi::store::sqlite
