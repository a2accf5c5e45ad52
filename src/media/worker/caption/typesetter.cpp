#include "media/worker/caption/typesetter.hpp"

#include <hb.h>
#include <unicode/brkiter.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <algorithm>

#include "media/worker/caption/characters.hpp"
#include "media/worker/caption/font_face.hpp"
#include "media/worker/caption/font_set.hpp"

namespace atelier::media::caption {
namespace {

constexpr std::size_t kNoFont = static_cast<std::size_t>(-1);

bool is_common(UScriptCode script) { return script == USCRIPT_COMMON || script == USCRIPT_INHERITED; }

UScriptCode script_of(char32_t character) {
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(character), &status);
  return U_SUCCESS(status) ? script : USCRIPT_COMMON;
}

// The first character that has a script of its own decides for signs that stand before it.
std::size_t first_strong_font(std::string_view text, std::string_view language) {
  for (const char32_t character : Characters(text))
    if (const UScriptCode script = script_of(character); !is_common(script)) return font_for_script(script, language);
  return kLatinFont;
}

bool covers(const FontFace& face, std::string_view cluster) {
  return std::ranges::all_of(Characters(cluster), [&](char32_t c) { return is_ignorable(c) || face.has(c); });
}

}  // namespace

struct Typesetter::Tools {
  HbBuffer buffer{hb_buffer_create()};
};

Typesetter::Typesetter(const Fonts& fonts, std::string language)
    : fonts_(fonts), language_(std::move(language)), tools_(std::make_unique<Tools>()) {
  const FontFace& latin = *fonts.face(kLatinFont);
  hb_codepoint_t glyph = 0;
  if (hb_font_get_nominal_glyph(latin.font.get(), ' ', &glyph))
    space_width_ = hb_font_get_glyph_h_advance(latin.font.get(), glyph) / latin.units_per_em;
}
Typesetter::~Typesetter() = default;

const SetWord& Typesetter::set(const std::string& text) {
  const auto known = known_.find(text);
  if (known != known_.end()) return known->second;
  return known_.emplace(text, make(text)).first->second;
}

SetWord Typesetter::make(const std::string& text) {
  SetWord word;
  const auto clusters = grapheme_clusters(text);
  std::size_t position = 0;
  for (const std::string_view cluster : clusters) {
    add_cluster(word, cluster, first_strong_font(std::string_view(text).substr(position), language_));
    position += cluster.size();
  }
  for (const TextRun& run : word.runs) measure(word, run);
  word.has_rtl = has_rtl_letter(text);
  return word;
}

void Typesetter::add_cluster(SetWord& word, std::string_view cluster, std::size_t next_font) {
  if (wants_emoji(cluster) && add_emoji(word, cluster)) return;
  const auto characters = Characters(cluster);
  const char32_t base = *characters.begin();
  if (is_control(base)) return;
  const std::size_t font = choose_font(base, cluster, word, next_font);
  if (font == kNoFont) {
    // A sign that is text by default, which only the emoji font knows.
    (void)add_emoji(word, cluster);
    return;
  }
  std::string text;
  for (const char32_t character : characters)
    if (!is_variation_selector(character) && (is_ignorable(character) || fonts_.face(font)->has(character)))
      append_utf8(text, character);
  if (text.empty()) return;
  if (word.runs.empty() || word.runs.back().font != font) word.runs.push_back({font, {}, {}});
  word.runs.back().text += text;
}

