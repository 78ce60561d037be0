// `nufi` alone: where you stand, and the next step from there.
#include "cli/commands.hpp"
#include "cli/show_keys.hpp"
#include "lib/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace nufi::cli {

using domain::KeyView;
using domain::StatusView;
using domain::UpstreamView;

namespace {

/// A budget of which less than this share is left is worth a word.
constexpr std::int64_t kNearlyUsed = 5;  // a fifth
constexpr std::size_t kMostNamed = 3;

struct NextStep {
  std::vector<std::string> why;  ///< what to know before it, line by line
  std::string command;
};

std::string problem_of(const UpstreamView& view) {
  if (!view.secret_problem.empty()) return "has no secret: " + view.secret_problem;
  return view.health.starts_with("failing") ? "is " + view.health : "";
}

bool is_nearly_used(const domain::Standing& standing) {
  if (!standing.limits.budget) return false;
  const std::int64_t limit = standing.limits.budget->nanos();
  return limit - standing.usd.spent < limit / kNearlyUsed;
}

std::string left_of(const domain::Standing& standing) {
  const std::int64_t left = standing.limits.budget->nanos() - standing.usd.spent;
  return fmt::format(
      "{} left of {}",
      human_money(domain::Money::nanos(std::max<std::int64_t>(0, left)), Rounding::down),
      human_budget(standing.limits.budget, standing.limits.budget_period));
}

NextStep step_for_upstreams(const std::vector<UpstreamView>& upstreams) {
  NextStep step;
  for (const UpstreamView& view : upstreams) {
    const std::string problem = problem_of(view);
    if (problem.empty()) continue;
    if (step.command.empty()) step.command = "nufi upstreams test " + view.upstream.name;
    if (step.why.size() == kMostNamed) break;
    step.why.push_back(fmt::format("upstream '{}' {}", view.upstream.name, problem));
  }
  return step;
}

/// Also a call that cost nothing counts, and one of a key that is gone.
bool was_any_call(Context& context, const StatusView& status, const std::vector<KeyView>& keys) {
  if (status.spend.usd.spent > 0) return true;
  if (std::any_of(keys.begin(), keys.end(), [](const KeyView& view) {
        return view.key.last_used_at.has_value();
      })) {
    return true;
  }
  api::RequestQuery newest;
  newest.last = 1;
  return !context.client().requests(newest).empty();
}

NextStep step_for_keys(Context& context, const StatusView& status) {
  if (status.live_keys == 0) return {{}, "nufi keys create --name laptop --budget 5"};
  const std::vector<KeyView> keys = context.client().keys({});
  if (!was_any_call(context, status, keys))
    return {{"no call has been made yet"}, "nufi run --budget 1 -- YOUR-PROGRAM"};
  NextStep step;
  if (is_nearly_used(status.spend)) {
    step.why.push_back("your account has " + left_of(status.spend));
    step.command = "nufi usage --by key";
  }
  for (const KeyView& view : keys) {
    if (!is_live(view.state) || !is_nearly_used(view.standing)) continue;
    if (step.why.size() == kMostNamed) break;
    step.why.push_back(fmt::format("key '{}' has {}", view.key.name, left_of(view.standing)));
    if (step.command.empty()) step.command = "nufi keys show " + shell_word(view.key.name);
  }
  if (step.command.empty()) step.command = "nufi usage";
  return step;
}

NextStep next_step(Context& context, const StatusView& status) {
  if (status.upstreams.empty()) return {{}, "nufi upstreams add openai --preset openai"};
  const NextStep step = step_for_upstreams(status.upstreams);
  return step.command.empty() ? step_for_keys(context, status) : step;
}

}  // namespace

void show_where_you_stand(Context& context) {
  if (context.json) {
    show_status(context);
    return;
  }
  StatusView status;
  try {
    status = context.client().status();
  } catch (const Error& error) {
    if (error.code() != Errc::unreachable) throw;
    context.out << printable(error.what()) << "\nnext: nufi up\n";
    context.exit_code = exit_code(Errc::unreachable);
    return;
  }
  const auto& spend = status.spend;
  const std::string budget =
      spend.limits.budget ? " of " + human_budget(spend.limits.budget, spend.limits.budget_period)
                          : "";
  context.out << fmt::format("nufid {} is running on {}\n", status.version, status.inference_url)
              << fmt::format(
                     "{}, {}, {} spent{}\n",
                     human_count_of(status.live_keys, "live key"),
                     human_count_of(static_cast<std::int64_t>(status.upstreams.size()), "upstream"),
                     human_money(domain::Money::nanos(spend.usd.spent)),
                     budget);
  const NextStep step = next_step(context, status);
  for (const std::string& line : step.why) context.out << printable(line) << '\n';
  context.out << "next: " << printable(step.command) << '\n';
  warn_of_skew(context);
}

}  // namespace nufi::cli
