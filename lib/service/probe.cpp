#include "lib/service/probe.hpp"

#include "lib/base/text.hpp"
#include "lib/domain/catalogue.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <openssl/x509.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace nufi::service {

namespace {

constexpr int kConnectSeconds = 5;
constexpr int kReadSeconds = 20;
constexpr std::size_t kShownError = 200;

std::string json_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

/// What the upstream says is wrong, cut short.
std::string complaint(const httplib::Response& response) {
  const auto messages = string_fields(response.body, "message");
  std::string text = messages.empty() ? std::string(trim(response.body)) : messages.front();
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  if (text.size() > kShownError) text = text.substr(0, kShownError) + "…";
  return text.empty() ? "" : ": " + text;
}

class Probe {
 public:
  Probe(const domain::ReadyUpstream& upstream, const std::string& ca_file, const Clock& clock)
      : upstream_(upstream), clock_(clock), client_(origin(upstream.upstream.url)) {
    client_.set_connection_timeout(kConnectSeconds);
    client_.set_read_timeout(kReadSeconds);
    client_.set_write_timeout(kReadSeconds);
    client_.set_decompress(false);
    if (upstream.upstream.url.tls) trust(ca_file);
  }

  std::vector<domain::ProbeStep> run(std::string model) {
    std::string body;
    step("models", [&](domain::ProbeStep& step) {
      const auto result = client_.Get(path("/models"), headers());
      if (!is_ok(result, step)) return;
      body = result->body;
      step.detail = fmt::format("{} listed", string_fields(body, "id").size());
      step.result = domain::ProbeResult::ok;
    });
    if (model.empty()) model = pick_model(string_fields(body, "id"));
    if (model.empty()) {
      step("chat", [](domain::ProbeStep& chat) {
        chat.detail = "no model known to ask; add one with --model or --alias";
      });
      return std::move(steps_);
    }
    const std::string real = upstream_.upstream.serves(model).value_or(model);
    std::string plain;
    std::string streamed;
    step("chat", [&](domain::ProbeStep& step) { plain = ask(real, /*stream=*/false, step); });
    step("stream", [&](domain::ProbeStep& step) { streamed = ask(real, /*stream=*/true, step); });
    step("usage", [&](domain::ProbeStep& step) { judge_usage(plain, streamed, step); });
    return std::move(steps_);
  }

 private:
  static std::string origin(const domain::BaseUrl& url) {
    const bool is_v6 = url.host.find(':') != std::string::npos;
    return fmt::format("{}://{}:{}",
                       url.tls ? "https" : "http",
                       is_v6 ? "[" + url.host + "]" : url.host,
                       url.port);
  }

  /// The system's roots and the given ones; httplib alone would take one or the other.
  void trust(const std::string& ca_file) {
    X509_STORE* roots = X509_STORE_new();
    X509_STORE_set_default_paths(roots);
    for (const std::string& file : {ca_file, upstream_.upstream.ca_file}) {
      if (!file.empty()) X509_STORE_load_locations(roots, file.c_str(), nullptr);
    }
    client_.set_ca_cert_store(roots);  // takes it over
    client_.enable_server_certificate_verification(true);
  }

  [[nodiscard]] std::string path(std::string_view tail) const {
    return upstream_.upstream.url.path + std::string(tail);
  }

  [[nodiscard]] httplib::Headers headers() const {
    httplib::Headers all = {{"Host", upstream_.upstream.url.authority()},
                            {"Accept-Encoding", "identity"}};
    if (!upstream_.secret.empty()) {
      all.emplace("Authorization", "Bearer " + upstream_.secret.expose());
    }
    for (const auto& [name, value] : upstream_.upstream.headers) all.emplace(name, value);
    return all;
  }

  void step(std::string name, const std::function<void(domain::ProbeStep&)>& act) {
    domain::ProbeStep one;
    one.result = domain::ProbeResult::failed;
    one.name = std::move(name);
    const SteadyTime start = clock_.steady();
    act(one);
    one.ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - start).count();
    steps_.push_back(std::move(one));
  }

  static bool is_ok(const httplib::Result& result, domain::ProbeStep& step) {
    if (!result) {
      step.detail = "no answer: " + to_lower(httplib::to_string(result.error()));
      return false;
    }
    if (result->status == 200) return true;
    const bool is_refusal = result->status == 401 || result->status == 403;
    step.detail = fmt::format("{}{} (HTTP {})",
                              is_refusal ? "the secret was refused" : "not answered",
                              complaint(*result),
                              result->status);
    return false;
  }

