#include "lib/service/probe.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/base/utf8.hpp"
#include "lib/service/probe_remedy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace nufi::service {

namespace {

using domain::ProbeResult;
using domain::ProbeStep;

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Newer models take only the second field, and think before they say a word.
constexpr std::array<std::string_view, 2> kCaps = {R"("max_tokens":1)",
                                                   R"("max_completion_tokens":256)"};

class Probe {
 public:
  Probe(const domain::ReadyUpstream& upstream,
        const ProbeWay& way,
        const domain::PriceBook& prices,
        const Clock& clock)
      : upstream_(upstream), prices_(prices), clock_(clock), client_(upstream, way, clock) {}

  std::vector<ProbeStep> run(std::string model) {
    ProbeStep& models = step("models", [this](ProbeStep& one) { list_models(one); });
    if (is_cut_off_) {
      for (const char* rest : {"chat", "stream", "usage"}) skip(rest, "it gave no answer");
      return take();
    }
    if (model.empty()) model = pick_model();
    if (model.empty()) {
      step("chat", [this](ProbeStep& chat) {
        const auto& globs = upstream_.upstream.models;
        const bool has_others = !listed_.empty() && !globs.empty();
        chat.detail = has_others
                          ? fmt::format("none of the {} models it lists is one it may serve ({})",
                                        listed_.size(),
                                        fmt::join(globs, ", "))
                          : "no model is known to ask";
        chat.hint = has_others ? "name one with --model, or change what it serves when you edit it"
                               : "name one with --model";
      });
      return take();
    }
    model_ = upstream_.upstream.serves(model).value_or(model);
    const bool works = is_embedding_model(model_) ? try_embeddings() : try_chat();
    if (works && models.result == ProbeResult::failed) {
      models.result = ProbeResult::warning;
      models.hint = "calls work without it; name its models with --model when you edit it";
    }
    if (works && !upstream_.upstream.free && price_of(model) == nullptr) tell_missing_price(model);
    return take();
  }

 private:
  /// Does one step and measures it. The reference lives as long as this: steps never move.
  ProbeStep& step(std::string name, const std::function<void(ProbeStep&)>& act) {
    steps_.push_back(std::make_unique<ProbeStep>());
    ProbeStep& one = *steps_.back();
    one.name = std::move(name);
    one.result = ProbeResult::failed;
    const SteadyTime start = clock_.steady();
    act(one);
    one.ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - start).count();
    return one;
  }

  void skip(const char* name, const std::string& why) {
    ProbeStep& one = step(name, [](ProbeStep&) {});
    one.result = ProbeResult::skipped;
    one.detail = why;
  }

  std::vector<ProbeStep> take() {
    std::vector<ProbeStep> all;
    for (auto& one : steps_) all.push_back(std::move(*one));
    return all;
  }

  static void put(ProbeStep& step, Diagnosis diagnosis) {
    step.detail = std::move(diagnosis.detail);
    step.hint = std::move(diagnosis.hint);
  }

  void list_models(ProbeStep& step) {
    const auto reply = client_.get("/models");
    is_cut_off_ = reply.failure != NoReply::none;
    const bool is_list = reply.status == 200 && has(reply.body, "\"data\"");
    listed_ = reply.status == 200 ? string_fields(reply.body, "id") : std::vector<std::string>();
    if (!is_list && listed_.empty()) return put(step, diagnose(upstream_, reply));
    step.result = ProbeResult::ok;
    step.detail = fmt::format("{} listed: {}", listed_.size(), first_of(upstream_, listed_));
    if (listed_.empty()) {
      step.result = ProbeResult::warning;
      step.detail = "none listed";
      step.hint = "it has no model yet: load or pull one there";
    }
  }

  /// `model` is the name that clients use.
  [[nodiscard]] const domain::Price* price_of(const std::string& model) const {
    const domain::Upstream& upstream = upstream_.upstream;
    return prices_.find(upstream, upstream.serves(model).value_or(model), model);
  }

