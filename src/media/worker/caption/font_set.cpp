#include "media/worker/caption/font_set.hpp"

#include <algorithm>
#include <array>

namespace atelier::media::caption {
namespace {

constexpr UScriptCode kLatin[] = {USCRIPT_LATIN, USCRIPT_CYRILLIC, USCRIPT_GREEK};
constexpr UScriptCode kTibetan[] = {USCRIPT_TIBETAN};
constexpr UScriptCode kAdlam[] = {USCRIPT_ADLAM};
constexpr UScriptCode kArabic[] = {USCRIPT_ARABIC};
constexpr UScriptCode kArmenian[] = {USCRIPT_ARMENIAN};
constexpr UScriptCode kBalinese[] = {USCRIPT_BALINESE};
constexpr UScriptCode kBengali[] = {USCRIPT_BENGALI};
constexpr UScriptCode kCanadianAboriginal[] = {USCRIPT_CANADIAN_ABORIGINAL};
constexpr UScriptCode kChakma[] = {USCRIPT_CHAKMA};
constexpr UScriptCode kCham[] = {USCRIPT_CHAM};
constexpr UScriptCode kCherokee[] = {USCRIPT_CHEROKEE};
constexpr UScriptCode kCoptic[] = {USCRIPT_COPTIC};
constexpr UScriptCode kDevanagari[] = {USCRIPT_DEVANAGARI};
constexpr UScriptCode kEthiopic[] = {USCRIPT_ETHIOPIC};
constexpr UScriptCode kGeorgian[] = {USCRIPT_GEORGIAN};
constexpr UScriptCode kGothic[] = {USCRIPT_GOTHIC};
constexpr UScriptCode kGujarati[] = {USCRIPT_GUJARATI};
constexpr UScriptCode kGurmukhi[] = {USCRIPT_GURMUKHI};
constexpr UScriptCode kHanifiRohingya[] = {USCRIPT_HANIFI_ROHINGYA};
constexpr UScriptCode kHebrew[] = {USCRIPT_HEBREW};
constexpr UScriptCode kJavanese[] = {USCRIPT_JAVANESE};
constexpr UScriptCode kKannada[] = {USCRIPT_KANNADA};
constexpr UScriptCode kKhmer[] = {USCRIPT_KHMER};
constexpr UScriptCode kLao[] = {USCRIPT_LAO};
constexpr UScriptCode kLisu[] = {USCRIPT_LISU};
constexpr UScriptCode kMalayalam[] = {USCRIPT_MALAYALAM};
constexpr UScriptCode kMeeteiMayek[] = {USCRIPT_MEITEI_MAYEK};
constexpr UScriptCode kMongolian[] = {USCRIPT_MONGOLIAN};
constexpr UScriptCode kMyanmar[] = {USCRIPT_MYANMAR};
constexpr UScriptCode kNKo[] = {USCRIPT_NKO};
constexpr UScriptCode kNewTaiLue[] = {USCRIPT_NEW_TAI_LUE};
constexpr UScriptCode kOlChiki[] = {USCRIPT_OL_CHIKI};
constexpr UScriptCode kOriya[] = {USCRIPT_ORIYA};
constexpr UScriptCode kOsage[] = {USCRIPT_OSAGE};
constexpr UScriptCode kRunic[] = {USCRIPT_RUNIC};
constexpr UScriptCode kSinhala[] = {USCRIPT_SINHALA};
constexpr UScriptCode kSundanese[] = {USCRIPT_SUNDANESE};
constexpr UScriptCode kSyriac[] = {USCRIPT_SYRIAC};
constexpr UScriptCode kTaiLe[] = {USCRIPT_TAI_LE};
constexpr UScriptCode kTaiTham[] = {USCRIPT_LANNA};
constexpr UScriptCode kTamil[] = {USCRIPT_TAMIL};
constexpr UScriptCode kTelugu[] = {USCRIPT_TELUGU};
constexpr UScriptCode kThaana[] = {USCRIPT_THAANA};
constexpr UScriptCode kThai[] = {USCRIPT_THAI};
constexpr UScriptCode kTifinagh[] = {USCRIPT_TIFINAGH};
constexpr UScriptCode kVai[] = {USCRIPT_VAI};
constexpr UScriptCode kYi[] = {USCRIPT_YI};
// Han and what is written along with it; which of the faces is decided by the language.
constexpr UScriptCode kHan[] = {USCRIPT_HAN, USCRIPT_HIRAGANA, USCRIPT_KATAKANA, USCRIPT_HANGUL, USCRIPT_BOPOMOFO};

constexpr FontSpec kSet[] = {
    {"NotoSans-Bold.ttf", "Noto Sans", true, kLatin},
    {"NotoSansAdlam-Bold.ttf", "Noto Sans Adlam", true, kAdlam},
    {"NotoSansArabic-Bold.ttf", "Noto Sans Arabic", true, kArabic},
    {"NotoSansArmenian-Bold.ttf", "Noto Sans Armenian", true, kArmenian},
    {"NotoSansBalinese-Bold.ttf", "Noto Sans Balinese", true, kBalinese},
    {"NotoSansBengali-Bold.ttf", "Noto Sans Bengali", true, kBengali},
    {"NotoSansCanadianAboriginal-Bold.ttf", "Noto Sans Canadian Aboriginal", true, kCanadianAboriginal},
    {"NotoSansChakma-Regular.ttf", "Noto Sans Chakma", false, kChakma},
    {"NotoSansCham-Bold.ttf", "Noto Sans Cham", true, kCham},
    {"NotoSansCherokee-Bold.ttf", "Noto Sans Cherokee", true, kCherokee},
    {"NotoSansCoptic-Regular.ttf", "Noto Sans Coptic", false, kCoptic},
    {"NotoSansDevanagari-Bold.ttf", "Noto Sans Devanagari", true, kDevanagari},
    {"NotoSansEthiopic-Bold.ttf", "Noto Sans Ethiopic", true, kEthiopic},
    {"NotoSansGeorgian-Bold.ttf", "Noto Sans Georgian", true, kGeorgian},
    {"NotoSansGothic-Regular.ttf", "Noto Sans Gothic", false, kGothic},
    {"NotoSansGujarati-Bold.ttf", "Noto Sans Gujarati", true, kGujarati},
    {"NotoSansGurmukhi-Bold.ttf", "Noto Sans Gurmukhi", true, kGurmukhi},
    {"NotoSansHanifiRohingya-Bold.ttf", "Noto Sans Hanifi Rohingya", true, kHanifiRohingya},
    {"NotoSansHebrew-Bold.ttf", "Noto Sans Hebrew", true, kHebrew},
    {"NotoSansJavanese-Bold.ttf", "Noto Sans Javanese", true, kJavanese},
    {"NotoSansKannada-Bold.ttf", "Noto Sans Kannada", true, kKannada},
    {"NotoSansKhmer-Bold.ttf", "Noto Sans Khmer", true, kKhmer},
    {"NotoSansLao-Bold.ttf", "Noto Sans Lao", true, kLao},
    {"NotoSansLisu-Bold.ttf", "Noto Sans Lisu", true, kLisu},
    {"NotoSansMalayalam-Bold.ttf", "Noto Sans Malayalam", true, kMalayalam},
    {"NotoSansMeeteiMayek-Bold.ttf", "Noto Sans Meetei Mayek", true, kMeeteiMayek},
    {"NotoSansMongolian-Regular.ttf", "Noto Sans Mongolian", false, kMongolian},
    {"NotoSansMyanmar-Bold.ttf", "Noto Sans Myanmar", true, kMyanmar},
    {"NotoSansNKo-Regular.ttf", "Noto Sans NKo", false, kNKo},
    {"NotoSansNewTaiLue-Regular.ttf", "Noto Sans New Tai Lue", false, kNewTaiLue},
    {"NotoSansOlChiki-Bold.ttf", "Noto Sans Ol Chiki", true, kOlChiki},
    {"NotoSansOriya-Bold.ttf", "Noto Sans Oriya", true, kOriya},
    {"NotoSansOsage-Regular.ttf", "Noto Sans Osage", false, kOsage},
    {"NotoSansRunic-Regular.ttf", "Noto Sans Runic", false, kRunic},
    {"NotoSansSinhala-Bold.ttf", "Noto Sans Sinhala", true, kSinhala},
    {"NotoSansSundanese-Bold.ttf", "Noto Sans Sundanese", true, kSundanese},
    {"NotoSansSyriac-Regular.ttf", "Noto Sans Syriac", false, kSyriac},
    {"NotoSansTaiLe-Regular.ttf", "Noto Sans Tai Le", false, kTaiLe},
    {"NotoSansTaiTham-Bold.ttf", "Noto Sans Tai Tham", true, kTaiTham},
    {"NotoSansTamil-Bold.ttf", "Noto Sans Tamil", true, kTamil},
    {"NotoSansTelugu-Bold.ttf", "Noto Sans Telugu", true, kTelugu},
    {"NotoSansThaana-Bold.ttf", "Noto Sans Thaana", true, kThaana},
    {"NotoSansThai-Bold.ttf", "Noto Sans Thai", true, kThai},
    {"NotoSansTifinagh-Regular.ttf", "Noto Sans Tifinagh", false, kTifinagh},
    {"NotoSansVai-Regular.ttf", "Noto Sans Vai", false, kVai},
    {"NotoSansYi-Regular.ttf", "Noto Sans Yi", false, kYi},
    {"NotoSerifTibetan-Bold.ttf", "Noto Serif Tibetan", true, kTibetan},
    // One file, whose faces differ in the regional form of shared characters.
    {"NotoSansCJK-Bold.ttc", "Noto Sans CJK JP", true, kHan, 0},
    {"NotoSansCJK-Bold.ttc", "Noto Sans CJK KR", true, kHan, 1},
    {"NotoSansCJK-Bold.ttc", "Noto Sans CJK SC", true, kHan, 2},
    {"NotoSansCJK-Bold.ttc", "Noto Sans CJK TC", true, kHan, 3},
    {"NotoSansCJK-Bold.ttc", "Noto Sans CJK HK", true, kHan, 4},
    // Signs of no script, in the order they are asked for.
    {"NotoSansSymbols-Bold.ttf", "Noto Sans Symbols", true, {}},
    {"NotoSansSymbols2-Regular.ttf", "Noto Sans Symbols2", false, {}},
    {"NotoSansMath-Regular.ttf", "Noto Sans Math", false, {}},
    {"NotoMusic-Regular.ttf", "Noto Music", false, {}},
    {"NotoColorEmoji.ttf", "Noto Color Emoji", false, {}},
};
constexpr std::size_t kCount = std::size(kSet);

constexpr std::size_t index_of(std::string_view family) {
  for (std::size_t i = 0; i < kCount; ++i)
    if (kSet[i].family == family) return i;
  return kCount;
}
constexpr std::size_t kJapanese = index_of("Noto Sans CJK JP");
constexpr std::size_t kKorean = index_of("Noto Sans CJK KR");
constexpr std::size_t kSimplified = index_of("Noto Sans CJK SC");
constexpr std::size_t kTraditional = index_of("Noto Sans CJK TC");
constexpr std::size_t kHongKong = index_of("Noto Sans CJK HK");
static_assert(kHongKong < kCount && kJapanese + 4 == kHongKong);

bool has_subtag(std::string_view language, std::string_view subtag) {
  for (std::size_t start = 0; start < language.size();) {
    const std::size_t end = std::min(language.find_first_of("-_", start), language.size());
    if (language.substr(start, end - start) == subtag) return true;
    start = end + 1;
  }
  return false;
}

}  // namespace

std::span<const FontSpec> font_set() noexcept { return kSet; }
std::size_t emoji_font() noexcept { return kCount - 1; }

std::size_t han_font(std::string_view language) noexcept {
  const std::string_view primary = language.substr(0, language.find_first_of("-_"));
  if (primary == "ja") return kJapanese;
  if (primary == "ko") return kKorean;
  if (primary == "yue" || has_subtag(language, "HK") || has_subtag(language, "MO")) return kHongKong;
  if (has_subtag(language, "Hant") || has_subtag(language, "TW")) return kTraditional;
  return kSimplified;
}

std::size_t font_for_script(UScriptCode script, std::string_view language) noexcept {
  // Kana and Hangul belong to one language: in a text of another they still get their own region's forms.
  if (script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA) return kJapanese;
  if (script == USCRIPT_HANGUL) return kKorean;
  if (script == USCRIPT_HAN || script == USCRIPT_BOPOMOFO) return han_font(language);
  for (std::size_t i = 0; i < kCount; ++i)
    if (std::ranges::find(kSet[i].scripts, script) != kSet[i].scripts.end()) return i;
  return kLatinFont;
}

}  // namespace atelier::media::caption
