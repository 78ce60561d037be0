#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "cli/show_prices.hpp"
#include "lib/base/regular_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

namespace nufi::cli {

using domain::Bucket;
using domain::Money;
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

struct UnitOption {
  const char* name;
  Money PriceTerms::*amount;
  const char* help;
};
constexpr std::array kUnitOptions = {
    UnitOption{"--per-request", &PriceTerms::per_request, "for each call, beside its tokens"},
    UnitOption{"--per-image", &PriceTerms::per_image, "for each picture made"},
    UnitOption{"--per-second", &PriceTerms::per_second, "for each second of audio"},
    UnitOption{"--per-character", &PriceTerms::per_character, "for each character spoken"}};

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
  const bool has_unit =
      std::any_of(kUnitOptions.begin(), kUnitOptions.end(), [&](const UnitOption& unit) {
        return terms.*unit.amount > Money::zero();
      });
  const bool has_price = has_unit || !is_empty(terms.rates) || !terms.tiers.empty();
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
  for (const UnitOption& unit : kUnitOptions) {
    add_value(*command,
              unit.name,
              "USD",
              unit.help,
              [&terms, &unit](const std::string& value, const std::string& option) {
                terms.*unit.amount = read_money(value, option);
              });
  }
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
    const auto view = context.client().set_price(options->model, options->terms);
    for (const std::string& warning : view.warnings) {
      context.note(toned("warning: ", Tone::warning, context.screen.colour) + printable(warning));
    }
    context.print_done(api::to_json(view), options->model, "price of '" + options->model + "' set");
  });
}

void add_list(CLI::App& prices, Context& context) {
  auto model = std::make_shared<std::string>();
  CLI::App* list = prices.add_subcommand("list", "prices in USD per million tokens");
  list->add_option("MODEL", *model, "a glob, or a part of the name")->type_name("");
  add_output_options(*list, context);
  list->callback([&context, model] {
    const auto found = context.client().prices(*model);
    Listing listing = list_of_prices(found);
    if (!model->empty()) {
      listing.when_empty = printable("no price is known for '" + *model +
                                     "'; see those of all: nufi prices list '*'");
    }
    context.print(listing);
  });
}

/// Nobody is asked about what is not there.
void require_own_price(Context& context, const std::string& model) {
  for (const domain::PriceView& view : context.client().prices(model)) {
    if (view.price.model == model && (view.own || view.imported)) return;
  }
  throw Error(Errc::not_found,
              "no price is set for '" + model + "'",
              "only prices that were set or imported can be taken away");
}

void add_unset(CLI::App& prices, Context& context) {
  auto model = std::make_shared<std::string>();
  CLI::App* unset = prices.add_subcommand("unset", "back to the catalogue's price");
  unset->add_option("MODEL", *model, "its name")->required()->type_name("");
  add_output_options(*unset, context);
  add_yes_option(*unset, context);
  unset->callback([&context, model] {
    if (!context.yes) require_own_price(context, *model);
    context.confirm("forget your price of '" + *model + "'");
    context.client().unset_price(*model);
    context.print_done(
        api::Json{{"model", *model}, {"removed", true}}, *model, "price of '" + *model + "' unset");
  });
}

/// Of a price list: a hundred times what the longest has.
constexpr std::size_t kMostList = std::size_t{64} << 20;

struct ImportOptions {
  std::string file;
  bool dry_run = false;
};

std::string read_list(Context& context, const std::string& file) {
  std::string text;
  if (file == "-") {
    constexpr std::size_t kPiece = 65536;
    std::string piece(kPiece, '\0');
    while (text.size() <= kMostList) {
      context.in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
      if (context.in.gcount() == 0) break;
      text.append(piece, 0, static_cast<std::size_t>(context.in.gcount()));
    }
    if (text.size() > kMostList) {
      throw Error(Errc::invalid, fmt::format("the input has more than {} bytes", kMostList));
    }
  } else if (auto bytes = read_file(file, kMostList, Pipes::read)) {
    text = std::move(*bytes);
  } else {
    throw Error(Errc::invalid, fmt::format("can't read {}: {}", file, std::strerror(ENOENT)));
  }
  if (text.empty()) throw Error(Errc::invalid, "the price list is empty");
  return text;
}

domain::PriceImport send(Context& context, const std::string& list, bool dry_run) {
  Progress progress(context, dry_run ? "nothing was imported" : "nufid ends what it has begun");
  progress.show(dry_run ? "comparing prices" : "importing prices");
  return context.client().import_prices(list, dry_run);
}

void import(Context& context, const ImportOptions& options) {
  const std::string list = read_list(context, options.file);
  domain::PriceImport report = send(context, list, /*dry_run=*/true);
  const bool has_news = !report.added.empty() || !report.changed.empty();
  const bool will_apply = has_news && !options.dry_run;
  // Whoever decides must see what; a program that said --yes gets the outcome alone.
  if (will_apply && !(context.json && context.yes)) {
    if (!context.json && !context.quiet) context.print(list_of_import(report));
    context.note(summary_of(report));
    context.confirm("put these prices over the catalogue's");
  }
  if (will_apply) report = send(context, list, /*dry_run=*/false);
  if (context.json) {
    context.print_json(api::to_json(report));
  } else if (!will_apply) {
    context.print(list_of_import(report));
    context.note(summary_of(report));
  }
  if (report.applied) context.note("prices imported");
}

void add_import(CLI::App& prices, Context& context) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = prices.add_subcommand(
      "import", "prices from a model_prices_and_context_window.json, over the catalogue's");
  command->add_option("FILE", options->file, "where it is, or - for the input")
      ->required()
      ->type_name("");
  command->add_flag("--dry-run", options->dry_run, "only show what would change");
  add_output_options(*command, context);
  add_yes_option(*command, context);
  command->callback([&context, options] { import(context, *options); });
}

}  // namespace

void add_prices_commands(CLI::App& root, Context& context) {
  CLI::App& prices = *root.add_subcommand("prices", "what models cost");
  prices.require_subcommand(1);
  add_list(prices, context);
  add_set(prices, context);
  add_unset(prices, context);
  add_import(prices, context);
}

}  // namespace nufi::cli
