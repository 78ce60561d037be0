#pragma once

#include "lib/openai/audio_length.hpp"
#include "lib/openai/multipart.hpp"
#include "lib/openai/request.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::openai {

/// What a form asks for, and what it is taken to use where no reply says it.
struct FormReading {
  /// As read_request() gives it of JSON; `model` spans the bare text of its part.
  Request request;
  std::int64_t prompt_estimate = 0;    ///< tokens
  std::int64_t audio_ms_estimate = 0;  ///< length of the sound in its files
};

/// Reads a multipart/form-data request of Form::transcriptions or Form::image_edits while it comes,
/// as strictly as read_request() reads JSON: a field that is decided on stands there once, in its
/// own case, as a plain value and not as a file.
///
/// A body that is passed on before its end must be bounded by what is known then. The fields may
/// stand in any order, so the rest is bounded by its length: it is all sound, but for short texts
/// (what is more is refused, as a second file is). Pictures are not bounded so: how many are made
/// stands perhaps behind them; a call under a limit must wait for the whole form.
class FormRequest final : private PartVisitor {
 public:
  FormRequest(Form form, std::string_view boundary);

  /// Takes the next bytes. False once it can't be taken: problem() says why.
  bool feed(std::string_view bytes);
  /// The body is over: false if the form is not whole, or has no model.
  bool end();
  [[nodiscard]] const BadRequest& problem() const { return *problem_; }

  /// The last boundary has come.
  [[nodiscard]] bool is_closed() const { return parts_.is_closed(); }
  /// Enough has come to pass the rest on as it comes: the model, and the beginning of a file.
  [[nodiscard]] bool may_pass_on() const;
  /// From now on what comes has been decided on.
  void pass_on() { passing_ = true; }

  /// What is asked for, by what has come and the `rest` bytes that are still to come.
  [[nodiscard]] FormReading reading(std::uint64_t rest) const;

 private:
  struct File {
    std::string head;
    std::uint64_t bytes = 0;
  };

  void begin_part(PartHead head) override;
  void content(std::string_view bytes, std::uint64_t at) override;
  void end_part() override;
  void decide();
  void refuse(std::string message, std::string_view param = {});
  void bound_sound(FormReading& reading, std::uint64_t rest) const;
  void bound_pictures(FormReading& reading) const;

  const Form form_;
  Multipart parts_;
  Request request_;
  std::optional<BadRequest> problem_;
  PartHead part_;
  bool decided_ = false;   ///< the part is a field that is decided on
  bool is_sound_ = false;  ///< the part is a file of sound
  std::string value_;      ///< of such a field
  std::uint64_t value_at_ = 0;
  std::vector<std::string> seen_;  ///< fields that were decided on
  std::vector<File> files_;        ///< of sound
  std::int64_t pictures_ = 0;
  std::int64_t choices_ = 1;
  std::uint64_t text_bytes_ = 0;  ///< of what is not decided on, nor a picture or sound
  std::uint64_t late_bytes_ = 0;  ///< of it, since pass_on()
  bool in_chunks_ = false;        ///< the sound is heard piece by piece
  bool is_fetched_ = false;       ///< the sound is named by its URL
  bool passing_ = false;
};

/// `known`, the beginning of a body (its model in it), with the model renamed to `model`.
std::string splice_form(std::string_view known, const Request& request, std::string_view model);

}  // namespace nufi::openai
