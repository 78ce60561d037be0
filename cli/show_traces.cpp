#include "cli/show_traces.hpp"

#include "lib/base/text.hpp"
#include "lib/base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>
#include <utility>

namespace nufi::cli {

using domain::Trace;
using domain::TracePart;
using domain::TraceSpan;
using domain::TraceView;

namespace {

constexpr std::int64_t kSlowUs = 1'000'000;
constexpr int kTimeWidth = 7;
constexpr int kWidestBar = 100;
constexpr int kWidestLabel = 24;
/// So much of a text is shown without --full.
constexpr std::size_t kLines = 40;

struct SpanName {
  std::string_view name;
  std::string_view label;
  std::string_view told;  ///< {0}: whose, {1}: how long
};
constexpr std::array kNames = {
    SpanName{"body", "request", "the request took {1} to come"},
    SpanName{"hold", "wait for room", "it waited {1} for room in its budgets and limits"},
    SpanName{"probe", "wait for probe", "it waited {1} to see whether a resting upstream is back"},
    SpanName{"turn", "wait for turn", "it waited {1} for a connection that {0} may have"},
    SpanName{"lookup", "find address", "finding the address of {0} took {1}"},
    SpanName{"connect", "connect", "connecting to {0} took {1}"},
    SpanName{"tls", "TLS", "the TLS handshake with {0} took {1}"},
    SpanName{"upstream", "first byte", "{0} took {1} to its first byte"},
    SpanName{"reply", "reply", "the reply of {0} took {1} to come"},
    SpanName{"settle", "settle", "writing its cost to the disk took {1}"},
    SpanName{"client", "client", "the client read slowly: the reply waited {1} for it"},
};

const SpanName* find_name(std::string_view name) {
  const auto* const found = std::find_if(
      kNames.begin(), kNames.end(), [&](const SpanName& each) { return each.name == name; });
  return found == kNames.end() ? nullptr : found;
}

std::string told(const TracePart& part) {
  const std::string whose =
      part.upstream.empty() ? "the upstream" : "'" + printable(part.upstream) + "'";
  const std::string time = human_latency(part.us);
  if (part.name == "failed") {
    return fmt::format(
        "{} failed first, which took {}",
        part.count == 1 ? std::string("one attempt") : fmt::format("{} attempts", part.count),
        time);
  }
  if (const SpanName* name = find_name(part.name)) {
    return fmt::format(fmt::runtime(name->told), whose, time);
  }
  return fmt::format("{} took {}", printable(part.name), time);
}

std::string label_of(const TraceSpan& span, bool with_upstream) {
  const SpanName* name = find_name(span.name);
  std::string label = name == nullptr ? printable(span.name) : std::string(name->label);
  if (with_upstream && !span.upstream.empty()) label += " " + printable(span.upstream);
  return shorten(label, kWidestLabel);
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

/// The bar of what began at `start` and took `us` of `total`, in `room` columns.
std::string bar_of(
    std::int64_t start, std::int64_t us, std::int64_t total, int room, bool unicode) {
  const auto column = [&](std::int64_t at) {
    return static_cast<int>(static_cast<long double>(at) / static_cast<long double>(total) * room);
  };
  const int from = std::clamp(column(start), 0, room - 1);
  const int to = std::clamp(column(start + us), from, room);
  // What took less than a column is still seen.
  const std::string ink =
      to > from ? repeated(unicode ? "█" : "#", to - from) : std::string(unicode ? "▏" : "|");
  return std::string(static_cast<std::size_t>(from), ' ') + ink;
}

std::string tokens_of(const Trace& trace) {
  const auto of = [&](domain::Bucket bucket) { return trace.usage[bucket]; };
  const auto total = trace.usage.total();
  if (total == 0) return "";
  const auto output = of(domain::Bucket::output) + of(domain::Bucket::reasoning) +
                      of(domain::Bucket::audio_output) + of(domain::Bucket::image_output);
  return fmt::format(", {} tokens in, {} out", human_count(total - output), human_count(output));
}

Tone tone_of(domain::RowStatus status) {
  return status == domain::RowStatus::ok ? Tone::good : Tone::bad;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

Context::Rows rows_of(const Trace& trace, Timestamp now) {
  const domain::TraceHead& head = trace.head;
  Context::Rows rows;
  const auto add = [&](const std::string& label, const std::string& text, Tone tone) {
    if (!text.empty()) rows.emplace_back(label, text_cell(text, tone));
  };
  add("request", head.id, Tone::strong);
  add("time", fmt::format("{} ({})", format_rfc3339(head.time), human_ago(head.time, now)), {});
  add("key", fmt::format("{} of {}", head.key_name, head.account), {});
  const bool is_renamed = !trace.upstream_model.empty() && trace.upstream_model != head.model;
  add("model", head.model + (is_renamed ? " as " + trace.upstream_model : ""), {});
  add("endpoint", head.endpoint + (trace.stream ? ", streamed" : ""), {});
  add("upstream", head.upstream, {});
  std::string status(domain::row_status_name(head.status));
  if (head.http_status != 0) status += fmt::format(", HTTP {}", head.http_status);
  if (!head.error_code.empty()) status += ", " + head.error_code;
  add("status", status, tone_of(head.status));
  add("error", trace.error, Tone::bad);
  add("cost", human_money(head.cost) + tokens_of(trace), {});
  add("took", human_latency(head.total_us), {});
  add("changed", joined(trace.changes), {});
  if (trace.incomplete)
    add("incomplete", "there was no memory for all that was said", Tone::warning);
  return rows;
}

void print_title(const Context& context, const std::string& title) {
  context.out << '\n' << toned(title, Tone::strong, context.screen.colour) << '\n';
}

void print_attempts(const Context& context, const Trace& trace) {
  if (trace.attempts.empty()) return;
  print_title(context, "ATTEMPTS");
  const bool has_problem = std::any_of(trace.attempts.begin(),
                                       trace.attempts.end(),
                                       [](const auto& each) { return !each.problem.empty(); });
  Table table({{.title = "UPSTREAM", .shrinks_to = 8},
               {.title = "RESULT"},
               {.title = "TOOK", .align = Align::right},
               {.title = "WHY", .shrinks_to = 12, .only_raw = !has_problem}});
  for (const domain::TraceAttempt& each : trace.attempts) {
    const auto& attempt = each.attempt;
    const bool is_ok = attempt.result == "ok";
    table.add({text_cell(attempt.upstream),
               text_cell(attempt.result, is_ok ? Tone::good : Tone::bad),
               text_cell(human_latency(attempt.total_us)),
               text_cell(each.problem)});
  }
  table.print(context.out, context.screen);
}

/// A text of several lines, indented.
void print_text(const Context& context, std::string_view text, bool full) {
  std::size_t shown = 0;
  const auto lines = split(text, '\n');
  for (const std::string& line : lines) {
    for (const std::string& piece : wrapped(printable(line), context.screen.width - 2)) {
      if (!full && shown == kLines) {
        const char* more =
            context.screen.unicode ? "  … the rest with --full" : "  ... the rest with --full";
        context.out << toned(more, Tone::dim, context.screen.colour) << '\n';
        return;
      }
      context.out << (piece.empty() ? "" : "  ") << piece << '\n';
      ++shown;
    }
  }
}

void print_body(const Context& context, const domain::TraceBody& body, bool full) {
  if (body.bytes.empty() && body.size > 0) {
    const std::string type = body.content_type.empty() ? "" : " of " + body.content_type;
    print_text(context, fmt::format("{} bytes{}", human_count(body.size), type), full);
  } else if (body.bytes.empty()) {
    print_text(context, "nothing", full);
  } else {
    print_text(context, body.bytes, full);
  }
}

void print_cut(const Context& context, const domain::TraceBody& body) {
  if (!body.is_cut() || body.bytes.empty()) return;
  const std::string note =
      fmt::format("  only the beginning is kept of {} bytes", human_count(body.size));
  context.out << toned(note, Tone::warning, context.screen.colour) << '\n';
}

void print_prompt(const Context& context, const TraceView& view, bool full) {
  print_title(context, "PROMPT");
  for (const domain::TraceMessage& message : view.prompt) {
    context.out << toned(printable(message.role), Tone::dim, context.screen.colour) << '\n';
    print_text(context, message.text, full);
  }
  if (view.prompt.empty()) print_body(context, view.trace.request, full);
  print_cut(context, view.trace.request);
}

void print_answer(const Context& context, const TraceView& view, bool full) {
  print_title(context, "ANSWER");
  if (!view.answer.empty()) print_text(context, view.answer, full);
  for (const domain::TraceToolCall& call : view.tool_calls) {
    print_text(context, fmt::format("calls {}({})", call.name, call.arguments), full);
  }
  if (view.answer.empty() && view.tool_calls.empty()) print_body(context, view.trace.reply, full);
  print_cut(context, view.trace.reply);
}

}  // namespace

std::string why_slow(const Trace& trace) {
  const auto parts = domain::slowest_parts(trace);
  const std::int64_t total = trace.head.total_us;
  if (parts.empty()) return "nothing in it took any time";
  std::string reason = told(parts[0]);
  constexpr std::int64_t kWorthTelling = 4;
  if (parts.size() > 1 && parts[1].us * kWorthTelling >= total) reason += ", and " + told(parts[1]);
  if (total >= kSlowUs) return "slow because " + reason;
  return fmt::format("quick; most of {}: {}", human_latency(total), reason);
}

std::vector<std::string> draw_waterfall(const Trace& trace, const Screen& screen) {
  const bool with_upstream = trace.attempts.size() > 1;
  const std::int64_t total = std::max<std::int64_t>(trace.head.total_us, 1);
  int label_width = 0;
  for (const TraceSpan& span : trace.spans) {
    label_width = std::max(label_width, display_width(label_of(span, with_upstream)));
  }
  const int room = std::clamp(screen.width - label_width - kTimeWidth - 4, 8, kWidestBar);
  std::vector<std::string> lines;
  for (const TraceSpan& span : trace.spans) {
    std::string label = label_of(span, with_upstream);
    label.append(static_cast<std::size_t>(label_width - display_width(label)), ' ');
    lines.push_back(fmt::format("{}  {:>{}}  {}",
                                label,
                                human_latency(span.us),
                                kTimeWidth,
                                bar_of(span.start_us, span.us, total, room, screen.unicode)));
  }
  return lines;
}

void print_trace(const Context& context, const TraceView& view, bool full) {
  const Trace& trace = view.trace;
  auto rows = rows_of(trace, context.clock.now());
  for (auto& [label, cell] : rows) cell.shown = printable(cell.shown);
  context.print_rows(rows);
  print_attempts(context, trace);
  print_title(context, "TIME");
  for (const std::string& line : draw_waterfall(trace, context.screen)) context.out << line << '\n';
  for (const std::string& line : wrapped(why_slow(trace), context.screen.width)) {
    context.out << line << '\n';
  }
  print_prompt(context, view, full);
  print_answer(context, view, full);
}

Listing list_of_traces(const std::vector<domain::TraceHead>& traces, Timestamp now) {
  Listing listing{items_of(traces),
                  {},
                  Table({{.title = "TIME", .align = Align::right},
                         {.title = "REQUEST"},
                         {.title = "KEY", .rank = 3, .shrinks_to = 6},
                         {.title = "MODEL", .rank = 2, .shrinks_to = 8},
                         {.title = "UPSTREAM", .rank = 1, .shrinks_to = 6},
                         {.title = "STATUS"},
                         {.title = "HTTP", .align = Align::right, .only_raw = true},
                         {.title = "COST", .align = Align::point, .rank = 3},
                         {.title = "TOOK", .align = Align::right}}),
                  "there are no traces"};
  for (const domain::TraceHead& head : traces) {
    listing.ids.push_back(head.id);
    const std::string ms = fmt::format("{}.{:03}", head.total_us / 1000, head.total_us % 1000);
    listing.table.add(
        {ago_cell(head.time, now),
         text_cell(head.id),
         text_cell(head.key_name),
         text_cell(head.model),
         text_cell(head.upstream),
         text_cell(std::string(domain::row_status_name(head.status)), tone_of(head.status)),
         text_cell(head.http_status == 0 ? "" : std::to_string(head.http_status)),
         money_cell(head.cost),
         {.shown = human_latency(head.total_us), .raw = ms}});
  }
  return listing;
}

}  // namespace nufi::cli
