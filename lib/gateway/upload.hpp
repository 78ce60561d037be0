#pragma once

#include "lib/gateway/respond.hpp"
#include "lib/gateway/trace.hpp"
#include "lib/net/body_memory.hpp"
#include "lib/net/exchange.hpp"
#include "lib/net/upstream_call.hpp"
#include "lib/openai/form_request.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::gateway {

/// The body of a call that comes as a form (multipart/form-data).
///
/// Short ones are collected whole, like JSON: their bounds are exact, and they can be sent again.
/// A long one is collected until it is known what is asked for, and the rest passes on as it comes,
/// no faster than the upstream takes it and without being kept. While it passes it is still read: a
/// field that would change what was decided ends the call before its form is whole.
class Upload final : public net::BodySource {
 public:
  /// `trace` is told of every byte; null = there is none.
  Upload(net::Exchange& exchange,
         openai::Form form,
         std::string_view boundary,
         std::uint64_t most,
         CallTrace* trace = nullptr);

  /// Reads until the call is known; where it must not be passed on before its end, to the end.
  net::Awaitable<std::optional<No>> read(bool may_pass_on);
  [[nodiscard]] openai::FormReading reading() const;
  [[nodiscard]] bool is_whole() const { return whole_; }
  /// What is here of the body, with `model` in the place of the one it names; for an upstream that
  /// gets it from next(), which begins anew.
  [[nodiscard]] std::string known_with(std::string_view model) const;
  void begin(std::string_view model);
  /// Gives the memory of a whole body back: known_with() was called for the last time.
  void forget();
  /// The upstream has what it gets of known_with(), and nobody else gets any: that is gone, too.
  void forget_sent();
  /// How long the body is with `model`; std::nullopt if it comes in chunks.
  [[nodiscard]] std::optional<std::uint64_t> length_with(std::string_view model) const;
  /// All that was read is still here, so that another upstream can have it.
  [[nodiscard]] bool can_be_sent_again() const { return !passed_on_; }
  /// An upstream may have the whole form, whatever becomes of the body.
  [[nodiscard]] bool is_form_sent() const { return form_sent_; }

  net::Awaitable<Piece> next() override;
  void interrupt() override { exchange_.interrupt_body(); }
  /// Why next() failed.
  [[nodiscard]] std::optional<No> no() const { return no_; }

 private:
  std::optional<No> take(const net::UploadPiece& piece);

  net::Exchange& exchange_;
  openai::FormRequest form_;
  const std::uint64_t most_;
  CallTrace* const trace_;
  std::string known_;      ///< the body so far, until it passes on
  std::string beginning_;  ///< to be sent first
  net::BodyMemory::Share known_share_;
  net::BodyMemory::Share sent_share_;  ///< for what known_with() makes
  openai::FormReading reading_;
  bool whole_ = false;
  bool begun_ = false;
  bool passed_on_ = false;
  bool form_sent_ = false;
  std::optional<No> no_;
};

/// What a body that could not be read is refused with.
std::optional<No> refuse_unread(net::BodyRead read, std::uint64_t most);

}  // namespace nufi::gateway
