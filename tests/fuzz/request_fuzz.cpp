// A request's body: what is decided on is what other readers of JSON see, and a spliced body
// differs in the fields that were to be changed and nowhere else.
#include "lib/openai/json_walk.hpp"
#include "lib/openai/splice.hpp"
#include "tests/fuzz/property.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

using namespace nufi;
using namespace nufi::fuzz;
using nlohmann::json;
using openai::CapField;
using openai::Form;

namespace {

constexpr std::array kForms = {Form::chat,
                               Form::completions,
                               Form::responses,
                               Form::embeddings,
                               Form::moderations,
                               Form::images,
                               Form::speech,
                               Form::rerank,
                               Form::messages,
                               Form::message_tokens};

/// The members of the root, as text and in order, but for those in `but`.
using Members = std::vector<std::pair<std::string, std::string>>;

class MemberList final : public openai::JsonVisitor {
 public:
  explicit MemberList(const std::vector<std::string_view>& but) : but_(but) {}
  void open(const openai::JsonValue&) override {}
  void close(const openai::JsonValue& value) override { scalar(value); }
  void scalar(const openai::JsonValue& value) override {
    const bool is_left_out = std::find(but_.begin(), but_.end(), value.key) != but_.end();
    if (value.depth == 1 && !is_left_out) members.emplace_back(value.key, value.raw);
  }
  Members members;

 private:
  const std::vector<std::string_view>& but_;
};

Members members_of(std::string_view body, const std::vector<std::string_view>& but) {
  MemberList list(but);
  require(openai::walk_json(body, list).empty(), "a body that was read is JSON");
  return std::move(list.members);
}

bool takes_stream_options(Form form) {
  return form == Form::chat || form == Form::completions;
}

void check_splice(Form form, std::string_view body, const openai::Request& request, Input& choice) {
  openai::Changes changes;
  std::vector<std::string_view> changed = {"model"};
  if (choice.pick(2) == 1) changes.model = "other/\"model\\";
  if (choice.pick(2) == 1 && takes_stream_options(form) && !request.usage_asked) {
    changes.ask_for_usage = true;
    changed.emplace_back("stream_options");
  }
  const bool has_cap = form == Form::chat || form == Form::completions || form == Form::responses ||
                       form == Form::messages;
  if (choice.pick(2) == 1 && has_cap && !request.call.output_cap) {
    changes.output_cap = 777;
    changes.cap_field =
        form == Form::responses ? CapField::max_output_tokens : CapField::max_tokens;
    changed.push_back(openai::kCapFields[static_cast<std::size_t>(changes.cap_field)]);
  }
  const auto spliced = openai::splice_request(body, request, changes);
  require(members_of(body, changed) == members_of(spliced, changed), "no other field has changed");

  const auto again = openai::read_request(form, spliced);
  require(std::holds_alternative<openai::Request>(again), "a spliced body is as good as the first");
  const auto& read = std::get<openai::Request>(again);
  require(read.call.model == changes.model.value_or(request.call.model),
          "the model is the new one");
  require(read.usage_asked == (request.usage_asked || changes.ask_for_usage), "usage is asked for");
  require(read.call.stream == request.call.stream, "a stream stays one");
  if (changes.output_cap) {
    require(read.call.output_cap == changes.output_cap, "the cap is the new one");
  } else if (has_cap) {
    require(read.call.output_cap == request.call.output_cap, "the cap is the old one");
  }
  if (!changes.model && !changes.ask_for_usage && !changes.output_cap) {
    require(spliced == body, "without a change nothing changes");
  }
}

/// What a usual reader of JSON, which takes the last of two members, finds in the same body.
void check_against_other_reader(std::string_view body, const openai::Request& request) {
  const auto other = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (other.is_discarded()) return;  // numbers too large for it, halves of a surrogate pair
  require(other.is_object(), "a request is an object");
  if (other.contains("model")) {
    require(other["model"] == request.call.model, "another reader sees the same model");
  }
  if (other.contains("stream") && other["stream"].is_boolean() && request.call.stream) {
    require(other["stream"] == true, "another reader sees a stream too");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Input input(bytes, size);
  const auto form = kForms[input.pick(kForms.size())];
  auto choice = input;  // three bytes that choose the changes
  input.pick(1);
  input.pick(1);
  input.pick(1);
  const auto body = input.text();

  const auto read = openai::read_request(form, body);
  if (const auto* bad = std::get_if<openai::BadRequest>(&read)) {
    require(!bad->message.empty() && !bad->code.empty(), "a refusal says why");
    const bool is_short =
        std::count(body.begin(), body.end(), '[') + std::count(body.begin(), body.end(), '{') <
        static_cast<std::ptrdiff_t>(openai::kMaxJsonDepth);
    // The other reader passes over a byte order mark and ends at a NUL.
    const bool is_plain = !body.starts_with('\xEF') && body.find('\0') == body.npos;
    if (bad->code == "invalid_json" && is_short && is_plain) {
      const auto other = json::parse(body, nullptr, /*allow_exceptions=*/false);
      require(!other.is_object(), "what another reader takes for an object is JSON to us as well");
    }
    return 0;
  }
  const auto& request = std::get<openai::Request>(read);
  const auto& call = request.call;
  require(call.choices >= 0 && call.prompts >= 0 && call.prompt_bound >= 0, "no bound is negative");
  require(!call.output_cap || *call.output_cap >= 0, "no cap is negative");
  check_against_other_reader(body, request);
  check_splice(form, body, request, choice);
  return 0;
}
