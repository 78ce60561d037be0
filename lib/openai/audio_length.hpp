#pragma once

#include <cstdint>
#include <string_view>

namespace nufi::openai {

/// How long the sound in a file is.
struct AudioLength {
  std::int64_t most_ms = 0;    ///< no honest file of that size is longer
  std::int64_t likely_ms = 0;  ///< an estimate, for where nobody says it
};

/// So much of a file is enough to see what it is.
inline constexpr std::size_t kAudioHead = 4096;

/// Judges a file of `bytes` bytes by its beginning. PCM in WAV has its length in its bytes. FLAC
/// says how long it is, which counts, but not for less than 32 kbit/s. MP3 has no frame below
/// 8 kbit/s. Anything else may be speech at 2 kbit/s, the least of the codecs in use.
AudioLength audio_length(std::string_view head, std::uint64_t bytes);

}  // namespace nufi::openai
