#include "lib/service/reprice.hpp"

#include "lib/base/error.hpp"
#include "lib/domain/price_book.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/publisher.hpp"

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace nufi::service {

namespace {

using domain::LedgerRow;
using domain::RepriceSums;

/// Rows read at once, and rows written at once: nothing is folded while they are.
constexpr std::int64_t kPage = 2000;
constexpr std::size_t kBatch = 200;
/// How long one request may take: a daemon that is asked to stop waits for it.
constexpr std::chrono::seconds kPatience{1};

/// The prices in force, by what a row remembers.
class Prices {
 public:
  explicit Prices(Publisher& publisher) : book_(publisher.price_book()) {
    for (auto& one : publisher.upstreams()) {
      upstreams_.emplace(one.upstream.name, std::move(one.upstream));
    }
  }

  /// Null: the row keeps its charge.
  [[nodiscard]] const domain::Price* find(const LedgerRow& row) const {
    const auto upstream = upstreams_.find(row.upstream);
    if (upstream == upstreams_.end() || upstream->second.free) return nullptr;
    return book_.find(upstream->second, row.upstream_model, row.model);
  }

 private:
  domain::PriceBook book_;
  std::map<std::string, domain::Upstream> upstreams_;
};

class Run {
 public:
  Run(const Context& context, const Actor& actor, const domain::RepriceTerms& terms)
      : context_(context),
        actor_(actor),
        terms_(terms),
        prices_(context.publisher),
        began_(context.clock.steady()) {
    report_.from = terms.since;
    report_.to = terms.until.value_or(context.clock.now());
  }

  domain::RepriceReport go() {
    context_.ledger.sync();
    store::RequestFilter filter;
    filter.model = terms_.model;
    filter.since = report_.from;
    filter.after = terms_.after;
    filter.limit = kPage;
    while (true) {
      const auto rows = context_.store.reports().requests(filter);
      for (const LedgerRow& row : rows) {
        if (row.time >= report_.to) return finish();
        look_at(row);
      }
      if (static_cast<std::int64_t>(rows.size()) < kPage) return finish();
      filter.after = rows.back().id;
      if (context_.clock.steady() - began_ < kPatience) continue;
      report_.next = filter.after;
      return finish();
    }
  }

 private:
  void look_at(const LedgerRow& row) {
    if (row.status == domain::RowStatus::running) return;
    const domain::Charge old = charge_of(row);
    const domain::Price* price = is_rechargeable(row) ? prices_.find(row) : nullptr;
    const domain::Charge fresh = price == nullptr ? old : charge_at(row, *price);
    RepriceSums sums;
    sums.rows = 1;
    sums.changed = fresh == old ? 0 : 1;
    sums.kept = price == nullptr ? 1 : 0;
    sums.old_cost = old.cost;
    sums.new_cost = fresh.cost;
    report_.totals += sums;
    report_.models[row.model] += sums;
    if (fresh == old || terms_.dry_run) return;
    batch_.push_back(
        {row.id, old.cost, fresh.cost, fresh.upstream_cost, fresh.basis, fresh.price_id});
    if (batch_.size() >= kBatch) write();
  }

  void write() {
    // The log knows of it before the first row has changed, and of the sums once all have: whoever
    // finds only the first entry knows that it was cut short.
    const auto began = entry("ledger.reprice", asked());
    context_.ledger.correct(batch_, wrote_ ? nullptr : &began);
    wrote_ = true;
    batch_.clear();
  }

  domain::RepriceReport finish() {
    if (!batch_.empty()) write();
    if (wrote_) {
      const auto ended = entry("ledger.repriced", sums());
      context_.ledger.correct({}, &ended);
    }
    report_.applied = !terms_.dry_run;
    return std::move(report_);
  }

  [[nodiscard]] Facts asked() const {
    Facts facts;
    facts.time("since", report_.from).time("until", report_.to).text("model", terms_.model);
    return facts;
  }
  [[nodiscard]] Facts sums() const {
    Facts facts = asked();
    facts.number("rows", report_.totals.rows)
        .number("changed", report_.totals.changed)
        .money("old_cost_usd", report_.totals.old_cost)
        .money("new_cost_usd", report_.totals.new_cost);
    return facts;
  }
  [[nodiscard]] store::AuditEntry entry(std::string action, const Facts& facts) const {
    return audit_change(
        context_, actor_, std::move(action), {.id = "ledger", .name = ""}, Facts(), facts);
  }

  const Context& context_;
  const Actor& actor_;
  const domain::RepriceTerms& terms_;
  const Prices prices_;
  const SteadyTime began_;
  domain::RepriceReport report_;
  std::vector<store::Correction> batch_;
  bool wrote_ = false;
};

}  // namespace

domain::RepriceReport reprice(const Context& context,
                              const Actor& actor,
                              const domain::RepriceTerms& terms) {
  require_admin(actor, "reprice the ledger");
  if (terms.since >= terms.until.value_or(context.clock.now())) {
    throw Error(Errc::invalid, "since must be before until and in the past");
  }
  return Run(context, actor, terms).go();
}

}  // namespace nufi::service
