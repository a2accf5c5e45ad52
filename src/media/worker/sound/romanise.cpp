#include "media/worker/sound/romanise.hpp"

#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <memory>

namespace atelier::media::sound {
namespace {

Result<std::string> transliterate(std::string_view text, const char* id) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::Transliterator> rules(icu::Transliterator::createInstance(id, UTRANS_FORWARD, status));
  if (U_FAILURE(status) || !rules)
    return fail(ErrorCode::internal, std::string("ICU has no rules called ") + id + ": " + u_errorName(status));
  icu::UnicodeString unicode = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  rules->transliterate(unicode);
  std::string out;
  unicode.toUTF8String(out);
  return out;
}

bool is_ascii(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  return true;
}

}  // namespace

Result<std::string> to_latin(std::string_view text) { return transliterate(text, "Any-Latin"); }

Result<std::string> to_ascii(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  auto latin = transliterate(text, "Latin-ASCII");
  if (!latin) return latin;
  std::erase_if(*latin, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  return latin;
}

}  // namespace atelier::media::sound
