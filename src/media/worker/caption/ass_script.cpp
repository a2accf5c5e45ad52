#include "media/worker/caption/ass_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "media/worker/caption/font_face.hpp"
#include "media/worker/caption/font_set.hpp"

namespace atelier::media::caption {
namespace {

constexpr std::string_view kWordJoiner = "\u2060";
constexpr std::string_view kRightToLeftMark = "\u200f";
constexpr int kEnterMs = 100;
constexpr std::size_t kNoFont = static_cast<std::size_t>(-1);

// How much of an edge in their own colour letters bear: dense ones would close up.
double heft_of(std::size_t font, const PlacedPage& page) {
  if (font == kLatinFont || font == kNoFont) return page.has_stacked_marks ? 0.4 : 1;
  return font_set()[font].scripts.size() > 1 ? 0 : 0.4;  // those of several scripts, but Latin, are the Han faces
}

std::string colour_tags(Rgb c) {
  return fmt::format("\\1c&H{0:02X}{1:02X}{2:02X}&\\3c&H{0:02X}{1:02X}{2:02X}&", c.blue, c.green, c.red);
}

Palette::Paint solid(Rgb colour, double opacity) {
  Palette::Paint paint;
  paint.colour = colour;
  paint.opacity = opacity;
  return paint;
}

std::string alpha_tags(double opacity) {
  return fmt::format("\\alpha&H{:02X}&", static_cast<int>(std::lround(255 * (1 - opacity))));
}

std::string font_tags(std::size_t font, double em_px, const Fonts& fonts) {
  const FontSpec& spec = font_set()[font];
  const FontFace* face = fonts.face(font);
  return fmt::format("\\fn{}\\fs{:.3f}\\b{}", spec.family, em_px * (face ? face->size_per_em() : 1),
                     spec.is_bold ? 1 : 0);
}

// One line in one layer.
class LineWriter {
 public:
  LineWriter(const PlacedPage& page, const PlacedLine& line, const Layer& layer, const Fonts& fonts, Palette& palette)
      : page_(page), line_(line), layer_(layer), fonts_(fonts), palette_(palette) {}

  std::string write(const Style& style, PageLook look) {
    if (page_.is_rtl) add_text(kLatinFont, kRightToLeftMark);
    for (const PlacedWord& word : line_.words) {
      const bool is_lit = look.lit_word == word.index;
      paint_ = solid(layer_.colour.value_or(is_lit ? style.lit : style.ink), layer_.opacity);
      text_ += fmt::format("{{{}}}", palette_.tags(paint_));
      for (const TextRun& run : word.set->runs)
        run.emoji_glyphs.empty() ? add_text(run.font, escape_ass(run.text)) : add_emoji(run);
      if (word.space_after) add_text(kLatinFont, " ");
    }
    return fmt::format("{{{}\\q2\\shad0{}}}{}", place_tags(style, look), edge_tags(), text_);
  }

 private:
  std::string edge_tags() const {
    const double heft = layer_.colour ? 1 : heft_of(font_, page_);
    return fmt::format("\\bord{:.2f}\\blur{:.2f}", layer_.edge * heft * page_.em_px, layer_.blur * page_.em_px);
  }

  // libass puts the lowest descent of a line's fonts at the given point.
  std::string place_tags(const Style& style, PageLook look) const {
    const double y = line_.baseline_y + descent_ + layer_.drop * page_.em_px;
    if (!look.enters) return fmt::format("\\an2\\pos({:.2f},{:.2f})", line_.center_x, y);
    return fmt::format("\\an2\\move({0:.2f},{1:.2f},{0:.2f},{2:.2f},0,{3})\\fad({3},0)", line_.center_x,
                       y + style.rise * page_.em_px, y, kEnterMs);
  }

  void add_text(std::size_t font, std::string_view text) {
    if (font != font_) {
      font_ = font;
      text_ += fmt::format("{{{}{}}}", font_tags(font, page_.em_px, fonts_), edge_tags());
    }
    text_ += text;
    if (const FontFace* face = fonts_.face(font)) descent_ = std::max(descent_, face->win_descent * page_.em_px);
  }

  void add_emoji(const TextRun& run) {
    for (const std::uint32_t glyph : run.emoji_glyphs) add_slot(glyph);
    text_ += fmt::format("{{{}{}}}", edge_tags(), palette_.tags(paint_));
  }

  // A rectangle of the emoji's size: libass finds its place on the line, whatever the direction.
  void add_slot(std::uint32_t glyph) {
    const auto width = static_cast<int>(std::lround(kEmojiWidth * page_.em_px));
    const auto height = static_cast<int>(std::lround(kEmojiHeight * page_.em_px));
    const Palette::Paint slot{.colour = {},
                              .opacity = 1,
                              .is_hidden = layer_.colour.has_value(),
                              .emoji_glyph = glyph,
                              .emoji_width = width,
                              .emoji_height = height};
    text_ += fmt::format("{{\\bord0\\blur0{}\\p1\\pbo{:.2f}}}m 0 0 l {} 0 {} {} 0 {}{{\\p0\\pbo0}}",
                         palette_.tags(slot), kEmojiDescent * page_.em_px, width, width, height, height);
    descent_ = std::max(descent_, kEmojiDescent * page_.em_px);
  }

