#include "lib/domain/coverage.hpp"

#include <string_view>

namespace nufi::domain {

bool covers(const Price& price, const Call& call) {
  if (price.free) return true;
  const Money none = Money::zero();
  const auto& rates = price.rates;
  const bool has_input = rates.own(Bucket::input).has_value();
  const bool has_output = rates.own(Bucket::output).has_value();
  const std::string_view endpoint = call.endpoint;
  if (endpoint.starts_with("images/")) {
    const bool has_pictures = has_output || rates.own(Bucket::image_output).has_value();
    return price.per_image > none || (has_input && has_pictures);
  }
  if (endpoint == "audio/speech") {
    const bool has_sound = has_output || rates.own(Bucket::audio_output).has_value();
    return price.per_character > none || price.per_second > none || (has_input && has_sound);
  }
  if (endpoint == "audio/transcriptions" || endpoint == "audio/translations") {
    const bool has_sound = has_input || rates.own(Bucket::audio_input).has_value();
    return price.per_second > none || (has_sound && has_output);
  }
  if (call.makes_output) return has_input && has_output;
  return has_input || (endpoint != "embeddings" && price.per_request > none);
}

}  // namespace nufi::domain
