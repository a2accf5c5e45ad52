#include "media/worker/sound/scripts.hpp"

#include <algorithm>

#include "media/worker/sound/characters.hpp"

namespace atelier::media::sound {
namespace {

struct Reads {
  std::string_view language;
  UScriptCode script;
};
// Beside Latin. Japanese without Han: espeak-ng 1.51 knows no reading of a kanji and says "Chinese letter" for each.
constexpr Reads kReads[] = {
    {"ar", USCRIPT_ARABIC},   {"fa", USCRIPT_ARABIC},     {"ur", USCRIPT_ARABIC},   {"bg", USCRIPT_CYRILLIC},
    {"ru", USCRIPT_CYRILLIC}, {"sr", USCRIPT_CYRILLIC},   {"uk", USCRIPT_CYRILLIC}, {"bn", USCRIPT_BENGALI},
    {"cmn", USCRIPT_HAN},     {"cmn", USCRIPT_BOPOMOFO},  {"yue", USCRIPT_HAN},     {"el", USCRIPT_GREEK},
    {"he", USCRIPT_HEBREW},   {"hi", USCRIPT_DEVANAGARI}, {"ja", USCRIPT_HIRAGANA}, {"ja", USCRIPT_KATAKANA},
    {"ko", USCRIPT_HANGUL},   {"ta", USCRIPT_TAMIL},      {"te", USCRIPT_TELUGU},
};
// The language people most likely mean by a script that several voices read.
constexpr Reads kSuggested[] = {{"ar", USCRIPT_ARABIC},
                                {"ru", USCRIPT_CYRILLIC},
                                {"cmn", USCRIPT_HAN},
                                {"ja", USCRIPT_HIRAGANA},
                                {"ja", USCRIPT_KATAKANA}};

}  // namespace

bool reads_script(std::string_view language, UScriptCode script) noexcept {
  if (script == USCRIPT_LATIN || script == USCRIPT_COMMON || script == USCRIPT_INHERITED || script == USCRIPT_UNKNOWN)
    return true;
  return std::any_of(std::begin(kReads), std::end(kReads),
                     [&](const Reads& row) { return row.language == language && row.script == script; });
}

std::optional<UScriptCode> unreadable_script(std::string_view language, std::string_view text) {
  std::optional<UScriptCode> found;
  for_each_character(text, [&](UChar32 c, std::string_view) {
    UErrorCode status = U_ZERO_ERROR;
    const UScriptCode script = uscript_getScript(c, &status);
    if (!found && !reads_script(language, script) && !is_unspoken_sign(c)) found = script;
  });
  return found;
}

std::string name_of(UScriptCode script) { return uscript_getName(script); }

const Voice* voice_for(UScriptCode script) noexcept {
  for (const Reads& row : kSuggested)
    if (row.script == script) return default_voice(row.language);
  for (const Reads& row : kReads)
    if (row.script == script) return default_voice(row.language);
  return nullptr;
}

}  // namespace atelier::media::sound
