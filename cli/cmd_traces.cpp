#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_traces.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <utility>

namespace nufi::cli {

using domain::TraceMode;

namespace {

constexpr int kMost = 1000;
const Naming kNaming{"REQUEST", "id of a request, or its beginning"};

std::string size_text(std::int64_t bytes) {
  constexpr std::int64_t kMebi = 1 << 20;
  return fmt::format("{} MiB", human_count(bytes / kMebi));
}

/// What was turned on has to be said: it keeps what people wrote.
std::string told(const domain::TraceSettings& settings) {
  const bool is_for_all = settings.key.empty();
  if (settings.mode == TraceMode::off) {
    return fmt::format("traces {} are off{}; delete those there are with: nufi traces delete --all",
                       is_for_all ? "of all calls" : fmt::format("of key '{}'", settings.key),
                       is_for_all ? ", but for keys that have them on by themselves" : "");
  }
  return fmt::format(
      "from now on prompts and answers of {}{} are kept in {}, sealed, for {} days "
      "and at most {}; only admins can read them",
      is_for_all ? "all calls" : fmt::format("the calls of key '{}'", settings.key),
      settings.mode == TraceMode::errors ? " that fail" : "",
      settings.file,
      settings.days,
      size_text(settings.most_bytes));
}

void add_mode(CLI::App& traces, Context& context, TraceMode mode, const std::string& help) {
  auto terms = std::make_shared<api::TraceModeTerms>();
  terms->mode = mode;
  CLI::App* command = traces.add_subcommand(std::string(domain::trace_mode_name(mode)), help);
  command->add_option("--key", terms->key, "only of this key, beside what is set for all")
      ->type_name("KEY");
  add_output_options(*command, context);
  command->callback([&context, terms] {
    const auto settings = context.client().set_trace_mode(*terms);
    context.print_done(api::to_json(settings),
                       std::string(domain::trace_mode_name(settings.mode)),
                       told(settings));
    if (!settings.problem.empty()) context.note("but none can be kept now: " + settings.problem);
  });
}

void add_show(CLI::App& traces, Context& context) {
  auto request = std::make_shared<std::string>();
  auto full = std::make_shared<bool>(false);
  CLI::App* command = add_verb(
      traces, context, "show", "prompt, answer, attempts, and why it was slow", kNaming, *request);
  add_switch(*command, "--full", "all of a long prompt or answer", *full);
  command->callback([&context, request, full] {
    const api::Json json = context.client().trace_json(*request);
    const auto view = api::trace_from_json(json);
    if (context.json || context.quiet || !context.screen.is_terminal) {
      context.print(json, view.trace.head.id, {});
    } else {
      print_trace(context, view, *full);
    }
  });
}

void add_list(CLI::App& traces, Context& context) {
  auto last = std::make_shared<int>(50);
  auto key = std::make_shared<std::string>();
  CLI::App* command = traces.add_subcommand("list", "the calls that were traced, newest first");
  add_value(*command,
            "--last",
            "N",
            "so many (default 50)",
            [last](const std::string& value, const std::string& option) {
              const std::int64_t count = read_count(value, option);
              if (count > kMost) {
                throw Error(Errc::usage, fmt::format("{} must be at most {}", option, kMost));
              }
              *last = static_cast<int>(count);
            });
  command->add_option("--key", *key, "only of this key")->type_name("KEY");
  add_output_options(*command, context);
  command->callback([&context, last, key] {
    const auto found = context.client().traces(*last, *key);
    auto listing = list_of_traces(found, context.clock.now());
    if (found.empty() && !context.json && !context.quiet && context.screen.is_terminal) {
      const auto settings = context.client().trace_settings();
      if (settings.mode == TraceMode::off) {
        listing.when_empty += "; keep those of calls from now on with: nufi traces on";
      }
    }
    context.print(listing);
    if (!found.empty() && !context.json && !context.quiet && context.screen.is_terminal) {
      const auto problem = context.client().trace_settings().problem;
      if (!problem.empty()) context.note("none can be kept now: " + printable(problem));
    }
  });
}

void add_delete(CLI::App& traces, Context& context) {
  auto request = std::make_shared<std::string>();
  auto all = std::make_shared<bool>(false);
  CLI::App* command = traces.add_subcommand("delete", "forget what was said in a call");
  auto* word = command->add_option(kNaming.title, *request, kNaming.help)->type_name("");
  auto* every = command->add_flag("--all", *all, "every trace there is");
  word->excludes(every);
  add_output_options(*command, context);
  add_yes_option(*command, context);
  command->callback([&context, request, all] {
    if (request->empty() && !*all) {
      throw Error(Errc::usage, "REQUEST is missing", "or every trace: nufi traces delete --all");
    }
    if (*all) {
      context.confirm("delete every trace");
      const auto count = context.client().delete_all_traces();
      const std::string told =
          count ? fmt::format(
                      "{} {} deleted", human_count(*count), *count == 1 ? "trace is" : "traces are")
                : "every trace is deleted; how many there were can't be told any more";
      context.print_done(api::Json{{"deleted", count ? api::Json(*count) : api::Json(nullptr)}},
                         count ? std::to_string(*count) : "",
                         told);
      return;
    }
    context.confirm(fmt::format("delete the trace of '{}'", *request));
    const auto id = context.client().delete_trace(*request);
    context.print_done(api::Json{{"id", id}}, id, fmt::format("the trace of {} is deleted", id));
  });
}

}  // namespace

void add_traces_commands(CLI::App& root, Context& context) {
  CLI::App& traces =
      *root.add_subcommand("traces", "what was said in calls, and why they were slow (admin)");
  traces.require_subcommand(1);
  add_show(traces, context);
  add_list(traces, context);
  add_mode(traces, context, TraceMode::on, "keep prompts and answers of calls from now on");
  add_mode(traces, context, TraceMode::errors, "keep those of calls that fail");
  add_mode(traces, context, TraceMode::off, "keep no more");
  add_delete(traces, context);
}

}  // namespace nufi::cli
