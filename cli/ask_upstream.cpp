#include "cli/ask_upstream.hpp"

#include "cli/show_upstreams.hpp"
#include "lib/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

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

}  // namespace

bool ask_for_upstream(Context& context, Interview& interview, UpstreamTerms& terms) {
  const bool has_place = terms.url.sets() || terms.preset.sets();
  if (!has_place && !ask_for_place(context, interview, terms)) return false;
  if (!terms.name.sets() && terms.preset.sets()) terms.name = terms.preset;
  if (!terms.name.sets()) {
    const auto name = interview.ask("its name", "other");
    if (!name) return false;
    terms.name = Change<std::string>::set(*name);
  }
  return terms.secret_kind.sets() || ask_for_secret(context, interview, terms);
}

std::string try_upstream(Context& context, Interview& interview, const std::string& name) {
  for (int tries = kTries; tries > 0; --tries) {
    context.note("trying it out …");
    const auto steps = context.client().test_upstream(name, "");
    context.print(list_of_steps(steps));
    std::string model;
    bool can_be_secret = false;
    for (const ProbeStep& step : steps) {
      if (!step.hint.empty()) context.note(printable(step.name + ": " + step.hint));
      if (step.result == ProbeResult::failed) can_be_secret = true;
      if (step.name == "chat" && step.result == ProbeResult::ok) model = step.detail;
    }
    if (!model.empty() || !can_be_secret) return model;
    if (tries > 1 && !replace_secret(context, interview, name)) break;
  }
  return "";
}

}  // namespace nufi::cli
