// "A budget is a ceiling" begins here: a call may only start when the most it can cost is held, so
// every bound below is rounded up, saturates and covers whatever the provider may bill.
#include "lib/domain/estimate.hpp"

#include "lib/domain/catalogue.hpp"
#include "lib/domain/wide.hpp"

#include <algorithm>

namespace nufi::domain {
namespace {

constexpr Wide kTokensPerRate = 1'000'000;
/// What a rate times a multiplier has to be divided by to give nano-USD per token.
constexpr Wide kScale = kTokensPerRate * widen(kMultiplierOne);

/// The longest context window we know of: the bound of a prompt that is not in the body, at a model
/// whose own window is unknown.
std::int64_t longest_window() {
  static const std::int64_t longest = [] {
    std::int64_t most = 0;
    for (const Price& price : Catalogue::built_in().prices()) {
      most = std::max(most, price.context_window.value_or(0));
    }
    return most;
  }();
  return longest;
}

/// The most prompt tokens `call` can be billed by a model with `window`, whichever bound is lower.
std::int64_t prompt_tokens_of(const Call& call, std::optional<std::int64_t> window) {
  const std::int64_t in_body = std::max<std::int64_t>(call.prompt_bound, 0);
  if (!window && !call.prompt_is_elsewhere) return in_body;
  const Wide windows = multiply(widen(std::max<std::int64_t>(window.value_or(longest_window()), 0)),
                                widen(std::max<std::int64_t>(call.prompts, 1)));
  const std::int64_t in_windows = narrow(windows);
  return call.prompt_is_elsewhere ? in_windows : std::min(in_body, in_windows);
}

/// What `amount` things cost at `each`, times `multiplier`.
Wide cost_of_units(Wide amount, Money each, Multiplier multiplier) {
  const Wide scaled = multiply(multiply(amount, widen(each.nanos())), widen(multiplier));
  return divide_up(scaled, widen(kMultiplierOne));
}

/// The most output tokens per choice with which the call costs at most `budget`.
std::int64_t output_within(const Ceiling& ceiling, Money budget) {
  const Wide price = multiply(multiply(widen(ceiling.output_rate), widen(ceiling.multiplier)),
                              widen(ceiling.choices));
  if (price == 0) return INT64_MAX;
  if (price == kWidest || budget <= ceiling.prompt_cost) return 0;
  return narrow(multiply(widen((budget - ceiling.prompt_cost).nanos()), kScale) / price);
}

/// The most output tokens per choice with which the call uses at most `budget` tokens.
std::int64_t output_within(const Ceiling& ceiling, std::int64_t budget) {
  if (ceiling.choices <= 0) return INT64_MAX;
  if (budget <= ceiling.prompt_tokens) return 0;
  return (budget - ceiling.prompt_tokens) / ceiling.choices;
}

}  // namespace

std::int64_t Ceiling::tokens_with(std::int64_t output) const {
  return narrow(add(widen(prompt_tokens), multiply(widen(output), widen(choices))));
}

Money Ceiling::cost_with(std::int64_t output) const {
  // A product that stops at 2^128 is still far above Money::max() after the division.
  const Wide tokens = multiply(widen(output), widen(choices));
  const Wide amount = multiply(multiply(tokens, widen(output_rate)), widen(multiplier));
  return Money::nanos(narrow(add(widen(prompt_cost.nanos()), divide_up(amount, kScale))));
}

Ceiling ceiling_of(const Call& call, const Price* price, Multiplier multiplier) {
  Ceiling ceiling;
  const std::int64_t prompt =
      prompt_tokens_of(call, price != nullptr ? price->context_window : std::nullopt);
  const std::int64_t beside = std::max<std::int64_t>(call.output_beside, 0);
  ceiling.prompt_tokens = narrow(add(widen(prompt), widen(beside)));
  ceiling.multiplier = multiplier;
  ceiling.choices = std::max<std::int64_t>(call.choices, 1);
  if (!call.makes_output) {
    ceiling.output_tokens = 0;
  } else if (call.output_cap) {
    ceiling.output_tokens = std::max<std::int64_t>(*call.output_cap, 0);
  } else {
    ceiling.may_clamp = true;
    if (price != nullptr) ceiling.output_tokens = price->output_bound();
  }
  if (price == nullptr || price->free) return ceiling;

  const Rates asked = price->ceiling_rates(prompt, call.tier);
  const Rates standard = price->ceiling_rates(prompt, ServiceTier::standard);
  const Rate prompt_rate = std::max(asked.dearest_prompt(), standard.dearest_prompt());
  ceiling.output_rate = std::max(asked.dearest_completion(), standard.dearest_completion());
  Wide cost = widen(cost_of_tokens(prompt, prompt_rate, multiplier).nanos());
  cost = add(cost, widen(cost_of_tokens(beside, ceiling.output_rate, multiplier).nanos()));
  cost = add(cost, cost_of_units(widen(1), price->per_request, multiplier));
  cost = add(cost, cost_of_units(widen(call.image_bound), price->per_image, multiplier));
  const Wide seconds = divide_up(widen(call.audio_ms_bound), widen(1000));
  cost = add(cost, cost_of_units(seconds, price->per_second, multiplier));
  cost = add(cost, cost_of_units(widen(call.character_bound), price->per_character, multiplier));
  ceiling.prompt_cost = Money::nanos(narrow(cost));
  return ceiling;
}

Ceiling dearest(const Ceiling& a, const Ceiling& b) {
  Ceiling out;
  out.prompt_tokens = std::max(a.prompt_tokens, b.prompt_tokens);
  out.prompt_cost = std::max(a.prompt_cost, b.prompt_cost);
  out.output_rate = std::max(a.output_rate, b.output_rate);
  out.multiplier = std::max(a.multiplier, b.multiplier);
  out.choices = std::max(a.choices, b.choices);
  if (a.output_tokens && b.output_tokens) {
    out.output_tokens = std::max(*a.output_tokens, *b.output_tokens);
  }
  out.may_clamp = a.may_clamp || b.may_clamp;
  return out;
}

Ask ask_for(const Ceiling& ceiling,
            std::optional<Money> usd_left,
            std::optional<std::int64_t> tokens_left) {
  constexpr std::int64_t kShare = 4;
  Ask ask;
  // Unknown: as much as can be, unless the model's or the client's bound says less.
  std::int64_t output = ceiling.output_tokens.value_or(INT64_MAX);
  if (ceiling.may_clamp) {
    std::int64_t allowed = INT64_MAX;
    if (usd_left) {
      allowed = std::min(allowed, output_within(ceiling, Money::nanos(usd_left->nanos() / kShare)));
    }
    if (tokens_left) allowed = std::min(allowed, output_within(ceiling, *tokens_left / kShare));
    allowed = std::max(allowed, kLeastUsefulOutput);
    if (allowed < output) ask.clamped_output = allowed;
    output = std::min(output, allowed);
    if (output == INT64_MAX) output = kLeastUsefulOutput;  // nothing bounds it: only counted
  }
  ask.tokens = ceiling.tokens_with(output);
  ask.money = ceiling.cost_with(output);
  if (!tokens_left) ask.tokens = std::min(ask.tokens, kMostCountedTokens);
  if (!usd_left) ask.money = std::min(ask.money, kMostCountedMoney);
  return ask;
}

}  // namespace nufi::domain
