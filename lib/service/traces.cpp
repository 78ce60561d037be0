#include "lib/service/traces.hpp"

#include "lib/base/error.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/keys.hpp"
#include "lib/service/settings.hpp"
#include "lib/service/vault.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace nufi::service {
namespace {

constexpr std::int64_t kMostTraces = 1000;

void require_trace_admin(const Actor& actor) {
  require_admin(actor, "see traces or turn them on and off");
}

/// Notes in the audit log that traces were deleted: they lie in another file, so there is no
/// transaction to share, and the note comes first.
void note_removal(const Context& context,
                  const Actor& actor,
                  const AuditSubject& subject,
                  const Facts& before) {
  const std::lock_guard lock(context.changes);
  // Unsetting what nobody can set writes the entry and nothing else.
  context.store.settings().unset(
      "traces.removed", audit_change(context, actor, "trace.delete", subject, before, Facts()));
}

/// The id of the one trace that `word` means.
std::string find_trace(const Context& context, std::string_view word) {
  context.traces.sync();
  const std::string text(word);
  store::Traces& traces = context.traces.store();
  if (traces.get(text)) return text;
  const auto found = traces.matching(text, 2);
  if (found.size() == 1 && !text.empty()) return found.front();
  if (found.size() > 1 && !text.empty()) {
    throw Error(Errc::ambiguous,
                fmt::format("'{}' is the beginning of several traces", text),
                "give more of the request's id; see them with: nufi traces list");
  }
  const auto mode = read_settings(context.store.settings()).trace;
  throw Error(Errc::not_found,
              fmt::format("there is no trace of a request '{}'", text),
              mode == domain::TraceMode::off
                  ? "only calls of keys with --trace are kept; of all calls from now on with: nufi "
                    "traces on"
                  : "see those there are with: nufi traces list");
}

/// A disk that can't be asked is not said to be full.
void require_room(const std::filesystem::path& file, std::int64_t bytes) {
  std::error_code failure;
  const auto space = std::filesystem::space(file.parent_path(), failure);
  const auto free = static_cast<std::int64_t>(space.available);
  const auto capacity = static_cast<std::int64_t>(space.capacity);
  if (failure || has_room_for_traces(bytes, free, capacity)) return;
  constexpr std::int64_t kMebi = std::int64_t{1} << 20;
  throw Error(Errc::unavailable,
              fmt::format("the disk of {} has {} MiB free, and traces leave {} MiB of it for calls",
                          file.string(),
                          free / kMebi,
                          trace_reserve(capacity) / kMebi),
              "make room, or delete traces with: nufi traces delete --all");
}

}  // namespace

TraceArchive::TraceArchive(store::Traces& store, const Vault& vault, std::filesystem::path file)
    : store_(store), vault_(vault), file_(std::move(file)) {}

std::int64_t trace_reserve(std::int64_t capacity) {
  constexpr std::int64_t kMebi = std::int64_t{1} << 20;
  return std::min(std::clamp(capacity / 20, 64 * kMebi, 1024 * kMebi), capacity / 4);
}

bool has_room_for_traces(std::int64_t bytes, std::int64_t free, std::int64_t capacity) {
  return free - 2 * bytes >= trace_reserve(capacity);
}

void TraceArchive::add(std::vector<store::StoredTrace> traces) {
  std::int64_t bytes = 0;
  for (const store::StoredTrace& trace : traces) {
    bytes +=
        static_cast<std::int64_t>(trace.facts.size() + trace.request.size() + trace.reply.size());
  }
  require_room(file_, bytes);
  for (store::StoredTrace& trace : traces) {
    const std::string& id = trace.head.id;
    trace.facts = vault_.seal_trace(id, "facts", std::move(trace.facts));
    trace.request = vault_.seal_trace(id, "request", std::move(trace.request));
    trace.reply = vault_.seal_trace(id, "reply", std::move(trace.reply));
  }
  store_.add(traces);
}

