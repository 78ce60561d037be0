#pragma once

#include "lib/domain/price.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace nufi::domain {

/// What the rules need to know of a call, read from its body. Every bound is a true one: the
/// provider bills no more than it.
struct Call {
  std::string endpoint;  ///< "chat/completions"
  std::string model;     ///< as the client wrote it
  bool stream = false;
  bool makes_output = true;  ///< false: embeddings, moderations, rerank
  bool as_message = false;   ///< in Anthropic's form, which not every upstream speaks
  bool is_charged = true;    ///< false: it only asks how many tokens a prompt has

  /// Most prompt tokens of what stands in the body (a byte of text is at most one token).
  std::int64_t prompt_bound = 0;
  /// Some of the prompt stands elsewhere (a stored conversation, a file): only the model's context
  /// window bounds it.
  bool prompt_is_elsewhere = false;
  /// How often a context window can be filled: separate prompts in one body, or the passes a model
  /// makes over tools that the provider runs. >= 1.
  std::int64_t prompts = 1;

  /// The cap on output tokens per choice: the client's own, or what the kind of output allows.
  std::optional<std::int64_t> output_cap;
  std::int64_t choices = 1;  ///< answers that are made and billed, >= 1
  /// Output tokens of the whole call that no cap bounds (a prediction that is not accepted).
  std::int64_t output_beside = 0;

  /// The most that is billed by other units than tokens (Usage has the same).
  std::int64_t image_bound = 0;
  std::int64_t audio_ms_bound = 0;
  std::int64_t character_bound = 0;
  ServiceTier tier = ServiceTier::standard;  ///< the dearest it can be billed at
};

}  // namespace nufi::domain