  /// A literal name it serves, else the cheapest chat model of the catalogue that it lists, else
  /// the first it lists.
  [[nodiscard]] std::string pick_model(const std::vector<std::string>& listed) const {
    const domain::Upstream& upstream = upstream_.upstream;
    for (const std::string& glob : upstream.models) {
      if (glob.find_first_of("*?") == std::string::npos) return glob;
    }
    if (!upstream.aliases.empty()) return upstream.aliases.front().first;
    std::string cheapest;
    domain::Rate least = 0;
    for (const std::string& model : listed) {
      const domain::Price* price = domain::Catalogue::built_in().find(upstream.provider, model);
      if (price == nullptr || price->mode != "chat" || !upstream.serves(model)) continue;
      const domain::Rate rate = price->rates.effective(domain::Bucket::output);
      if (cheapest.empty() || rate < least) {
        cheapest = model;
        least = rate;
      }
    }
    if (!cheapest.empty()) return cheapest;
    const auto first = std::find_if(listed.begin(), listed.end(), [&](const std::string& model) {
      return upstream.serves(model).has_value();
    });
    return first == listed.end() ? "" : *first;
  }

  /// The body of a good answer, or "".
  std::string ask(const std::string& model, bool stream, domain::ProbeStep& step) {
    // Newer models take only the second field, and not as little as one.
    for (const char* cap : {R"("max_tokens":1)", R"("max_completion_tokens":16)"}) {
      const std::string request =
          fmt::format(R"({{"model":{},"messages":[{{"role":"user","content":"Say hi"}}],{}{}}})",
                      json_text(model),
                      cap,
                      stream ? R"(,"stream":true,"stream_options":{"include_usage":true})" : "");
      const auto result =
          client_.Post(path("/chat/completions"), headers(), request, "application/json");
      const bool may_retry = result && result->status == 400 &&
                             result->body.find("max_completion_tokens") != std::string::npos;
      if (!is_ok(result, step)) {
        if (may_retry) continue;
        return {};
      }
      const std::string& body = result->body;
      const bool is_whole = stream ? body.find("data: [DONE]") != std::string::npos
                                   : body.find("\"choices\"") != std::string::npos;
      step.result = is_whole ? domain::ProbeResult::ok : domain::ProbeResult::failed;
      step.detail = is_whole ? model : "the answer is not what OpenAI's would be";
      return is_whole ? body : std::string();
    }
    return {};
  }

  static void judge_usage(const std::string& plain,
                          const std::string& streamed,
                          domain::ProbeStep& step) {
    const bool in_plain = plain.find("\"prompt_tokens\"") != std::string::npos;
    const bool in_stream = streamed.find("\"prompt_tokens\"") != std::string::npos;
    const bool is_ok = in_plain && in_stream;
    step.result = is_ok ? domain::ProbeResult::ok : domain::ProbeResult::warning;
    if (is_ok) {
      step.detail = "reported, in streams too";
    } else if (in_plain) {
      step.detail = "not reported in streams: their cost is estimated";
    } else if (in_stream) {
      step.detail = "reported in streams only: the cost of others is estimated";
    } else {
      step.detail = "not reported: costs are estimated";
    }
  }

  const domain::ReadyUpstream& upstream_;
  const Clock& clock_;
  httplib::Client client_;
  std::vector<domain::ProbeStep> steps_;
};

}  // namespace

std::vector<std::string> string_fields(std::string_view json, std::string_view field) {
  const std::string name = json_text(field);
  const auto skip_spaces = [&](std::size_t at) {
    return std::min(json.find_first_not_of(" \t\r\n", at), json.size());
  };
  std::vector<std::string> values;
  for (std::size_t at = json.find(name); at != std::string_view::npos; at = json.find(name, at)) {
    at = skip_spaces(at + name.size());
    if (at >= json.size() || json[at] != ':') continue;
    at = skip_spaces(at + 1);
    if (at >= json.size() || json[at] != '"') continue;
    const std::size_t end = json.find_first_of("\"\\", at + 1);
    if (end == std::string_view::npos) break;
    if (json[end] == '"') values.emplace_back(json.substr(at + 1, end - at - 1));
    at = end;
  }
  return values;
}

std::vector<domain::ProbeStep> probe(const domain::ReadyUpstream& upstream,
                                     std::string model,
                                     const std::string& ca_file,
                                     const Clock& clock) {
  return Probe(upstream, ca_file, clock).run(std::move(model));
}

}  // namespace nufi::service
