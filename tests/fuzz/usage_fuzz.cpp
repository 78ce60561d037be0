// What an upstream says a call used: found in a reply however it is cut, and never absurd.
#include "lib/openai/json_walk.hpp"
#include "lib/openai/member_scan.hpp"
#include "lib/openai/usage.hpp"
#include "tests/fuzz/property.hpp"

#include <array>
#include <optional>
#include <string>

using namespace nufi;
using namespace nufi::fuzz;

namespace {

constexpr std::array kForms = {openai::Form::chat,
                               openai::Form::completions,
                               openai::Form::embeddings,
                               openai::Form::responses,
                               openai::Form::moderations,
                               openai::Form::images,
                               openai::Form::speech,
                               openai::Form::rerank,
                               openai::Form::messages};

/// The last member "usage" of the root, as a strict reader sees it.
class UsageFinder final : public openai::JsonVisitor {
 public:
  void open(const openai::JsonValue& value) override { note(value); }
  void close(const openai::JsonValue& value) override {
    if (value.depth == 1 && value.key == "usage") usage = value.raw;
  }
  void scalar(const openai::JsonValue& value) override {
    note(value);
    if (value.depth == 1 && value.key == "usage") usage = value.raw;
  }
  std::optional<std::string> usage;
  bool root_is_object = false;
  bool has_escaped_names = false;

 private:
  void note(const openai::JsonValue& value) {
    if (value.depth == 0) root_is_object = value.kind == openai::JsonKind::object;
    has_escaped_names = has_escaped_names || value.key.find('\\') != std::string_view::npos;
  }
};

void check(const openai::UsageReading& reading) {
  const auto& usage = reading.reported.usage;
  const auto& cost = reading.reported.cost;
  for (const auto tokens : usage.tokens) require(tokens >= 0, "no bucket is negative");
  require(usage.images >= 0 && usage.audio_ms >= 0 && usage.characters >= 0, "no unit is negative");
  require(!cost || cost->nanos() >= 0, "no cost is negative");
  if (reading.kind == openai::UsageKind::reported) {
    require(usage.total() <= 4'000'000'000, "a call uses no more than a call can");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Input input(bytes, size);
  const auto form = kForms[input.pick(kForms.size())];
  const auto seed = input.pick(8);
  const auto text = input.text();

  openai::MemberScan whole("usage");
  whole.feed(text);
  openai::MemberScan cut("usage");
  in_pieces(text, seed, [&](std::string_view piece) { cut.feed(piece); });
  require(whole.found() == cut.found() && whole.value() == cut.value() &&
              whole.items() == cut.items() && whole.begun() == cut.begun() &&
              whole.complete() == cut.complete(),
          "a member is found however its text is cut");

  UsageFinder finder;
  if (openai::walk_json(text, finder).empty() && finder.root_is_object &&
      !finder.has_escaped_names) {
    require(whole.complete(), "a whole document is complete");
    require(whole.found() == finder.usage.has_value(), "a member is found where it is");
    require(!whole.found() || whole.value() == *finder.usage, "and nothing else than its value");
  }
  check(openai::read_usage(text, form));
  if (whole.found()) check(openai::read_usage(whole.value(), form));
  return 0;
}
