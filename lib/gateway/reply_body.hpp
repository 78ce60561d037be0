#pragma once

#include "lib/base/inflate.hpp"
#include "lib/net/exchange.hpp"
#include "lib/net/upstream_call.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace nufi::gateway {

/// The body of an upstream's reply as it is metered and passed on. Every upstream is asked for no
/// coding at all; from one that compresses with gzip or deflate all the same it comes decoded, in
/// small blocks, so that memory stays bounded whatever it unpacks to. One that uses a coding that
/// is not understood (br, zstd) passes as it is and can't be read.
class ReplyBody {
 public:
  /// `call` has been answered; it and its loop outlive this.
  ReplyBody(net::UpstreamCall& call, net::Loop& loop);

  /// As UpstreamCall::read_body(). What is not of its coding, is cut off, or unpacks to more than
  /// kMostDecoded is broken.
  net::Awaitable<net::BodyPiece> read(std::chrono::milliseconds idle_timeout);

  /// The coding is undone: what the head says of it and of the length holds no more.
  [[nodiscard]] bool is_decoded() const { return inflater_.has_value(); }
  /// False: what passes is in a coding that is not understood.
  [[nodiscard]] bool is_readable() const { return readable_; }

  static constexpr std::uint64_t kMostDecoded = UINT64_C(1) << 30;

 private:
  net::Awaitable<net::BodyPiece> read_coded(std::chrono::milliseconds idle_timeout);

  net::UpstreamCall& call_;
  net::Loop& loop_;
  std::optional<Inflater> inflater_;
  bool readable_ = true;
  bool fed_ = false;
  int in_a_row_ = 0;   ///< blocks without a turn for anybody else
  bool over_ = false;  ///< all that was sent has been fed
};

}  // namespace nufi::gateway
