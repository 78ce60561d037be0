#include "cli/doctor_environment.hpp"

#include "lib/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace nufi::cli {

using domain::HealthCheck;
using domain::warning;

namespace {

/// What clients of providers read their secret from.
constexpr std::array kSecrets = {"OPENAI_API_KEY",
                                 "ANTHROPIC_API_KEY",
                                 "OPENROUTER_API_KEY",
                                 "GROQ_API_KEY",
                                 "MISTRAL_API_KEY",
                                 "DEEPSEEK_API_KEY",
                                 "TOGETHER_API_KEY",
                                 "GEMINI_API_KEY",
                                 "GOOGLE_API_KEY",
                                 "XAI_API_KEY",
                                 "COHERE_API_KEY",
                                 "CO_API_KEY",
                                 "PERPLEXITY_API_KEY",
                                 "FIREWORKS_API_KEY",
                                 "CEREBRAS_API_KEY",
                                 "NVIDIA_API_KEY",
                                 "AZURE_OPENAI_API_KEY"};

/// A variable with a base URL, and the one with the secret that goes there.
struct BaseUrlVariable {
  const char* url;
  const char* secret;
};
constexpr std::array kUrls = {BaseUrlVariable{"OPENAI_BASE_URL", "OPENAI_API_KEY"},
                              BaseUrlVariable{"OPENAI_API_BASE", "OPENAI_API_KEY"},
                              BaseUrlVariable{"ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"}};

std::string value_of(const Environment& environment, const char* name) {
  const char* value = environment ? environment(name) : nullptr;
  return value == nullptr ? std::string() : std::string(value);
}

bool is_ours(std::string_view secret) {
  return secret.starts_with("sk-nufi-");
}

/// Host and port of a URL, so that two ways to write a place compare as one.
std::string place_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  std::string place = to_lower(url.substr(0, url.find('/')));
  if (place.starts_with("localhost")) {
    place = "127.0.0.1" + place.substr(std::string_view("localhost").size());
  }
  return place;
}

/// `url` without what may be secret in it, for people.
std::string shown_url(const std::string& url) {
  const auto at = url.find('@');
  return at == std::string::npos ? url : url.substr(at + 1);
}

}  // namespace

std::vector<HealthCheck> examine_environment(const Environment& environment,
                                             const std::string& inference_url) {
  std::vector<HealthCheck> found;
  for (const char* name : kSecrets) {
    const std::string value = value_of(environment, name);
    if (value.empty() || is_ours(value)) continue;
    // Their secret, and our URL.
    const auto shows_us = std::find_if(kUrls.begin(), kUrls.end(), [&](const BaseUrlVariable& one) {
      return std::string_view(one.secret) == name &&
             place_of(value_of(environment, one.url)) == place_of(inference_url);
    });
    found.push_back(warning(
        std::string("environment.") + name,
        shows_us != kUrls.end()
            ? fmt::format("a secret that is not nufi's, though {} leads to nufid: programs show it "
                          "to nufid, which refuses them (401)",
                          shows_us->url)
            : "a secret that is not nufi's: programs that use it call past nufid, unseen and "
              "without limit",
        fmt::format("unset {}, and use a key of nufi's: eval \"$(nufi keys create --name shell "
                    "--env)\"",
                    name)));
  }
  bool is_redirected = false;
  for (const auto& [name, secret] : kUrls) {
    const std::string url = value_of(environment, name);
    if (url.empty()) continue;
    is_redirected = is_redirected || std::string_view(secret) == "OPENAI_API_KEY";
    if (place_of(url) == place_of(inference_url)) continue;
    found.push_back(warning(std::string("environment.") + name,
                            fmt::format("leads to {}, not to nufid", shown_url(url)),
                            fmt::format("export {}={}", name, inference_url)));
  }
  if (!is_redirected && is_ours(value_of(environment, "OPENAI_API_KEY"))) {
    found.push_back(warning("environment.OPENAI_BASE_URL",
                            "not set, though OPENAI_API_KEY is a key of nufi's: it would be shown "
                            "to OpenAI, who does not know it",
                            "export OPENAI_BASE_URL=" + inference_url));
  }
  if (found.empty()) {
    found.push_back(domain::healthy("environment.secrets", "none that leads past nufid"));
  }
  return found;
}

}  // namespace nufi::cli
