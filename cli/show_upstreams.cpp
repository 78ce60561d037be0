#include "cli/show_upstreams.hpp"

#include <nlohmann/json.hpp>

namespace nufi::cli {

using domain::LocalServer;
using domain::ProbeResult;
using domain::ProbeStep;
using domain::UpstreamView;

namespace {

Cell result_cell(ProbeResult result) {
  switch (result) {
    case ProbeResult::ok:
      return text_cell("ok", Tone::good);
    case ProbeResult::warning:
      return text_cell("warning", Tone::warning);
    case ProbeResult::failed:
      return text_cell("failed", Tone::bad);
    case ProbeResult::skipped:
      return text_cell("skipped", Tone::dim);
  }
  return {};
}

Cell upstream_cell(const LocalServer& server) {
  if (server.added) return {"+ " + server.upstream, server.upstream, Tone::good};
  return server.upstream.empty() ? Cell{"none", "", Tone::dim} : text_cell(server.upstream);
}

std::string health_text(const UpstreamView& view) {
  return view.secret_problem.empty() ? view.health : "no secret: " + view.secret_problem;
}

Cell health_cell(const UpstreamView& view) {
  const std::string text = health_text(view);
  if (text == "ok") return text_cell(text, Tone::good);
  return text_cell(text, text == "unknown" ? Tone::dim : Tone::bad);
}

/// In a table only what it is: why has a line of its own.
Cell short_health_cell(const UpstreamView& view) {
  Cell cell = health_cell(view);
  cell.shown = cell.shown.substr(0, cell.shown.find(": "));
  return cell;
}

/// Whole milliseconds are all that is known.
std::string shown_time(std::int64_t ms) {
  constexpr std::int64_t kUsPerMs = 1000;
  constexpr std::int64_t kMsPerSecond = 1000;
  if (ms == 0) return "<1ms";
  return ms < kMsPerSecond ? std::to_string(ms) + "ms" : human_latency(ms * kUsPerMs);
}

Cell pairs_cell(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<std::string> list;
  for (const auto& [name, value] : pairs) list.push_back(name + "=" + value);
  return list_cell(list, "none");
}

}  // namespace

Listing list_of_upstreams(const std::vector<UpstreamView>& upstreams) {
  Listing listing{items_of(upstreams),
                  {},
                  Table({{.title = "UPSTREAM", .shrinks_to = 12},
                         {.title = "HEALTH"},
                         {.title = "URL", .rank = 4, .shrinks_to = 24},
                         {.title = "MODELS", .rank = 2, .shrinks_to = 12},
                         {.title = "SECRET", .rank = 3, .shrinks_to = 12},
                         {.title = "PRIORITY", .align = Align::right, .rank = 1},
                         {.title = "ID", .only_raw = true}}),
                  "no upstream yet; add one with: nufi upstreams add openai --preset openai"};
  for (const UpstreamView& view : upstreams) {
    const domain::Upstream& upstream = view.upstream;
    listing.ids.push_back(upstream.id.text());
    listing.table.add({text_cell(upstream.name, Tone::strong),
                       short_health_cell(view),
                       text_cell(upstream.url.text()),
                       list_cell(upstream.models, "all"),
                       text_cell(view.secret),
                       count_cell(upstream.priority),
                       text_cell(upstream.id.text())});
  }
  return listing;
}

void note_problems(const Context& context, const std::vector<UpstreamView>& upstreams) {
  if (!context.screen.is_terminal || context.json) return;
  for (const UpstreamView& view : upstreams) {
    const std::string text = health_text(view);
    const auto colon = text.find(": ");
    if (colon == std::string::npos) continue;
    context.note(printable(view.upstream.name + ": " + text));
  }
}

Context::Rows rows_of_upstream(const UpstreamView& view) {
  const domain::Upstream& upstream = view.upstream;
  return {{"name", text_cell(upstream.name, Tone::strong)},
          {"id", text_cell(upstream.id.text())},
          {"url", text_cell(upstream.url.text())},
          {"health", health_cell(view)},
          {"secret", text_cell(view.secret)},
          {"prices of", text_cell(upstream.free ? "free" : upstream.provider)},
          {"models", list_cell(upstream.models, "all")},
          {"aliases", pairs_cell(upstream.aliases)},
          {"headers", pairs_cell(upstream.headers)},
          {"groups", list_cell(upstream.groups, "all")},
          {"priority", count_cell(upstream.priority)},
          {"weight", count_cell(upstream.weight)},
          {"connections", count_cell(upstream.max_connections)},
          {"ca file", text_cell(upstream.ca_file)}};
}

Listing list_of_steps(const std::vector<ProbeStep>& steps) {
  Listing listing{items_of(steps),
                  {},
                  Table({{.title = "STEP"},
                         {.title = "RESULT"},
                         {.title = "TIME", .align = Align::right, .rank = 1},
                         {.title = "FIRST BYTE", .only_raw = true},
                         {.title = "DETAIL", .shrinks_to = 20},
                         {.title = "HINT", .only_raw = true}}),
                  "nothing was tested"};
  for (const ProbeStep& step : steps) {
    listing.ids.push_back(step.name);
    const bool was_tried = step.result != ProbeResult::skipped;
    listing.table.add({text_cell(step.name),
                       result_cell(step.result),
                       {was_tried ? shown_time(step.ms) : "", std::to_string(step.ms)},
                       count_cell(step.first_byte_ms),
                       text_cell(step.detail),
                       text_cell(step.hint)});
  }
  return listing;
}

Listing list_of_servers(const std::vector<LocalServer>& servers) {
  Listing listing{items_of(servers),
                  {},
                  Table({{.title = "SERVER"},
                         {.title = "URL"},
                         {.title = "UPSTREAM", .shrinks_to = 8},
                         {.title = "MODELS", .rank = 1, .shrinks_to = 12}}),
                  "no model server answers on this machine; name its port with --port"};
  for (const LocalServer& server : servers) {
    listing.ids.push_back(server.upstream.empty() ? server.url : server.upstream);
    listing.table.add({server.preset.empty() ? Cell{"unknown", "", Tone::dim}
                                             : text_cell(server.preset, Tone::strong),
                       text_cell(server.url),
                       upstream_cell(server),
                       server.needs_key ? Cell{"needs a key", "", Tone::warning}
                                        : list_cell(server.models, "none")});
  }
  return listing;
}

}  // namespace nufi::cli
