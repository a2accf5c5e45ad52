#pragma once

#include <unicode/uscript.h>

#include <optional>
#include <string>
#include <string_view>

#include "media/protocol/catalog.hpp"

namespace atelier::media::sound {

// Whether a voice of this language reads this script aloud. Every voice reads Latin letters.
bool reads_script(std::string_view language, UScriptCode script) noexcept;
// The first script in `text` that the language's voices cannot read.
std::optional<UScriptCode> unreadable_script(std::string_view language, std::string_view text);
// "Han", "Cyrillic"
std::string name_of(UScriptCode script);
// A voice that reads the script; null if there is none.
const Voice* voice_for(UScriptCode script) noexcept;

}  // namespace atelier::media::sound
