#pragma once

#include "lib/gateway/gateway.hpp"
#include "lib/gateway/reply_body.hpp"
#include "lib/net/upstream_call.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace nufi::gateway {

/// What is asked of a stored response.
struct ResponsePath {
  std::string_view id;       ///< as it came
  std::string_view allowed;  ///< the methods it takes: "GET, DELETE"
};

/// The stored response that a path below /v1/responses/ is about; std::nullopt if there is no such
/// path. The id is not looked at.
std::optional<ResponsePath> find_response_path(std::string_view path);

/// One request about a stored response: GET and DELETE of `responses/{id}`, POST of its `cancel`,
/// GET of its `input_items`. It goes to the upstream that made the response, and only for the
/// account that did; everybody else is told that there is none. It is not charged and has no row.
class ResponseCall {
 public:
  ResponseCall(Gateway& gateway, net::Exchange& exchange, const ResponsePath& path);

  net::Awaitable<void> run();

 private:
  // Stages, in order. Those that return a No have refused.
  net::Awaitable<std::optional<No>> admit();
  net::Awaitable<std::optional<No>> find_upstream();
  net::Awaitable<std::optional<No>> forward();
  net::Awaitable<std::optional<No>> pass_reply(net::UpstreamCall& call);
  net::Awaitable<void> pass_pieces(net::UpstreamCall& call, ReplyBody& body, net::Reply reply);
  [[nodiscard]] No why_failed(net::RequestResult result, const net::UpstreamCall& call) const;
  [[nodiscard]] No why_broken_off() const;

  Gateway& gateway_;
  net::Exchange& exchange_;
  const std::string id_;
  const std::string_view allowed_;
  const std::string request_id_;
  Caller caller_;
  const ReadyUpstream* upstream_ = nullptr;  ///< in the caller's world
  bool cut_ = false;                         ///< the key was revoked
};

}  // namespace nufi::gateway
