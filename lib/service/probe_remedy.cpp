#include "lib/service/probe_remedy.hpp"

#include "lib/base/text.hpp"
#include "lib/base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nufi::service {
namespace {

constexpr std::size_t kLongestShown = 200;
constexpr std::size_t kFewModels = 5;
constexpr std::size_t kLeastSecret = 6;  ///< shorter values are words, not secrets

std::string edit(const domain::Upstream& upstream, const std::string& option) {
  return fmt::format("nufi upstreams edit {} {}", upstream.name, option);
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  if (what.size() < kLeastSecret) return;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_web_page(const ProbeReply& reply) {
  const auto body = trim(reply.body);
  return has(reply.content_type, "text/html") || body.starts_with("<");
}

/// What the upstream itself says is wrong, with a colon before it.
std::string complaint(const domain::ReadyUpstream& upstream, const ProbeReply& reply) {
  if (is_web_page(reply)) return {};
  auto messages = string_fields(reply.body, "message");
  if (messages.empty()) messages = string_fields(reply.body, "error");
  if (messages.empty()) messages = string_fields(reply.body, "detail");
  const auto text = shown(upstream, messages.empty() ? trim(reply.body) : messages.front());
  return text.empty() ? "" : ": " + text;
}

Diagnosis no_reply(const domain::ReadyUpstream& ready, const ProbeReply& reply) {
  const auto& upstream = ready.upstream;
  const auto& url = upstream.url;
  const std::string place = fmt::format("{}:{}", url.host, url.port);
  const std::string why = reply.why.empty() ? "" : " (" + to_lower(reply.why) + ")";
  switch (reply.failure) {
    case NoReply::none:
      break;
    case NoReply::unknown_host:
      return {fmt::format("the host {} is not known{}", url.host, why),
              "look for a typing error, or at this machine's DNS: " + edit(upstream, "--url URL")};
    case NoReply::refused:
      return {fmt::format("nobody listens on {}", place),
              "start the server, or tell where it is: " + edit(upstream, "--url URL")};
    case NoReply::unreachable:
      return {fmt::format("no way to {}{}", place, why),
              "look at the network and its firewall; a proxy is taken from HTTPS_PROXY of nufid"};
    case NoReply::untrusted:
      return {fmt::format("its certificate is not trusted{}", why),
              "if it is your own authority's: " + edit(upstream, "--ca-file FILE")};
    case NoReply::no_tls:
      return {fmt::format("{} does not answer in TLS", place),
              "if it is plain HTTP: " + edit(upstream, "--url http://…")};
    case NoReply::too_slow:
      return {"no answer in time", "it may be loading the model: try again"};
    case NoReply::broken:
      return {"it hung up without an answer",
              url.tls ? "" : "if it wants TLS: " + edit(upstream, "--url https://…")};
    case NoReply::proxy:
      return {fmt::format("the proxy lets nobody through to {}{}", place, why),
              "see HTTPS_PROXY and NO_PROXY in the environment of nufid"};
  }
  return {};
}

/// The base URL that may have been meant, "" if nothing about it looks wrong.
std::string better_url(const domain::BaseUrl& url) {
  domain::BaseUrl better = url;
  for (const std::string_view tail : {"/chat/completions", "/completions", "/models"}) {
    if (!url.path.ends_with(tail)) continue;
    better.path.resize(url.path.size() - tail.size());
    return better.text();
  }
  const auto provider = domain::provider_of_host(url.host);
  for (const auto& preset : domain::presets()) {
    if (provider.empty() || preset.provider != provider) continue;
    return domain::BaseUrl::parse(preset.url).text() == url.text() ? "" : std::string(preset.url);
  }
  if (has(url.path, "/v1")) return {};
  better.path += "/v1";
  return better.text();
}

Diagnosis not_there(const domain::ReadyUpstream& ready, const ProbeReply& reply) {
  const auto better = better_url(ready.upstream.url);
  Diagnosis out{fmt::format("not found{} (HTTP {})", complaint(ready, reply), reply.status), ""};
  if (reply.status == 200) {
    out.detail = is_web_page(reply) ? "a web page answers, no API"
                                    : "the answer is not what OpenAI's would be";
  }
  if (!better.empty()) {
    out.hint = fmt::format("{}: {}",
                           better.ends_with("/v1") && !has(ready.upstream.url.path, "/v1")
                               ? "did you forget /v1?"
                               : "the base URL may be wrong",
                           edit(ready.upstream, "--url " + better));
  }
  return out;
}

Diagnosis bad_secret(const domain::ReadyUpstream& ready, const ProbeReply& reply) {
  const std::string said = complaint(ready, reply);
  const std::string status = fmt::format(" (HTTP {})", reply.status);
  if (ready.secret.empty()) {
    return {"it wants a secret" + said + status,
            "give it one: " + edit(ready.upstream, "--key-stdin")};
  }
  return {"the secret was refused" + said + status,
          "give it another: " + edit(ready.upstream, "--key-stdin")};
}

}  // namespace

std::string shown(const domain::ReadyUpstream& upstream, std::string_view text) {
  std::string raw(text);
  replace_all(raw, upstream.secret.expose(), "[secret]");
  for (const auto& [name, value] : upstream.upstream.headers) replace_all(raw, value, "[header]");
  std::string out;
  for (std::string_view rest = trim(raw); !rest.empty();) {
    const auto next = first_character(rest);
    rest.remove_prefix(next.length);
    const bool is_space =
        next.code == ' ' || next.code == '\n' || next.code == '\r' || next.code == '\t';
    if (is_space) {
      if (!out.ends_with(' ')) out += ' ';
    } else if (next.valid && is_printable(next.code)) {
      append_utf8(out, next.code);
    }
    if (out.size() >= kLongestShown) return out + "…";
  }
  return out;
}

Diagnosis diagnose(const domain::ReadyUpstream& upstream, const ProbeReply& reply) {
  if (reply.failure != NoReply::none) return no_reply(upstream, reply);
  const std::string said = fmt::format("{} (HTTP {})", complaint(upstream, reply), reply.status);
  switch (reply.status) {
    case 401:
    case 403:
      return bad_secret(upstream, reply);
    case 200:
    case 404:
    case 405:
      return not_there(upstream, reply);
    case 402:
      return {"it wants to be paid" + said, "see the account's credit at the provider"};
    case 429:
      return {"it takes no more calls now" + said,
              "wait, or see the account's limits and credit at the provider"};
    default:
      break;
  }
  if (reply.status >= 300 && reply.status < 400) {
    return {
        fmt::format("it redirects to {} (HTTP {})", shown(upstream, reply.location), reply.status),
        "redirects are not followed: " + edit(upstream.upstream, "--url URL")};
  }
  if (reply.status >= 500) return {"it is in trouble" + said, "try again later"};
  return {"not answered" + said, ""};
}

bool says_no_such_model(const ProbeReply& reply, std::string_view model) {
  if (reply.failure != NoReply::none || reply.status < 400 || reply.status >= 500) return false;
  const std::string body = to_lower(reply.body);
  if (has(body, "model_not_found") || has(body, "no such model") || has(body, "unknown model")) {
    return true;
  }
  const bool is_named = has(body, to_lower(model)) || has(body, "model");
  return is_named && (has(body, "not found") || has(body, "does not exist") ||
                      has(body, "not exist") || has(body, "invalid model") ||
                      has(body, "not a valid model") || has(body, "not_found_error"));
}

Diagnosis diagnose_call(const domain::ReadyUpstream& upstream,
                        const ProbeReply& reply,
                        std::string_view model,
                        const std::vector<std::string>& listed) {
  if (!says_no_such_model(reply, model)) return diagnose(upstream, reply);
  Diagnosis out{fmt::format("it has no model {} (HTTP {})", shown(upstream, model), reply.status),
                "name one that it has: --model MODEL"};
  if (listed.empty()) return out;
  out.hint = fmt::format("it has {}; choose with --model", first_of(upstream, listed));
  return out;
}

std::string first_of(const domain::ReadyUpstream& upstream,
                     const std::vector<std::string>& listed) {
  std::string names;
  for (std::size_t i = 0; i < std::min(listed.size(), kFewModels); ++i) {
    names += (i == 0 ? "" : ", ") + shown(upstream, listed[i]);
  }
  if (listed.size() > kFewModels) {
    names += fmt::format(" and {} more", listed.size() - kFewModels);
  }
  return names;
}

}  // namespace nufi::service
