// A multipart form: however it is cut, the same parts; every line that some reader could take for a
// delimiter is one to us; a renamed model changes its part and nothing else.
#include "lib/openai/form_request.hpp"
#include "tests/fuzz/property.hpp"

#include <string>
#include <vector>

using namespace nufi;
using namespace nufi::fuzz;

namespace {

constexpr std::string_view kBoundary = "x";
constexpr std::size_t kWhole = 1'000'000;

struct Part {
  openai::PartHead head;
  std::string content;
  bool has_ended = false;
};

class Parts final : public openai::PartVisitor {
 public:
  explicit Parts(std::string_view body) : body_(body) {}
  void begin_part(openai::PartHead head) override {
    require(list.empty() || list.back().has_ended, "a part ends before the next begins");
    list.push_back({std::move(head), {}, false});
  }
  void content(std::string_view bytes, std::uint64_t at) override {
    require(!list.empty() && !list.back().has_ended, "content is of a part");
    require(body_.substr(at, bytes.size()) == bytes, "content stands where it is said to");
    list.back().content += bytes;
  }
  void end_part() override { list.back().has_ended = true; }
  std::vector<Part> list;

 private:
  std::string_view body_;
};

struct Form {
  bool is_good = true;
  bool is_closed = false;
  std::vector<Part> parts;
};

Form split(std::string_view body, std::size_t seed) {
  Parts parts(body);
  openai::Multipart reader(kBoundary, parts);
  Form form;
  in_pieces(body, seed, [&](std::string_view piece) {
    if (form.is_good) form.is_good = reader.feed(piece);
  });
  require(form.is_good == reader.problem().empty(), "a refusal says why");
  form.is_closed = form.is_good && reader.is_closed();
  form.parts = std::move(parts.list);
  return form;
}

bool are_same(const std::vector<Part>& left, const std::vector<Part>& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto& [a, a_content, a_ended] = left[i];
    const auto& [b, b_content, b_ended] = right[i];
    if (a.name != b.name || a.folded_name != b.folded_name || a.is_file != b.is_file ||
        a.is_plain != b.is_plain || a_content != b_content || a_ended != b_ended) {
      return false;
    }
  }
  return true;
}

/// Lines that begin like a delimiter, whatever ends lines for a reader.
std::size_t delimiters(std::string_view body) {
  const auto dashes = "--" + std::string(kBoundary);
  std::size_t count = 0;
  for (auto at = body.find(dashes); at != body.npos; at = body.find(dashes, at + 1)) {
    count += at == 0 || body[at - 1] == '\n' || body[at - 1] == '\r' ? 1U : 0U;
  }
  return count;
}

void check_request(openai::Form form, std::string_view body, std::size_t seed) {
  openai::FormRequest whole(form, kBoundary);
  const bool is_good = whole.feed(body) && whole.end();
  openai::FormRequest cut(form, kBoundary);
  bool cut_is_good = true;
  in_pieces(body, seed, [&](std::string_view piece) {
    if (cut_is_good) cut_is_good = cut.feed(piece);
  });
  require(is_good == (cut_is_good && cut.end()), "a form is good or not however it is cut");
  if (!is_good) return require(!whole.problem().message.empty(), "a refusal says why");

  const auto reading = whole.reading(0);
  const auto& request = reading.request;
  const auto& model = request.call.model;
  require(reading.prompt_estimate >= 0 && reading.audio_ms_estimate >= 0,
          "no estimate is negative");
  require(request.call.prompt_bound >= 0 && request.call.audio_ms_bound >= 0, "nor is a bound");
  require(cut.reading(0).request.call.model == model, "the model is one however it is cut");
  require(body.substr(request.model.at, request.model.size) == model, "the model stands there");

  constexpr std::string_view kOther = "other";
  const auto renamed = openai::splice_form(body, request, kOther);
  auto expected = split(body, kWhole).parts;
  for (auto& part : expected) {
    if (part.head.name == "model") part.content = kOther;
  }
  require(are_same(split(renamed, kWhole).parts, expected), "only the model is renamed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Input input(bytes, size);
  const auto seed = input.pick(8);
  const auto form = input.pick(2) == 0 ? openai::Form::transcriptions : openai::Form::image_edits;
  const auto body = input.text();

  const auto whole = split(body, kWhole);
  const auto cut = split(body, seed);
  require(whole.is_good == cut.is_good, "a form is one or not however it is cut");
  require(whole.is_closed == cut.is_closed, "and whole or not");
  if (whole.is_good) require(are_same(whole.parts, cut.parts), "and has the same parts");
  if (whole.is_closed) {
    require(delimiters(body) == whole.parts.size() + 1, "no other reader sees another delimiter");
  }
  check_request(form, body, seed);

  if (const auto boundary = openai::boundary_of(body)) {
    require(!boundary->empty() && boundary->size() <= 70 && boundary->find('\n') == boundary->npos,
            "a boundary is as RFC 2046 wants it");
  }
  return 0;
}
