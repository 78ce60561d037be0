#include "cli/show_upstreams.hpp"

#include <nlohmann/json.hpp>

namespace nufi::cli {

using domain::UpstreamView;

namespace {

Cell health_cell(const UpstreamView& view) {
  if (!view.secret_problem.empty())
    return text_cell("no secret: " + view.secret_problem, Tone::bad);
  if (view.health == "ok") return text_cell(view.health, Tone::good);
  return text_cell(view.health, view.health == "unknown" ? Tone::dim : Tone::bad);
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
                         {.title = "HEALTH", .shrinks_to = 12},
                         {.title = "URL", .rank = 4, .shrinks_to = 24},
                         {.title = "MODELS", .rank = 2, .shrinks_to = 12},
                         {.title = "SECRET", .rank = 3, .shrinks_to = 12},
                         {.title = "PRIORITY", .align = Align::right, .rank = 1},
                         {.title = "ID", .only_raw = true}}),
                  "no upstream yet; add one with: nufi upstreams add openai --preset openai"};
  for (const UpstreamView& view : upstreams) {
    const domain::Upstream& upstream = view.upstream;
    listing.ids.push_back(upstream.name);
    listing.table.add({text_cell(upstream.name, Tone::strong),
                       health_cell(view),
                       text_cell(upstream.url.text()),
                       list_cell(upstream.models, "all"),
                       text_cell(view.secret),
                       count_cell(upstream.priority),
                       text_cell(upstream.id.text())});
  }
  return listing;
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

Listing list_of_steps(const std::vector<domain::ProbeStep>& steps) {
  Listing listing{items_of(steps),
                  {},
                  Table({{.title = "STEP"},
                         {.title = "RESULT"},
                         {.title = "TIME", .align = Align::right, .rank = 1},
                         {.title = "DETAIL", .shrinks_to = 20}}),
                  "nothing was tested"};
  for (const domain::ProbeStep& step : steps) {
    constexpr std::int64_t kUsPerMs = 1000;
    listing.ids.push_back(step.name);
    listing.table.add({text_cell(step.name),
                       step.result != domain::ProbeResult::failed ? text_cell("ok", Tone::good)
                                                                  : text_cell("failed", Tone::bad),
                       {human_latency(step.ms * kUsPerMs), std::to_string(step.ms)},
                       text_cell(step.detail)});
  }
  return listing;
}

}  // namespace nufi::cli
