#include "cli/first_minute.hpp"

#include "cli/ask_upstream.hpp"
#include "cli/new_key.hpp"
#include "cli/options.hpp"
#include "cli/show_keys.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <ostream>

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
std::optional<Change<domain::Money>> ask_for_budget(Context& context, Interview& interview) {
  while (true) {
    const auto answer = interview.ask("its budget in USD a month, or none", "5");
    if (!answer) return std::nullopt;
    try {
      return change_of<domain::Money>(*answer, "the budget", read_money);
    } catch (const Error& error) {
      context.err << printable(error.what()) << '\n';
    }
  }
}

void show_first_call(const Context& context, const std::string& model) {
  if (model.empty() || model.find_first_of(" '\\\"") != std::string::npos) return;
  context.out << fmt::format(
      "\nthe first call:\n\n"
      "curl $OPENAI_BASE_URL/chat/completions -H \"Authorization: Bearer $OPENAI_API_KEY\" \\\n"
      "  -d '{{\"model\":\"{}\",\"messages\":[{{\"role\":\"user\",\"content\":\"hello\"}}]}}'\n",
      model);
}

/// False when there is none in the end.
bool make_first_key(Context& context, Interview& interview, const std::string& model) {
  const auto name = interview.ask("name of your first key", "laptop");
  if (!name) return false;
  const auto budget = ask_for_budget(context, interview);
  if (!budget) return false;
  KeyTerms terms;
  terms.name = Change<std::string>::set(*name);
  terms.budget = *budget;
  const NewKey output(context, {});
  const auto view = context.client().create_key("default", terms);
  context.out << '\n';
  output.print(
      view,
      fmt::format(
          "key '{}' ({}); put the two lines into your shell:", view.key.name, view.key.id.text()));
  show_first_call(context, model);
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
  const std::string model = try_upstream(context, interview, name);
  if (model.empty()) {
    context.note(fmt::format("it does not answer yet; when it should: nufi upstreams test {}",
                             printable(name)));
  }
  context.err << '\n';
  if (!make_first_key(context, interview, model)) return note_rest(context, {kCreateKey});
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
