#include "lib/gateway/headers.hpp"

#include "lib/base/text.hpp"
#include "lib/gateway/endpoint.hpp"

#include <algorithm>
#include <array>

namespace nufi::gateway {
namespace {

/// RFC 9110 §7.6.1 and its forerunners.
constexpr std::array<std::string_view, 9> kHopByHop = {"connection",
                                                       "keep-alive",
                                                       "proxy-authenticate",
                                                       "proxy-authorization",
                                                       "proxy-connection",
                                                       "te",
                                                       "trailer",
                                                       "transfer-encoding",
                                                       "upgrade"};

/// Ours to say, not the client's: who it is, where it came from, how the body is framed.
constexpr std::array<std::string_view, 30> kNotToUpstream = {"host",
                                                             "authorization",
                                                             "x-api-key",
                                                             "api-key",
                                                             "cookie",
                                                             "content-length",
                                                             "expect",
                                                             "content-type",
                                                             "forwarded",
                                                             "accept-encoding",
                                                             "via",
                                                             "proxy",
                                                             "x-forwarded",
                                                             "forwarded-for",
                                                             "x-original-forwarded-for",
                                                             "x-original-host",
                                                             "x-original-url",
                                                             "x-rewrite-url",
                                                             "x-http-method-override",
                                                             "x-host",
                                                             "x-remote-ip",
                                                             "x-remote-addr",
                                                             "x-cluster-client-ip",
                                                             "client-ip",
                                                             "fastly-client-ip",
                                                             "x-real-ip",
                                                             "true-client-ip",
                                                             "cf-connecting-ip",
                                                             "x-client-ip",
                                                             "content-encoding"};

/// Anthropic refuses calls that name no version; for those this one.
constexpr std::string_view kMessagesVersion = "anthropic-version";
constexpr std::string_view kUsualMessagesVersion = "2023-06-01";

constexpr std::array<std::string_view, 3> kNotToClient = {
    "content-length", "set-cookie", "set-cookie2"};

template <class Names>
bool is_one_of(std::string_view name, const Names& names) {
  return std::any_of(
      names.begin(), names.end(), [&](auto each) { return equals_ignoring_case(name, each); });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

/// True if the Connection field names `name` as belonging to this hop only.
bool is_named_by_connection(const net::Fields& fields, std::string_view name) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto field = fields.at(i);
    if (!equals_ignoring_case(field.name, "connection")) continue;
    for (const auto& token : split(field.value, ',')) {
      if (equals_ignoring_case(trim(token), name)) return true;
    }
  }
  return false;
}

/// Many servers hand fields on as variables, where "X_Real_IP" and "X-Real-IP" are one.
std::string as_server_reads(std::string_view name) {
  std::string read(name);
  std::replace(read.begin(), read.end(), '_', '-');
  return read;
}

/// Some clients send their key where it does not belong.
bool holds_key(std::string_view text) {
  return text.find("sk-nufi-") != std::string_view::npos;
}

/// A value that would end its line (a secret file with a line end in it) is left out.
void append(std::string& text, std::string_view name, std::string_view value) {
  constexpr std::string_view kForbidden("\r\n\0", 3);
  if (value.find_first_of(kForbidden) != std::string_view::npos) return;
  text += name;
  text += ": ";
  text += value;
  text += "\r\n";
}

}  // namespace

std::string upstream_request_head(const net::RequestHead& client,
                                  const ReadyUpstream& upstream,
                                  std::string_view path,
                                  std::optional<std::uint64_t> body_size,
                                  std::string_view content_type) {
  const auto& url = upstream.upstream->url;
  std::string text;
  text.reserve(1024);
  text += client.method;
  text += ' ';
  text += url.path;
  text += path;
  if (!client.query().empty() && !holds_key(client.query())) {
    text += '?';
    text += client.query();
  }
  text += " HTTP/1.1\r\n";
  append(text, "Host", url.authority());
  const bool as_message = speaks_messages(client.path());
  if (as_message && upstream.upstream->provider == "anthropic") {
    if (!upstream.api_key.empty()) append(text, "x-api-key", upstream.api_key);
  } else if (!upstream.authorization.empty()) {
    append(text, "Authorization", upstream.authorization);
  }
  const auto& own = upstream.upstream->headers;
  for (const auto& [name, value] : own) append(text, name, value);
  const auto is_own = [&](std::string_view name) {
    return std::any_of(own.begin(), own.end(), [&](const auto& each) {
      return equals_ignoring_case(as_server_reads(each.first), name);
    });
  };
  for (std::size_t i = 0; i < client.fields.size(); ++i) {
    const auto field = client.fields.at(i);
    const auto value = field.value;
    const auto name = as_server_reads(field.name);
    if (is_one_of(name, kHopByHop) || is_one_of(name, kNotToUpstream)) continue;
    if (starts_with_ignoring_case(name, "x-nufi-") ||
        starts_with_ignoring_case(name, "x-forwarded-")) {
      continue;
    }
    if (is_named_by_connection(client.fields, field.name)) continue;
    if (holds_key(value)) continue;
    if (!is_own(name)) append(text, field.name, value);
  }
  if (as_message && client.fields.count(kMessagesVersion) == 0 && !is_own(kMessagesVersion)) {
    append(text, kMessagesVersion, kUsualMessagesVersion);
  }
  append(text, "Accept-Encoding", "identity");
  if (!body_size) {
    append(text, "Content-Type", content_type);
    append(text, "Transfer-Encoding", "chunked");
  } else if (*body_size > 0) {
    append(text, "Content-Type", content_type);
    append(text, "Content-Length", std::to_string(*body_size));
  } else if (client.method == "POST") {
    append(text, "Content-Length", "0");
  }
  text += "\r\n";
  return text;
}

void pass_reply_fields(const net::Fields& from, net::Fields& to, bool with_rates, bool is_decoded) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto [name, value] = from.at(i);
    if (is_one_of(name, kHopByHop) || is_one_of(name, kNotToClient)) continue;
    if (starts_with_ignoring_case(name, "access-control-") ||
        starts_with_ignoring_case(name, "x-nufi-")) {
      continue;
    }
    if (!with_rates && starts_with_ignoring_case(name, "x-ratelimit-")) continue;
    if (is_decoded && equals_ignoring_case(name, "content-encoding")) continue;
    if (is_named_by_connection(from, name)) continue;
    to.add(name, value);
  }
}

}  // namespace nufi::gateway
