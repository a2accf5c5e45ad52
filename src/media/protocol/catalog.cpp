#include "media/protocol/catalog.hpp"

#include <algorithm>
#include <array>

namespace atelier::media {
namespace {

constexpr std::array kVoices = {
    Voice{"local/flite/rms", "flite", "rms", "en", "Robert (US English)"},
    Voice{"local/flite/slt", "flite", "slt", "en", "Susan (US English)"},
    Voice{"local/flite/awb", "flite", "awb", "en", "Alan (Scottish English)"},
    Voice{"local/flite/kal16", "flite", "kal16", "en", "Kal (US English, robotic)"},
    Voice{"local/espeak-ng/en-us", "espeak-ng", "en-us", "en", "eSpeak US English"},
    Voice{"local/espeak-ng/en-gb", "espeak-ng", "en", "en", "eSpeak British English"},
    Voice{"local/espeak-ng/af", "espeak-ng", "af", "af", "Afrikaans"},
    Voice{"local/espeak-ng/ar", "espeak-ng", "ar", "ar", "Arabic"},
    Voice{"local/espeak-ng/bg", "espeak-ng", "bg", "bg", "Bulgarian"},
    Voice{"local/espeak-ng/bn", "espeak-ng", "bn", "bn", "Bengali"},
    Voice{"local/espeak-ng/ca", "espeak-ng", "ca", "ca", "Catalan"},
    Voice{"local/espeak-ng/cmn", "espeak-ng", "cmn", "cmn", "Chinese (Mandarin)"},
    Voice{"local/espeak-ng/yue", "espeak-ng", "yue", "yue", "Chinese (Cantonese)"},
    Voice{"local/espeak-ng/cs", "espeak-ng", "cs", "cs", "Czech"},
    Voice{"local/espeak-ng/da", "espeak-ng", "da", "da", "Danish"},
    Voice{"local/espeak-ng/de", "espeak-ng", "de", "de", "German"},
    Voice{"local/espeak-ng/el", "espeak-ng", "el", "el", "Greek"},
    Voice{"local/espeak-ng/eo", "espeak-ng", "eo", "eo", "Esperanto"},
    Voice{"local/espeak-ng/es", "espeak-ng", "es", "es", "Spanish (Spain)"},
    Voice{"local/espeak-ng/es-419", "espeak-ng", "es-419", "es", "Spanish (Latin America)"},
    Voice{"local/espeak-ng/et", "espeak-ng", "et", "et", "Estonian"},
    Voice{"local/espeak-ng/fa", "espeak-ng", "fa", "fa", "Persian"},
    Voice{"local/espeak-ng/fi", "espeak-ng", "fi", "fi", "Finnish"},
    Voice{"local/espeak-ng/fr", "espeak-ng", "fr", "fr", "French"},
    Voice{"local/espeak-ng/he", "espeak-ng", "he", "he", "Hebrew"},
    Voice{"local/espeak-ng/hi", "espeak-ng", "hi", "hi", "Hindi"},
    Voice{"local/espeak-ng/hr", "espeak-ng", "hr", "hr", "Croatian"},
    Voice{"local/espeak-ng/hu", "espeak-ng", "hu", "hu", "Hungarian"},
    Voice{"local/espeak-ng/id", "espeak-ng", "id", "id", "Indonesian"},
    Voice{"local/espeak-ng/it", "espeak-ng", "it", "it", "Italian"},
    Voice{"local/espeak-ng/ja", "espeak-ng", "ja", "ja", "Japanese"},
    Voice{"local/espeak-ng/ko", "espeak-ng", "ko", "ko", "Korean"},
    Voice{"local/espeak-ng/lt", "espeak-ng", "lt", "lt", "Lithuanian"},
    Voice{"local/espeak-ng/lv", "espeak-ng", "lv", "lv", "Latvian"},
    Voice{"local/espeak-ng/ms", "espeak-ng", "ms", "ms", "Malay"},
    Voice{"local/espeak-ng/nb", "espeak-ng", "nb", "nb", "Norwegian"},
    Voice{"local/espeak-ng/nl", "espeak-ng", "nl", "nl", "Dutch"},
    Voice{"local/espeak-ng/pl", "espeak-ng", "pl", "pl", "Polish"},
    Voice{"local/espeak-ng/pt-br", "espeak-ng", "pt-br", "pt", "Portuguese (Brazil)"},
    Voice{"local/espeak-ng/pt", "espeak-ng", "pt", "pt", "Portuguese (Portugal)"},
    Voice{"local/espeak-ng/ro", "espeak-ng", "ro", "ro", "Romanian"},
    Voice{"local/espeak-ng/ru", "espeak-ng", "ru", "ru", "Russian"},
    Voice{"local/espeak-ng/sk", "espeak-ng", "sk", "sk", "Slovak"},
    Voice{"local/espeak-ng/sl", "espeak-ng", "sl", "sl", "Slovenian"},
    Voice{"local/espeak-ng/sr", "espeak-ng", "sr", "sr", "Serbian"},
    Voice{"local/espeak-ng/sv", "espeak-ng", "sv", "sv", "Swedish"},
    Voice{"local/espeak-ng/sw", "espeak-ng", "sw", "sw", "Swahili"},
    Voice{"local/espeak-ng/ta", "espeak-ng", "ta", "ta", "Tamil"},
    Voice{"local/espeak-ng/te", "espeak-ng", "te", "te", "Telugu"},
    Voice{"local/espeak-ng/tr", "espeak-ng", "tr", "tr", "Turkish"},
    Voice{"local/espeak-ng/uk", "espeak-ng", "uk", "uk", "Ukrainian"},
    Voice{"local/espeak-ng/ur", "espeak-ng", "ur", "ur", "Urdu"},
    Voice{"local/espeak-ng/vi", "espeak-ng", "vi", "vi", "Vietnamese"},
};

constexpr std::array kCaptionStyles = {
    CaptionStyle{"spotlight", "Spotlight", "Large white words; the one being spoken is lit", true},
    CaptionStyle{"plain", "Plain", "White text with a dark edge", false},
    CaptionStyle{"card", "Card", "Ink on a paper card", false},
    CaptionStyle{"headline", "Headline", "Heavy capitals in colour, few words at a time", false},
};

constexpr std::array kBackgroundKinds = {
    BackgroundKind{"aurora", "Aurora", "Slow curtains of light"},
    BackgroundKind{"dunes", "Dunes", "Layered ridges that drift apart"},
    BackgroundKind{"ink", "Ink", "Pigment spreading in water"},
    BackgroundKind{"bokeh", "Bokeh", "Soft discs of light, out of focus"},
    BackgroundKind{"waves", "Waves", "Bands of colour that swell"},
};

constexpr std::array kFrameSizes = {
    FrameSize{"1080x1920", "Vertical 9:16", 1080, 1920},
    FrameSize{"1920x1080", "Wide 16:9", 1920, 1080},
    FrameSize{"1080x1080", "Square 1:1", 1080, 1080},
};

constexpr std::array kFrameRates = {std::int32_t{24}, std::int32_t{25}, std::int32_t{30}, std::int32_t{60}};

// Macrolanguages and old tags under which people know a language we can speak.
struct LanguageAlias {
  std::string_view tag;
  std::string_view language;
};
constexpr std::array kLanguageAliases = {
    LanguageAlias{"zh", "cmn"},
    LanguageAlias{"no", "nb"},
    LanguageAlias{"iw", "he"},
    LanguageAlias{"in", "id"},
};

template <class Table>
auto find_by_id(const Table& table, std::string_view id) noexcept {
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.id == id; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Voice> voices() noexcept { return kVoices; }
const Voice* find_voice(std::string_view id) noexcept { return find_by_id(kVoices, id); }

std::optional<std::string_view> spoken_language(std::string_view tag) noexcept {
  std::string_view language = tag.substr(0, tag.find_first_of("-_"));
  for (const LanguageAlias& alias : kLanguageAliases)
    if (alias.tag == language) language = alias.language;
  for (const Voice& voice : kVoices)
    if (voice.language == language) return voice.language;
  return std::nullopt;
}

const Voice* default_voice(std::string_view language) noexcept {
  const auto spoken = spoken_language(language);
  if (!spoken) return nullptr;
  for (const Voice& voice : kVoices)
    if (voice.language == *spoken) return &voice;
  return nullptr;
}

std::span<const CaptionStyle> caption_styles() noexcept { return kCaptionStyles; }
const CaptionStyle* find_caption_style(std::string_view id) noexcept { return find_by_id(kCaptionStyles, id); }
std::span<const BackgroundKind> background_kinds() noexcept { return kBackgroundKinds; }
const BackgroundKind* find_background_kind(std::string_view id) noexcept { return find_by_id(kBackgroundKinds, id); }
std::span<const FrameSize> frame_sizes() noexcept { return kFrameSizes; }
const FrameSize* find_frame_size(std::string_view id) noexcept { return find_by_id(kFrameSizes, id); }
std::span<const std::int32_t> frame_rates() noexcept { return kFrameRates; }

}  // namespace atelier::media
