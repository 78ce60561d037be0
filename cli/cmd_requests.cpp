#include "cli/choices.hpp"
#include "cli/commands.hpp"
#include "cli/local_time.hpp"
#include "cli/options.hpp"
#include "cli/show_usage.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <ostream>
#include <set>

namespace nufi::cli {

using domain::RequestView;
using domain::RowStatus;

namespace {

constexpr std::int64_t kMostRows = 10'000;
constexpr int kPage = 500;
constexpr std::chrono::seconds kPoll{1};

struct RequestOptions {
  api::RequestQuery query;
  bool follow = false;
};

/// Prints rows as lines that go on from those before: the header once, one JSON object a line.
class Lines {
 public:
  explicit Lines(Context& context) : context_(context) {}

  void print(const std::vector<RequestView>& rows) {
    if (context_.json) {
      for (const RequestView& row : rows) context_.out << api::to_text(api::to_json(row)) << '\n';
    } else if (context_.quiet || !context_.screen.is_terminal) {
      if (!rows.empty()) context_.print(list_of_requests(rows, context_.clock.now()));
    } else {
      const Table table = list_of_requests(rows, context_.clock.now(), zone_).table;
      if (!table.empty() || header_ == Table::Header::shown) {
        table.print(context_.out, context_.screen, header_);
      }
      header_ = Table::Header::hidden;
    }
    context_.out.flush();
  }

 private:
  Context& context_;
  const TimeZone zone_ = zone_named(context_.config.time_zone);
  Table::Header header_ = Table::Header::shown;
};

/// The calls of a ledger that grows. A row is shown when its call has ended; until then the look
/// goes back to before it, so that the rows after it may come first and it is not missed.
class Follower {
 public:
  /// The rows of `page` (oldest first) to show now.
  std::vector<RequestView> take(std::vector<RequestView> page) {
    std::vector<RequestView> news;
    // A full page would hide what comes after it: then an open call is shown as it is.
    const bool is_full = page.size() >= static_cast<std::size_t>(kPage);
    bool may_pass = true;
    for (RequestView& view : page) {
      const std::string id = view.row.id.text();
      const bool is_open = view.row.status == RowStatus::running && !is_full;
      if (is_open) may_pass = false;
      if (may_pass) cursor_ = id;
      if (!is_open && shown_.insert(id).second) news.push_back(std::move(view));
    }
    // What lies at or before the cursor is never read again. Ids sort like time.
    shown_.erase(shown_.begin(), shown_.upper_bound(cursor_));
    return news;
  }
  [[nodiscard]] const std::string& cursor() const { return cursor_; }

 private:
  std::string cursor_;
  std::set<std::string> shown_;
};

void follow(Context& context, const RequestOptions& options) {
  auto rows = context.client().requests(options.query);
  std::reverse(rows.begin(), rows.end());
  Follower follower;
  Lines lines(context);
  lines.print(follower.take(std::move(rows)));
  api::RequestQuery next = options.query;
  next.last = kPage;
  while (context.out && context.pause(kPoll)) {
    next.after = follower.cursor();
    auto page = context.client().requests(next);
    // Without a first row there is no place to go on from, and the newest come first.
    if (next.after.empty()) std::reverse(page.begin(), page.end());
    lines.print(follower.take(std::move(page)));
  }
}

}  // namespace

void add_requests_command(CLI::App& root, Context& context) {
  auto options = std::make_shared<RequestOptions>();
  CLI::App* command = root.add_subcommand("requests", "the most recent calls");
  api::RequestQuery& query = options->query;
  add_value(*command,
            "--last",
            "N",
            "so many (default 50)",
            [&query](const std::string& value, const std::string& option) {
              const std::int64_t last = read_count(value, option);
              if (last > kMostRows) {
                throw Error(Errc::usage, option + " must be at most " + std::to_string(kMostRows));
              }
              query.last = static_cast<int>(last);
            });
  command->add_option("--key", query.key, "only of this key")->type_name("KEY");
  command->add_option("--model", query.model, "only of this model")->type_name("MODEL");
  add_choice(
      *command,
      "--status",
      "STATUS",
      "running, ok, client_error, upstream_error, client_gone, cut or interrupted",
      {"running", "ok", "client_error", "upstream_error", "client_gone", "cut", "interrupted"},
      [&query](const std::string& word) { query.status = word; });
  add_value(*command,
            "--since",
            "WHEN",
            "2h, 7d, 2026-08-01 or 2026-08-01T10:00:00Z",
            [&context, &query](const std::string& value, const std::string& option) {
              query.since = read_since(value, option, context);
            });
  command->add_flag("--follow", options->follow, "go on with new calls as they end");
  add_output_options(*command, context);
  command->callback([&context, options] {
    if (options->follow) {
      follow(context, *options);
    } else {
      const api::RequestQuery& asked = options->query;
      const auto rows = context.client().requests(asked);
      auto listing = list_of_requests(rows, context.clock.now());
      const bool is_part =
          !asked.key.empty() || !asked.model.empty() || !asked.status.empty() || asked.since;
      if (is_part) listing.when_empty = "no such calls";
      context.print(listing);
    }
  });
}

}  // namespace nufi::cli