  void tell_missing_price(const std::string& model) {
    ProbeStep& one = step("price", [](ProbeStep&) {});
    const std::string name = shown(upstream_, model);
    one.result = ProbeResult::warning;
    one.detail = fmt::format("{} has none: refused under a budget", name);
    one.hint = fmt::format(
        "nufi prices set {} --input USD --output USD, or, if its calls cost nothing: nufi "
        "upstreams edit {} --free",
        name,
        upstream_.upstream.name);
  }

  [[nodiscard]] bool is_embedding_model(const std::string& model) const {
    const auto* price = price_of(model);
    // One that was set does not know what the model makes.
    const bool is_listed = price != nullptr && !price->provider.empty();
    if (is_listed) return price->mode == "embedding";
    const auto name = to_lower(model);
    return has(name, "embed") || has(name, "bge-") || has(name, "minilm");
  }

  /// The names it was given, that of a price first.
  [[nodiscard]] std::string pick_given() const {
    const domain::Upstream& upstream = upstream_.upstream;
    std::vector<std::string> given;
    for (const std::string& glob : upstream.models) {
      if (glob.find_first_of("*?") == std::string::npos) given.push_back(glob);
    }
    for (const auto& [alias, real] : upstream.aliases) given.push_back(alias);
    const auto priced = std::find_if(given.begin(), given.end(), [this](const std::string& name) {
      return price_of(name) != nullptr && !is_embedding_model(name);
    });
    if (priced != given.end()) return *priced;
    return given.empty() ? "" : given.front();
  }

  /// A literal name it serves, else the cheapest chat model with a price that it lists, else the
  /// first it lists, rather no embedding model.
  [[nodiscard]] std::string pick_model() const {
    if (std::string given = pick_given(); !given.empty()) return given;
    std::string cheapest;
    std::string first;
    domain::Rate least = 0;
    for (const std::string& model : listed_) {
      if (!upstream_.upstream.serves(model)) continue;
      if (first.empty() || (is_embedding_model(first) && !is_embedding_model(model))) first = model;
      const domain::Price* price = price_of(model);
      if (price == nullptr || price->mode != "chat") continue;
      const domain::Rate rate = price->rates.effective(domain::Bucket::output);
      if (cheapest.empty() || rate < least) {
        cheapest = model;
        least = rate;
      }
    }
    return cheapest.empty() ? first : cheapest;
  }

  ProbeReply ask_chat(std::string_view more) {
    ProbeReply reply;
    for (const std::string_view cap : kCaps) {
      reply = client_.post(
          "/chat/completions",
          fmt::format(R"({{"model":{},"messages":[{{"role":"user","content":"Say hi"}}],{}{}}})",
                      quote_json(model_),
                      cap,
                      more));
      if (reply.status != 400 || !has(reply.body, "max_completion_tokens")) break;
    }
    return reply;
  }

  bool try_chat() {
    ProbeReply plain;
    ProbeStep& chat = step("chat", [&](ProbeStep& one) {
      plain = ask_chat("");
      if (plain.status == 200 && has(plain.body, "\"choices\"")) {
        one.result = ProbeResult::ok;
        one.detail = shown(upstream_, model_);
      } else {
        put(one, diagnose_call(upstream_, plain, model_, listed_));
      }
    });
    if (chat.result != ProbeResult::ok) {
      const bool may_embed = plain.status >= 400 && plain.status != 401 && plain.status != 403 &&
                             plain.status != 429 && !says_no_such_model(plain, model_);
      if (may_embed && embeds()) {
        chat.result = ProbeResult::warning;
        chat.hint = "it makes embeddings; give a chat model with --model if it has one";
        keep_embedding();
        return true;
      }
      for (const char* rest : {"stream", "usage"}) skip(rest, "the chat did not work");
      return false;
    }
    ProbeReply streamed;
    step("stream", [&](ProbeStep& one) { streamed = stream(one); });
    step("usage", [&](ProbeStep& one) {
      judge_usage(
          has(plain.body, "\"prompt_tokens\""), has(streamed.body, "\"prompt_tokens\""), one);
    });
    return true;
  }

