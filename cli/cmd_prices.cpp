#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_prices.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

namespace nufi::cli {

using domain::Bucket;
using domain::PriceTerms;
using domain::Rates;

namespace {

struct RateOption {
  const char* name;
  Bucket bucket;
  const char* help;
};
constexpr std::array<RateOption, domain::kBucketCount> kRateOptions = {
    {{"--input", Bucket::input, "prompt tokens"},
     {"--output", Bucket::output, "completion tokens"},
     {"--cached-input", Bucket::cached_input, "prompt tokens read from the provider's cache"},
     {"--cache-write", Bucket::cache_write, "prompt tokens written to the provider's cache"},
     {"--reasoning", Bucket::reasoning, "reasoning tokens"},
     {"--audio-input", Bucket::audio_input, "audio tokens of the prompt"},
     {"--audio-output", Bucket::audio_output, "audio tokens of the answer"},
     {"--image-input", Bucket::image_input, "image tokens of the prompt"},
     {"--image-output", Bucket::image_output, "image tokens of the answer"}}};

struct SetOptions {
  std::string model;
  PriceTerms terms;
};

domain::Rate read_rate(const std::string& value, const std::string& option) {
  const auto rate = domain::parse_rate(value);
  if (!rate) {
    throw Error(Errc::usage, option + " must be USD per million tokens, like 2.5");
  }
  return *rate;
}

/// The rates in the order they were typed: those after an --above belong to its tier.
void read_rates(const CLI::App& command, PriceTerms& terms) {
  Rates* rates = &terms.rates;
  std::map<const CLI::Option*, std::size_t> seen;
  for (const CLI::Option* option : command.parse_order()) {
    const std::string name = option->get_name();
    const std::size_t turn = seen[option]++;
    const auto values = option->results();
    if (turn >= values.size()) continue;
    const std::string& value = values[turn];
    if (name == "--above") {
      const std::int64_t above = read_count(value, name);
      if (!terms.tiers.empty() && above <= terms.tiers.back().above_tokens) {
        throw Error(Errc::usage, "each --above must be greater than the one before");
      }
      terms.tiers.push_back({above, {}});
      rates = &terms.tiers.back().rates;
    }
    for (const RateOption& known : kRateOptions) {
      if (name != known.name) continue;
      if (rates->own(known.bucket)) throw Error(Errc::usage, name + " is given twice");
      rates->own(known.bucket) = read_rate(value, name);
    }
  }
}

bool is_empty(const Rates& rates) {
  return std::none_of(
      rates.of.begin(), rates.of.end(), [](const auto& rate) { return rate.has_value(); });
}

void check(const PriceTerms& terms) {
  const bool has_price =
      !is_empty(terms.rates) || !terms.tiers.empty() || terms.per_request > domain::Money::zero();
  if (terms.free && has_price) {
    throw Error(Errc::usage, "--free leaves no room for other prices");
  }
  if (!terms.free && !has_price) {
    throw Error(Errc::usage,
                "no price given",
                "e.g. --input 2.5 --output 10 (USD per million tokens), or --free");
  }
  for (const domain::ContextTier& tier : terms.tiers) {
    if (is_empty(tier.rates)) {
      throw Error(Errc::usage,
                  "no rates after --above " + std::to_string(tier.above_tokens),
                  "e.g. --above 200000 --input 5 --output 20");
    }
  }
}

void add_set(CLI::App& prices, Context& context) {
  auto options = std::make_shared<SetOptions>();
  CLI::App* command = prices.add_subcommand(
      "set", "what a model costs, in USD per million tokens; replaces what was known");
  command->add_option("MODEL", options->model, "its name")->required()->type_name("");
  // Only read in the order they were typed: see read_rates().
  auto unordered = std::make_shared<std::map<std::string, std::vector<std::string>>>();
  const auto add_ordered = [&](const std::string& name, const char* type, const char* help) {
    command->add_option(name, (*unordered)[name], help)->allow_extra_args(false)->type_name(type);
  };
  for (const RateOption& rate : kRateOptions) add_ordered(rate.name, "USD", rate.help);
  add_ordered("--above", "TOKENS", "the rates after it are for prompts of more tokens than this");
  PriceTerms& terms = options->terms;
  add_value(*command,
            "--per-request",
            "USD",
            "for each call, beside its tokens",
            [&terms](const std::string& value, const std::string& option) {
              terms.per_request = read_money(value, option);
            });
  add_value(*command,
            "--max-output",
            "TOKENS",
            "the most it can answer, for the hold",
            [&terms](const std::string& value, const std::string& option) {
              terms.max_output = read_count(value, option);
            });
  command->add_flag("--free", terms.free, "it costs nothing");
  add_output_options(*command, context);
  command->callback([&context, command, options, unordered] {
    read_rates(*command, options->terms);
    check(options->terms);
    context.client().set_price(options->model, options->terms);
    api::Json json{{"model", options->model}};
    json.update(api::to_json(options->terms));
    context.print_done(json, options->model, "price of '" + options->model + "' set");
  });
}

}  // namespace

void add_prices_commands(CLI::App& root, Context& context) {
  CLI::App& prices = *root.add_subcommand("prices", "what models cost");
  prices.require_subcommand(1);
  auto part = std::make_shared<std::string>();
  CLI::App* list = prices.add_subcommand("list", "prices in USD per million tokens");
  list->add_option("MODEL", *part, "only names that contain this")->type_name("");
  add_output_options(*list, context);
  list->callback(
      [&context, part] { context.print(list_of_prices(context.client().prices(*part))); });
  add_set(prices, context);
  auto model = std::make_shared<std::string>();
  CLI::App* unset = prices.add_subcommand("unset", "back to the catalogue's price");
  unset->add_option("MODEL", *model, "its name")->required()->type_name("");
  add_output_options(*unset, context);
  add_yes_option(*unset, context);
  unset->callback([&context, model] {
    context.confirm("forget your price of '" + *model + "'");
    context.client().unset_price(*model);
    context.print_done(
        api::Json{{"model", *model}, {"removed", true}}, *model, "price of '" + *model + "' unset");
  });
}

}  // namespace nufi::cli
