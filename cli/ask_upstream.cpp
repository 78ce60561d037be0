#include "cli/ask_upstream.hpp"

#include "cli/show_upstreams.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/price.hpp"
#include "lib/domain/upstream_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <sstream>
#include <vector>

namespace nufi::cli {

using domain::Change;
using domain::Preset;
using domain::ProbeResult;
using domain::ProbeStep;
using domain::SecretKind;
using domain::UpstreamTerms;

namespace {

constexpr int kTries = 3;

bool is_url(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

/// The presets, numbered, in as many columns as there is room for.
void show_presets(const Context& context) {
  constexpr int kCell = 20;
  const int columns = std::max(1, context.screen.width / kCell);
  int number = 0;
  for (const Preset& preset : domain::presets()) {
    ++number;
    context.err << fmt::format("{:>4} {:<15}", number, preset.name);
    if (number % columns == 0) context.err << '\n';
  }
  if (number % columns != 0) context.err << '\n';
}

/// By its number or its name; nullptr if it is none.
const Preset* chosen_preset(const std::string& answer) {
  const auto& all = domain::presets();
  const auto number = parse_integer(answer);
  if (number && *number >= 1 && static_cast<std::size_t>(*number) <= all.size()) {
    return &all[static_cast<std::size_t>(*number) - 1];
  }
  return domain::find_preset(to_lower(answer));
}

/// What runs on this machine is the likeliest; else the first of the list.
std::string likeliest_preset(Context& context, const UpstreamTerms& terms) {
  if (terms.name.sets() && domain::find_preset(terms.name.value()) != nullptr) {
    return terms.name.value();
  }
  try {
    for (const domain::LocalServer& server : context.client().discover_upstreams({}, false)) {
      if (server.preset.empty() || !server.upstream.empty() || server.models.empty()) continue;
      context.err << printable(server.preset) << " answers on this machine\n";
      return server.preset;
    }
  } catch (const Error&) {
    // Whoever may not look for them is offered the usual.
  }
  return std::string(domain::presets().front().name);
}

bool ask_for_place(Context& context, Interview& interview, UpstreamTerms& terms) {
  const std::string likeliest = likeliest_preset(context, terms);
  show_presets(context);
  for (int tries = kTries; tries > 0; --tries) {
    const auto answer = interview.ask("which provider (or the URL of another)", likeliest);
    if (!answer) return false;
    if (is_url(*answer)) {
      terms.url = Change<std::string>::set(*answer);
      return true;
    }
    if (const Preset* preset = chosen_preset(*answer)) {
      terms.preset = Change<std::string>::set(std::string(preset->name));
      return true;
    }
    context.err << "answer with a number, a name of the list, or a URL like "
                   "https://api.example.com/v1\n";
  }
  return false;
}

/// Where the provider's own documentation has the secret, if that is set here to what can be one.
std::string variable_with_secret(const Context& context, const Preset* preset) {
  if (preset == nullptr || preset->key_env.empty()) return "";
  const std::string start = std::string(preset->key_env) + "=";
  for (const std::string& entry : context.environment) {
    const bool is_it = entry.starts_with(start) && entry.size() > start.size();
    if (is_it && !entry.starts_with(start + "sk-nufi-")) return std::string(preset->key_env);
  }
  return "";
}

bool ask_for_secret(Context& context, Interview& interview, UpstreamTerms& terms) {
  const Preset* preset = terms.preset.sets() ? domain::find_preset(terms.preset.value()) : nullptr;
  if (preset != nullptr && !preset->needs_key) {
    terms.secret_kind = Change<SecretKind>::set(SecretKind::none);
    return true;
  }
  const std::string variable = variable_with_secret(context, preset);
  const std::string when_empty = !variable.empty()   ? "Enter: nufid reads it from " + variable
                                 : preset == nullptr ? "Enter: it needs none"
                                                     : "Enter leaves";
  const auto secret = interview.ask_secret(
      fmt::format("secret of '{}' (is not shown; {})", terms.name.value(), when_empty));
  if (!secret) return false;
  if (!secret->empty()) {
    terms.secret_kind = Change<SecretKind>::set(SecretKind::stored);
    terms.secret_text = Change<Secret>::set(*secret);
  } else if (!variable.empty()) {
    terms.secret_kind = Change<SecretKind>::set(SecretKind::env);
    terms.secret_reference = Change<std::string>::set(variable);
  } else if (preset == nullptr) {
    terms.secret_kind = Change<SecretKind>::set(SecretKind::none);
  } else {
    return false;
  }
  return true;
}

/// Asks for another secret of what refused the one it has; false if there is none.
bool replace_secret(Context& context, Interview& interview, const std::string& name) {
  const auto secret =
      interview.ask_secret(fmt::format("another secret of '{}' (Enter leaves it)", name));
  if (!secret || secret->empty()) return false;
  UpstreamTerms terms;
  terms.secret_kind = Change<SecretKind>::set(SecretKind::stored);
  terms.secret_text = Change<Secret>::set(*secret);
  context.client().edit_upstream(name, terms);
  return true;
}

/// Puts the rates of an answer like "2.5 10" into `terms`.
void read_rates(const std::string& answer, domain::PriceTerms& terms) {
  std::istringstream words(answer);
  std::string input;
  std::string output;
  std::string more;
  words >> input >> output;
  const auto rate_of = [](const std::string& word) {
    return domain::parse_rate(word.starts_with("$") ? word.substr(1) : word);
  };
  terms.rates.own(domain::Bucket::input) = rate_of(input);
  terms.rates.own(domain::Bucket::output) = rate_of(output);
  const bool are_both = terms.rates.own(domain::Bucket::input).has_value() &&
                        terms.rates.own(domain::Bucket::output).has_value();
  if (!are_both || words >> more) {
    throw Error(Errc::usage, "answer with free, or with two amounts like 2.5 10");
  }
}

/// True if `model` has a price then.
bool ask_for_price(Context& context,
                   Interview& interview,
                   const std::string& name,
                   const std::string& model) {
  const auto answer = interview.ask_until(
      "its price: free, or USD per million tokens of input and of output, like 2.5 10 (Enter "
      "leaves it)",
      "",
      [&](const std::string& text) {
        if (text.empty()) return;
        if (to_lower(text) == "free") {
          UpstreamTerms terms;
          terms.free = Change<bool>::set(true);
          context.client().edit_upstream(name, terms);
          return;
        }
        domain::PriceTerms terms;
        read_rates(text, terms);
        for (const std::string& warning : context.client().set_price(model, terms).warnings) {
          context.err << "warning: " << printable(warning) << '\n';
        }
      });
  return answer && !answer->empty();
}

/// Its remedy is another secret.
bool lacks_secret(const ProbeStep& step) {
  return step.result == ProbeResult::failed && step.hint.find("--key-stdin") != std::string::npos;
}

bool is_of(const domain::ModelView& model, const std::string& upstream) {
  const auto& all = model.upstreams;
  return std::find(all.begin(), all.end(), upstream) != all.end();
}

void note_unlisted(Context& context,
                   const domain::UpstreamView& view,
                   const std::vector<domain::ModelView>& models) {
  const std::string& name = view.upstream.name;
  const bool is_any_listed = std::any_of(
      models.begin(), models.end(), [&](const auto& model) { return is_of(model, name); });
  if (is_any_listed) return;
  context.note("clients can't list its models until they are named: nufi upstreams edit " + name +
               " --model MODEL");
}

}  // namespace

bool ask_for_upstream(Context& context, Interview& interview, UpstreamTerms& terms) {
  std::vector<std::string> taken;
  for (const auto& view : context.client().upstreams()) taken.push_back(view.upstream.name);
  const auto check = [&taken](const std::string& name) {
    domain::check_upstream_name(name);
    check_is_free(name, taken, "an upstream");
  };
  if (terms.name.sets()) check(terms.name.value());
  const bool has_place = terms.url.sets() || terms.preset.sets();
  if (!has_place && !ask_for_place(context, interview, terms)) return false;
  if (!terms.name.sets()) {
    const std::string wish = terms.preset.sets() ? terms.preset.value() : "other";
    const std::string name = free_name(wish, taken);
    const bool is_plain = terms.preset.sets() && name == wish;
    const auto answer = is_plain ? name : interview.ask_until("its name", name, check);
    if (!answer) return false;
    terms.name = Change<std::string>::set(*answer);
  }
  return terms.secret_kind.sets() || ask_for_secret(context, interview, terms);
}

Trial try_upstream(Context& context, Interview& interview, const std::string& name) {
  Trial trial;
  std::string called;  // the model that was asked
  std::string price_hint;
  for (int tries = kTries; tries > 0; --tries) {
    context.note("trying it out …");
    const auto steps = context.client().test_upstream(name, "");
    context.print(list_of_steps(steps));
    trial = {};
    bool wants_secret = false;
    for (const ProbeStep& step : steps) {
      const bool is_price = step.name == "price";
      if (is_price) price_hint = step.name + ": " + step.hint;
      if (is_price) trial.has_price = false;
      if (!is_price && !step.hint.empty()) context.note(printable(step.name + ": " + step.hint));
      if (lacks_secret(step)) wants_secret = true;
      const bool is_chat = step.name == "chat";
      if (step.result != ProbeResult::ok || (!is_chat && step.name != "embeddings")) continue;
      trial.answers = true;
      called = step.detail;
      if (is_chat) trial.model = step.detail;
    }
    if (trial.answers || !wants_secret) break;
    if (tries > 1 && !replace_secret(context, interview, name)) break;
  }
  if (trial.answers && !trial.has_price) {
    trial.has_price = ask_for_price(context, interview, name, called);
    if (!trial.has_price) context.note(printable(price_hint));
  }
  return trial;
}

void note_unlisted(Context& context, const domain::UpstreamView& view) {
  note_unlisted(context, view, context.client().models());
}

void note_shortcomings(Context& context, const domain::UpstreamView& view) {
  const auto models = context.client().models();
  note_unlisted(context, view, models);
  const std::string& name = view.upstream.name;
  const bool is_any_priced =
      std::any_of(models.begin(), models.end(), [&](const domain::ModelView& model) {
        return is_of(model, name) && model.price.has_value();
      });
  if (view.upstream.free || is_any_priced) return;
  context.note(
      "calls of models without a price are refused under a budget: nufi prices set MODEL --input "
      "USD --output USD, or, if its calls cost nothing: nufi upstreams edit " +
      name + " --free");
}

}  // namespace nufi::cli