  ProbeReply stream(ProbeStep& step) {
    auto reply = ask_chat(R"(,"stream":true,"stream_options":{"include_usage":true})");
    if (reply.status == 400 && has(reply.body, "stream_options")) {
      reply = ask_chat(R"(,"stream":true)");
    }
    step.first_byte_ms = reply.first_byte_ms;
    const bool has_chunks = has(reply.body, "data:") && has(reply.body, "\"choices\"");
    if (reply.status != 200 || (!has_chunks && !has(reply.body, "\"choices\""))) {
      put(step, diagnose(upstream_, reply));
    } else if (!has_chunks) {
      step.result = ProbeResult::warning;
      step.detail = "it answers whole, not in pieces";
    } else if (!has(reply.body, "[DONE]")) {
      step.result = ProbeResult::warning;
      step.detail = "it ends without [DONE]: some clients take that for a broken answer";
    } else {
      step.result = ProbeResult::ok;
      step.detail = fmt::format("first byte after {} ms", reply.first_byte_ms.value_or(0));
    }
    return reply;
  }

  static void judge_usage(bool in_plain, bool in_stream, ProbeStep& step) {
    step.result = in_plain && in_stream ? ProbeResult::ok : ProbeResult::warning;
    if (in_plain && in_stream) {
      step.detail = "reported, in streams too";
    } else if (in_plain) {
      step.detail = "not reported in streams: their cost is estimated";
    } else if (in_stream) {
      step.detail = "reported in streams only: the cost of others is estimated";
    } else {
      step.detail = "not reported: costs are estimated";
    }
  }

  /// Asks for an embedding of two words; true if there was one.
  bool embeds() {
    const auto start = clock_.steady();
    embedding_ = client_.post(
        "/embeddings", fmt::format(R"({{"model":{},"input":"Say hi"}})", quote_json(model_)));
    embedding_ms_ =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - start).count();
    return embedding_.status == 200 && has(embedding_.body, "\"embedding\"");
  }

  void keep_embedding() {
    step("embeddings", [this](ProbeStep& one) {
      one.result = ProbeResult::ok;
      one.detail = shown(upstream_, model_);
    }).ms = embedding_ms_;
    step("usage", [this](ProbeStep& one) {
      const bool is_told = has(embedding_.body, "\"prompt_tokens\"");
      one.result = is_told ? ProbeResult::ok : ProbeResult::warning;
      one.detail = is_told ? "reported" : "not reported: costs are estimated";
    });
  }

  bool try_embeddings() {
    for (const char* name : {"chat", "stream"}) {
      skip(name, shown(upstream_, model_) + " makes embeddings");
    }
    if (embeds()) {
      keep_embedding();
      return true;
    }
    step("embeddings", [this](ProbeStep& one) {
      put(one, diagnose_call(upstream_, embedding_, model_, listed_));
    }).ms = embedding_ms_;
    return false;
  }

  const domain::ReadyUpstream& upstream_;
  const domain::PriceBook& prices_;
  const Clock& clock_;
  ProbeClient client_;
  std::vector<std::unique_ptr<ProbeStep>> steps_;
  std::vector<std::string> listed_;
  std::string model_;  ///< as the upstream calls it
  ProbeReply embedding_;
  std::int64_t embedding_ms_ = 0;
  bool is_cut_off_ = false;  ///< there was no reply at all
};

}  // namespace

std::vector<ProbeStep> probe(const domain::ReadyUpstream& upstream,
                             const std::string& model,
                             const ProbeWay& way,
                             const domain::PriceBook& prices,
                             const Clock& clock) {
  try {
    return Probe(upstream, way, prices, clock).run(model);
  } catch (const Error& error) {
    ProbeStep step;
    step.name = "proxy";
    step.result = ProbeResult::failed;
    step.detail = error.what();
    step.hint = error.hint();
    return {step};
  }
}

}  // namespace nufi::service