  const PlacedPage& page_;
  const PlacedLine& line_;
  const Layer& layer_;
  const Fonts& fonts_;
  Palette& palette_;
  std::string text_;
  Palette::Paint paint_;
  std::size_t font_ = kNoFont;
  double descent_ = 0;
};

// A rectangle with round corners from the origin, in eighths of a pixel (\p4).
std::string round_rectangle(double width, double height, double radius) {
  const auto at = [](double x, double y) { return fmt::format("{} {} ", std::lround(x * 8), std::lround(y * 8)); };
  const double k = radius * 0.4477;  // where a quarter circle's control points are, from the corner
  const double r = radius, w = width, h = height;
  return "m " + at(r, 0) + "l " + at(w - r, 0) + "b " + at(w - k, 0) + at(w, k) + at(w, r) + "l " + at(w, h - r) +
         "b " + at(w, h - k) + at(w - k, h) + at(w - r, h) + "l " + at(r, h) + "b " + at(k, h) + at(0, h - k) +
         at(0, h - r) + "l " + at(0, r) + "b " + at(0, k) + at(k, 0) + at(r, 0);
}

struct CardPass {
  Rgb colour;
  double opacity, blur, drop;
};
std::string card_event(const PlacedPage& page, const Style& style, PageLook look, const CardPass& pass,
                       Palette& palette) {
  const double em = page.em_px;
  const Card& card = *style.card;
  const double x = page.ink.left - card.padding_x * em;
  const double y = page.ink.top + (pass.drop - card.padding_y) * em;
  const double width = page.ink.width() + 2 * card.padding_x * em;
  const double height = page.ink.height() + 2 * card.padding_y * em;
  const std::string place = look.enters ? fmt::format("\\an7\\move({0:.2f},{1:.2f},{0:.2f},{2:.2f},0,{3})\\fad({3},0)",
                                                      x, y + style.rise * em, y, kEnterMs)
                                        : fmt::format("\\an7\\pos({:.2f},{:.2f})", x, y);
  return fmt::format("{{{}\\bord0\\shad0\\blur{:.2f}{}\\p4}}{}{{\\p0}}", place, pass.blur * em,
                     palette.tags(solid(pass.colour, pass.opacity)),
                     round_rectangle(width, height, card.corner_radius * em));
}

}  // namespace

std::string escape_ass(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '{' || c == '}') escaped += '\\';
    escaped += c;
    // What follows a backslash would be read with it; a joiner between them is drawn as nothing.
    if (c == '\\') escaped += kWordJoiner;
  }
  return escaped;
}

std::string ass_header(const Style& style, std::string_view title, int width, int height) {
  std::string safe_title(title);
  std::ranges::replace_if(safe_title, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  const Format format = format_of(width, height);
  const FontSpec& latin = font_set()[kLatinFont];
  return fmt::format(
      "[Script Info]\nTitle: {}\nScriptType: v4.00+\nWrapStyle: 2\nScaledBorderAndShadow: yes\nYCbCr Matrix: TV.709\n"
      "PlayResX: {}\nPlayResY: {}\nLayoutResX: {}\nLayoutResY: {}\n\n"
      "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
      "Bold, "
      "Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, "
      "MarginR, MarginV, Encoding\n"
      // Encoding -1: the direction of a line is that of its first letter or mark, and tags do not cut it.
      "Style: "
      "{},{},{:.0f},&H00{:02X}{:02X}{:02X},&H00FFFFFF,&H00000000,&H00000000,-1,0,0,0,100,100,0,0,1,0,0,2,0,0,0,-1\n\n"
      "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n",
      safe_title, width, height, width, height, style.id, latin.family,
      style.em_px[static_cast<std::size_t>(format.shape)] * format.scale, style.ink.blue, style.ink.green,
      style.ink.red);
}

std::string Palette::tags(const Paint& paint) {
  // Players of ASS have no colour glyphs and would draw a box: an emoji's place stays free.
  if (purpose_ == Purpose::file) return colour_tags(paint.colour) + alpha_tags(paint.emoji_glyph ? 0 : paint.opacity);
  auto found = std::ranges::find(paints_, paint);
  if (found == paints_.end()) found = paints_.insert(paints_.end(), paint);
  const auto number = static_cast<unsigned>(found - paints_.begin() + 1);
  return colour_tags({static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
                      static_cast<std::uint8_t>(number)});
}

const Palette::Paint* Palette::find(std::uint32_t image_colour) const noexcept {
  const std::uint32_t number = image_colour >> 8;
  return number == 0 || number > paints_.size() ? nullptr : &paints_[number - 1];
}

std::vector<AssEvent> page_events(const PlacedPage& page, const Style& style, const Fonts& fonts, PageLook look,
                                  Palette& palette) {
  std::vector<AssEvent> events;
  int layer_number = 0;
  if (const auto& card = style.card) {
    const CardPass shadow{{0, 0, 0}, card->shadow_opacity, card->shadow_blur, card->shadow_drop};
    const CardPass paper{card->colour, card->opacity, 0, 0};
    for (const CardPass& pass : {shadow, paper})
      events.push_back({layer_number++, card_event(page, style, look, pass, palette)});
  }
  for (const Layer& layer : style.layers) {
    for (const PlacedLine& line : page.lines)
      events.push_back({layer_number, LineWriter(page, line, layer, fonts, palette).write(style, look)});
    ++layer_number;
  }
  return events;
}

}  // namespace atelier::media::caption
