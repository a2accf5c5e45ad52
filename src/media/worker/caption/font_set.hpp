#pragma once

#include <unicode/uscript.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace atelier::media::caption {

// One face of the named set. Bold wherever there is one: captions are read at a glance, over moving pictures.
struct FontSpec {
  std::string_view file;
  std::string_view family;  // as libass finds it
  bool is_bold;
  std::span<const UScriptCode> scripts;  // what it is the first choice for
  std::uint32_t face = 0;                // within a collection
};

// In order of choice. The first is the Latin face, which draws whatever no other claims.
std::span<const FontSpec> font_set() noexcept;

inline constexpr std::size_t kLatinFont = 0;
// Colour bitmaps: never given to libass, drawn by emoji.cpp.
std::size_t emoji_font() noexcept;
// The regional face for characters that Chinese, Japanese and Korean share, by BCP 47 tag.
std::size_t han_font(std::string_view language) noexcept;
// First choice for a script; kLatinFont if the set has none. Han and its kin depend on the language.
std::size_t font_for_script(UScriptCode script, std::string_view language) noexcept;

}  // namespace atelier::media::caption
