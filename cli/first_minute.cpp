#include "cli/first_minute.hpp"

#include "cli/ask_upstream.hpp"
#include "cli/new_key.hpp"
#include "cli/options.hpp"
#include "cli/show_keys.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <optional>
#include <ostream>
#include <vector>

namespace nufi::cli {

using domain::Change;
using domain::KeyTerms;
using domain::StatusView;
using domain::UpstreamTerms;

namespace {

constexpr const char* kAddUpstream = "nufi upstreams add openai --preset openai";
constexpr const char* kCreateKey = "nufi keys create --name laptop --budget 5";

/// Each on a line of its own, to be copied.
void note_rest(const Context& context, std::initializer_list<const char*> steps) {
  context.err << "whenever you like:\n";
  for (const char* step : steps) context.err << "  " << step << '\n';
}

/// The budget that was typed; std::nullopt when the person has left.
std::optional<Change<domain::Money>> ask_for_budget(Interview& interview) {
  Change<domain::Money> budget;
  const auto answer = interview.ask_until(
      "its budget in USD a month, or none", "5", [&budget](const std::string& text) {
        budget = change_of<domain::Money>(text, "the budget", read_money);
      });
  return answer ? std::optional(budget) : std::nullopt;
}

void show_first_call(const Context& context, const Trial& trial, bool has_budget) {
  const std::string& model = trial.model;
  if (model.empty() || model.find_first_of(" '\\\"") != std::string::npos) return;
  if (!trial.has_price && has_budget) {
    context.out << fmt::format(
        "\ncalls of {0} are refused under this budget until it has a price:\n\n"
        "nufi prices set {0} --input USD --output USD\n",
        model);
  }
  context.out << fmt::format(
      "\nthe first call:\n\n"
      "curl $OPENAI_BASE_URL/chat/completions -H \"Authorization: Bearer $OPENAI_API_KEY\" \\\n"
      "  -d '{{\"model\":\"{}\",\"messages\":[{{\"role\":\"user\",\"content\":\"hello\"}}]}}'\n",
      model);
}

/// Makes the key, or says why it can't be called so.
std::optional<domain::KeyView> create_key(Context& context, const KeyTerms& terms) {
  try {
    return context.client().create_key("default", terms);
  } catch (const Error& error) {
    if (error.code() != Errc::invalid && error.code() != Errc::conflict) throw;
    context.err << printable(error.what()) << '\n';
    return std::nullopt;
  }
}

/// False when there is none in the end.
bool make_first_key(Context& context, Interview& interview, const Trial& trial) {
  std::vector<std::string> taken;
  for (const domain::KeyView& view : context.client().keys({})) {
    if (is_live(view.state)) taken.push_back(view.key.name);
  }
  const NewKey output(context, {});
  KeyTerms terms;
  std::optional<domain::KeyView> view;
  while (!view) {
    const auto name = interview.ask_until(
        taken.empty() ? "name of your first key" : "name of a key",
        free_name("laptop", taken),
        [&taken](const std::string& text) { check_is_free(text, taken, "a key"); });
    if (!name) return false;
    terms.name = Change<std::string>::set(*name);
    if (terms.budget.keeps()) {
      const auto budget = ask_for_budget(interview);
      if (!budget) return false;
      terms.budget = *budget;
    }
    view = create_key(context, terms);
  }
  context.out << '\n';
  output.print(*view,
               fmt::format("key '{}' ({})", view->key.name, view->key.id.text()),
               "put these two lines into your shell:");
  show_first_call(context, trial, terms.budget.sets());
  return true;
}

void first_steps(Context& context) {
  Interview interview(context);
  context.err << "\nno provider yet: who is to answer calls? Enter takes the default, Ctrl-C "
                 "leaves.\n";
  UpstreamTerms terms;
  if (!ask_for_upstream(context, interview, terms)) {
    return note_rest(context, {kAddUpstream, kCreateKey});
  }
  const auto view = context.client().add_upstream(terms);
  const std::string& name = view.upstream.name;
  context.note(fmt::format("upstream '{}' added", printable(name)));
  const Trial trial = try_upstream(context, interview, name);
  if (!trial.answers) {
    context.note(fmt::format("it does not answer yet; when it should: nufi upstreams test {}",
                             printable(name)));
  }
  note_unlisted(context, view);
  context.err << '\n';
  if (!make_first_key(context, interview, trial)) return note_rest(context, {kCreateKey});
}

bool is_admin(Context& context) {
  return context.client().profile().account.role == domain::Role::admin;
}

}  // namespace

void lead_on(Context& context, const StatusView& status) {
  if (context.json || context.quiet) return;
  const bool has_upstream = !status.upstreams.empty();
  if (has_upstream && status.live_keys > 0) return;
  const bool may_ask = context.can_ask() && context.screen.is_terminal && !context.yes;
  if (!has_upstream && may_ask && is_admin(context)) return first_steps(context);
  context.note(std::string("next: ") + (has_upstream ? kCreateKey : kAddUpstream));
}

}  // namespace nufi::cli