store::StoredTrace TraceArchive::open(store::StoredTrace sealed) const {
  const std::string& id = sealed.head.id;
  sealed.facts = vault_.open_trace(id, "facts", sealed.facts);
  sealed.request = vault_.open_trace(id, "request", sealed.request);
  sealed.reply = vault_.open_trace(id, "reply", sealed.reply);
  return sealed;
}

void TraceArchive::retire(Timestamp now, std::chrono::days kept, std::int64_t most_bytes) {
  store_.retire(now - kept, most_bytes);
}

domain::TraceSettings show_trace_settings(const Context& context,
                                          const Actor& actor,
                                          std::string_view key) {
  require_trace_admin(actor);
  const SettingValues values = read_settings(context.store.settings());
  domain::TraceSettings settings;
  settings.mode = values.trace;
  if (!key.empty()) {
    const domain::Key found = find_key(context, actor, key);
    settings.mode = domain::trace_mode_of(found);
    settings.key = found.name;
  }
  settings.file = context.traces.file().string();
  settings.days = values.trace_days;
  settings.most_bytes = values.trace_most_bytes;
  settings.dropped = context.traces.lost();
  settings.problem = context.traces.problem();
  // A damaged file must not keep anybody from turning traces off.
  try {
    settings.bytes = context.traces.store().bytes();
  } catch (const Error& error) {
    settings.problem = error.what();
  }
  return settings;
}

domain::TraceSettings set_trace_mode(const Context& context,
                                     const Actor& actor,
                                     domain::TraceMode mode,
                                     std::string_view key) {
  require_trace_admin(actor);
  if (key.empty()) {
    change_settings(context, actor, {{"trace", std::string(domain::trace_mode_name(mode))}});
    return show_trace_settings(context, actor, {});
  }
  domain::KeyTerms terms;
  terms.trace = domain::Change<bool>::set(mode != domain::TraceMode::off);
  terms.trace_errors_only = domain::Change<bool>::set(mode == domain::TraceMode::errors);
  const auto view = edit_key(context, actor, key, terms);
  return show_trace_settings(context, actor, view.key.id.text());
}

Page<domain::TraceHead> list_traces(const Context& context,
                                    const Actor& actor,
                                    const TraceQuery& query) {
  require_trace_admin(actor);
  if (query.last < 1 || query.last > kMostTraces) {
    throw Error(Errc::invalid, fmt::format("last must be from 1 to {}", kMostTraces));
  }
  store::TraceFilter filter;
  filter.limit = query.last + 1;
  filter.before = query.before;
  if (!query.key.empty()) filter.key = find_key_id(context, actor, query.key);
  context.traces.sync();
  Page<domain::TraceHead> page;
  page.data = context.traces.store().list(filter);
  if (page.data.size() > static_cast<std::size_t>(query.last)) {
    page.data.resize(static_cast<std::size_t>(query.last));
    page.next = page.data.back().id;
  }
  return page;
}

store::StoredTrace show_trace(const Context& context, const Actor& actor, std::string_view word) {
  require_trace_admin(actor);
  auto sealed = context.traces.store().get(find_trace(context, word));
  if (!sealed) throw Error(Errc::not_found, "that trace was deleted just now");
  return context.traces.open(std::move(*sealed));
}

std::string remove_trace(const Context& context, const Actor& actor, std::string_view word) {
  require_trace_admin(actor);
  auto id = find_trace(context, word);
  note_removal(context, actor, {id, {}}, Facts().text("request", id));
  context.traces.store().remove(id);
  return id;
}

std::optional<std::int64_t> remove_all_traces(const Context& context, const Actor& actor) {
  require_trace_admin(actor);
  context.traces.sync();
  const auto note = [&] {
    note_removal(context, actor, {"all", {}}, Facts().text("request", "all"));
  };
  bool is_noted = true;
  try {
    note();
  } catch (const Error& error) {
    // On a full disk it is the traces' room that the note needs.
    if (error.code() != Errc::unavailable) throw;
    is_noted = false;
  }
  const auto removed = context.traces.store().remove_all();
  if (!is_noted) note();
  return removed;
}

}  // namespace nufi::service
