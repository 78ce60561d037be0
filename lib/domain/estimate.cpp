// "A budget is a ceiling" begins here: a call may only start when the most it can cost is held, so
// every bound below is rounded up, saturates and covers whatever the provider may bill.
#include "lib/domain/estimate.hpp"

#include "lib/domain/wide.hpp"

#include <algorithm>

namespace nufi::domain {
namespace {

constexpr Wide kTokensPerRate = 1'000'000;
/// What a rate times a multiplier has to be divided by to give nano-USD per token.
constexpr Wide kScale = kTokensPerRate * widen(kMultiplierOne);

bool makes_output(std::string_view endpoint) {
  return endpoint != "embeddings" && endpoint != "moderations" && endpoint != "rerank";
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
  ceiling.prompt_tokens = std::max<std::int64_t>(call.prompt_bound, 0);
  ceiling.multiplier = multiplier;
  ceiling.choices = std::max<std::int64_t>(call.choices, 1);
  if (!makes_output(call.endpoint)) {
    ceiling.output_tokens = 0;
  } else if (call.output_cap) {
    ceiling.output_tokens = std::max<std::int64_t>(*call.output_cap, 0);
  } else {
    ceiling.may_clamp = true;
    if (price != nullptr) ceiling.output_tokens = price->output_bound();
  }
  if (price == nullptr || price->free) return ceiling;

  const Rates asked = price->ceiling_rates(call.prompt_bound, call.tier);
  const Rates standard = price->ceiling_rates(call.prompt_bound, ServiceTier::standard);
  const Rate prompt_rate = std::max(asked.dearest_prompt(), standard.dearest_prompt());
  ceiling.output_rate = std::max(asked.dearest_completion(), standard.dearest_completion());
  const Money prompt = cost_of_tokens(ceiling.prompt_tokens, prompt_rate, multiplier);
  const Money request =
      cost_of_tokens(narrow(kTokensPerRate), price->per_request.nanos(), multiplier);
  ceiling.prompt_cost = Money::nanos(narrow(add(widen(prompt.nanos()), widen(request.nanos()))));
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
