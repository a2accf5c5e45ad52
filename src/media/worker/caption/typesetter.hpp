#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "media/worker/caption/fonts.hpp"

namespace atelier::media::caption {

// An emoji is set as a square-ish picture on the line, in ems of the text around it.
inline constexpr double kEmojiWidth = 1.2;
inline constexpr double kEmojiHeight = 1.12;
inline constexpr double kEmojiDescent = 0.2;  // how far it reaches below the baseline

// A stretch of text set in one face.
struct TextRun {
  std::size_t font = 0;  // place in the font set
  std::string text;      // UTF-8
  // Of the emoji font, one picture each, in order; empty for ordinary text.
  std::vector<std::uint32_t> emoji_glyphs;
};

// Where ink falls around the origin on the baseline, in ems; up is positive.
struct InkBox {
  double left = 0;
  double right = 0;
  double bottom = 0;
  double top = 0;
};

struct SetWord {
  std::vector<TextRun> runs;
  double width = 0;  // the advance, in ems
  InkBox ink;
  bool has_rtl = false;  // a letter of a right-to-left script
};

// Chooses faces for text and measures it as libass will draw it. Characters that no face has are left out, so that no
// box is ever drawn. One thread; keeps what it measured.
class Typesetter {
 public:
  // `fonts` must outlive this. `language` is a BCP 47 tag.
  Typesetter(const Fonts& fonts, std::string language);
  ~Typesetter();

  // Stays valid as long as the typesetter lives.
  const SetWord& set(const std::string& text);
  double space_width() const noexcept { return space_width_; }
  const Fonts& fonts() const noexcept { return fonts_; }
  const std::string& language() const noexcept { return language_; }

 private:
  struct Tools;
  SetWord make(const std::string& text);
  void add_cluster(SetWord& word, std::string_view cluster, std::size_t next_font);
  bool add_emoji(SetWord& word, std::string_view cluster);
  std::size_t choose_font(char32_t base, std::string_view cluster, const SetWord& word, std::size_t next_font) const;
  void measure(SetWord& word, const TextRun& run);

  const Fonts& fonts_;
  std::string language_;
  std::unique_ptr<Tools> tools_;
  double space_width_ = 0.26;
  std::unordered_map<std::string, SetWord> known_;
};

// Upper case by the language's rules (Turkish i, German sharp s, Greek without accents).
std::string to_upper(const std::string& text, const std::string& language);

}  // namespace atelier::media::caption