bool Typesetter::add_emoji(SetWord& word, std::string_view cluster) {
  const FontFace* face = fonts_.face(emoji_font());
  if (!face) return false;
  hb_buffer_t* buffer = tools_->buffer.get();
  hb_buffer_clear_contents(buffer);
  hb_buffer_add_utf8(buffer, cluster.data(), static_cast<int>(cluster.size()), 0, static_cast<int>(cluster.size()));
  hb_buffer_set_direction(buffer, HB_DIRECTION_LTR);
  hb_buffer_set_script(buffer, HB_SCRIPT_COMMON);
  hb_shape(face->font.get(), buffer, nullptr, 0);
  unsigned count = 0;
  const hb_glyph_info_t* glyphs = hb_buffer_get_glyph_infos(buffer, &count);
  const hb_glyph_position_t* positions = hb_buffer_get_glyph_positions(buffer, &count);
  std::vector<std::uint32_t> pictures;
  for (unsigned i = 0; i < count; ++i) {
    if (positions[i].x_advance == 0) continue;  // a joiner or selector that took part in nothing
    if (glyphs[i].codepoint == 0) return false;
    pictures.push_back(glyphs[i].codepoint);
  }
  if (pictures.empty()) return false;
  if (word.runs.empty() || word.runs.back().font != emoji_font()) word.runs.push_back({emoji_font(), {}, {}});
  TextRun& run = word.runs.back();
  run.text += cluster;
  run.emoji_glyphs.insert(run.emoji_glyphs.end(), pictures.begin(), pictures.end());
  return true;
}

std::size_t Typesetter::choose_font(char32_t base, std::string_view cluster, const SetWord& word,
                                    std::size_t next_font) const {
  const auto fits = [&](std::size_t font) { return fonts_.face(font) && covers(*fonts_.face(font), cluster); };
  const UScriptCode script = script_of(base);
  if (!is_common(script)) {
    if (const std::size_t font = font_for_script(script, language_); fits(font)) return font;
  } else {
    if (!word.runs.empty() && word.runs.back().font != emoji_font() && fits(word.runs.back().font))
      return word.runs.back().font;
    if (fits(next_font)) return next_font;
  }
  if (fits(kLatinFont)) return kLatinFont;
  if (fits(han_font(language_))) return han_font(language_);
  for (std::size_t font = 0; font < emoji_font(); ++font)
    if (fits(font)) return font;
  // Nobody has all of a cluster: keep its base, lose its marks.
  for (std::size_t font = 0; font < emoji_font(); ++font)
    if (fonts_.face(font) && !is_ignorable(base) && fonts_.face(font)->has(base)) return font;
  return kNoFont;
}

void Typesetter::measure(SetWord& word, const TextRun& run) {
  const auto grow = [&](double left, double right, double bottom, double top) {
    word.ink.left = std::min(word.ink.left, left);
    word.ink.right = std::max(word.ink.right, right);
    word.ink.bottom = std::min(word.ink.bottom, bottom);
    word.ink.top = std::max(word.ink.top, top);
  };
  if (!run.emoji_glyphs.empty()) {
    const double width = kEmojiWidth * static_cast<double>(run.emoji_glyphs.size());
    grow(word.width, word.width + width, -kEmojiDescent, kEmojiHeight - kEmojiDescent);
    word.width += width;
    return;
  }
  const FontFace& face = *fonts_.face(run.font);
  hb_buffer_t* buffer = tools_->buffer.get();
  hb_buffer_clear_contents(buffer);
  hb_buffer_add_utf8(buffer, run.text.data(), static_cast<int>(run.text.size()), 0, static_cast<int>(run.text.size()));
  hb_buffer_guess_segment_properties(buffer);
  hb_shape(face.font.get(), buffer, nullptr, 0);
  unsigned count = 0;
  const hb_glyph_info_t* glyphs = hb_buffer_get_glyph_infos(buffer, &count);
  const hb_glyph_position_t* positions = hb_buffer_get_glyph_positions(buffer, &count);
  for (unsigned i = 0; i < count; ++i) {
    hb_glyph_extents_t extents{};
    hb_font_get_glyph_extents(face.font.get(), glyphs[i].codepoint, &extents);
    const double x = word.width + (positions[i].x_offset + extents.x_bearing) / face.units_per_em;
    const double y = (positions[i].y_offset + extents.y_bearing) / face.units_per_em;
    grow(x, x + extents.width / face.units_per_em, y + extents.height / face.units_per_em, y);
    word.width += positions[i].x_advance / face.units_per_em;
  }
}

std::string to_upper(const std::string& text, const std::string& language) {
  std::string upper;
  icu::UnicodeString::fromUTF8(text).toUpper(icu::Locale(language.c_str())).toUTF8String(upper);
  return upper;
}

}  // namespace atelier::media::caption
