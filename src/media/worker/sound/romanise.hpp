#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::media::sound {

// Any script to Latin letters, as ICU writes it ("Москва" to "Moskva").
Result<std::string> to_latin(std::string_view text);
// Latin letters to ASCII ("café" to "cafe"); what has no such form is left out.
Result<std::string> to_ascii(std::string_view text);

}  // namespace atelier::media::sound
