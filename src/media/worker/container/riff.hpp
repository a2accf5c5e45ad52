#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/error.hpp"

namespace atelier::media::container {

// Whether files are all there that say in their head how long they are. Reason "media_truncated" where they are not.

// WAV and AVI: every chunk, one level deep.
Result<> check_riff(std::span<const std::uint8_t> file, const std::string& name);
// Matroska and WebM: the segment, when its length is given (RFC 8794 section 6; live recordings leave it out).
Result<> check_matroska(std::span<const std::uint8_t> file, const std::string& name);

}  // namespace atelier::media::container
