#include "media/worker/caption/layout.hpp"

#include <algorithm>
#include <string_view>

#include "media/worker/caption/characters.hpp"

namespace atelier::media::caption {
namespace {

// The middle of capitals above the baseline, in ems: a line looks centred where they are.
constexpr double kCapitalMiddle = 0.36;
// Least space between one line's ink and the next one's, in ems.
constexpr double kLeading = 0.1;
// What a card makes room for at least, in ems.
constexpr double kCardAscent = 0.76;
constexpr double kCardDescent = 0.2;

// A line in ems.
struct SetLine {
  PlacedLine line;
  double width = 0;
  InkBox ink;
};

SetLine set_line(const Line& line, std::size_t first_index, const Style& style, Typesetter& typesetter) {
  SetLine set;
  for (std::size_t i = 0; i < line.words.size(); ++i) {
    const Word& word = line.words[i];
    const SetWord& shaped = typesetter.set(drawn_text(word.text, style, typesetter.language()));
    const bool has_space = word.space_after && i + 1 < line.words.size();
    set.ink.left = std::min(set.ink.left, set.width + shaped.ink.left);
    set.ink.right = std::max(set.ink.right, set.width + shaped.ink.right);
    set.ink.bottom = std::min(set.ink.bottom, shaped.ink.bottom);
    set.ink.top = std::max(set.ink.top, shaped.ink.top);
    set.width += shaped.width + (has_space ? typesetter.space_width() : 0);
    set.line.words.push_back({&shaped, has_space, first_index + i});
  }
  if (style.card) {
    // A card keeps its height, whether or not this page has descenders.
    set.ink.top = std::max(set.ink.top, kCardAscent);
    set.ink.bottom = std::min(set.ink.bottom, -kCardDescent);
  }
  // Right to left, what sticks out before the first word is on the other side: keep the larger of both.
  const double overhang = std::max({0.0, -set.ink.left, set.ink.right - set.width});
  set.ink.left = -overhang;
  set.ink.right = set.width + overhang;
  return set;
}

bool has_stacked_marks(const Cue& cue) {
  for (const Line& line : cue.lines)
    for (const Word& word : line.words)
      for (const char32_t character : Characters(word.text))
        if (character >= 0x1ea4 && character <= 0x1ef9) return true;
  return false;
}

bool reads_rtl(const Cue& cue, std::string_view language) {
  static constexpr std::string_view kRtlLanguages[] = {"ar", "fa", "ur", "he", "iw", "yi",
                                                       "ps", "sd", "ug", "dv", "ckb"};
  const auto primary = language.substr(0, language.find_first_of("-_"));
  const bool is_rtl_language = std::ranges::find(kRtlLanguages, primary) != std::end(kRtlLanguages);
  std::string text;
  for (const Line& line : cue.lines)
    for (const Word& word : line.words) text += word.text + ' ';
  return is_rtl_language ? has_rtl_letter(text) : starts_rtl(text);
}

}  // namespace

std::string drawn_text(const std::string& text, const Style& style, const std::string& language) {
  return style.is_upper_case ? to_upper(text, language) : text;
}

double line_width_max(const Style& style, const Format& format) noexcept {
  const double em = style.em_px[static_cast<std::size_t>(format.shape)] * format.scale;
  // libass rounds each glyph's advance: a hundredth is more than that can add up to.
  return format.box.width() / em * 0.99 - 2 * style.reach_side();
}

PlacedPage place(const Cue& cue, const Style& style, const Format& format, Typesetter& typesetter) {
  PlacedPage page;
  page.is_rtl = reads_rtl(cue, typesetter.language());
  page.has_stacked_marks = has_stacked_marks(cue);
  std::vector<SetLine> lines;
  std::vector<double> baselines;  // ems below the first
  double widest = 0;
  std::size_t index = 0;
  for (const Line& line : cue.lines) {
    SetLine set = set_line(line, index, style, typesetter);
    index += line.words.size();
    widest = std::max(widest, set.ink.right - set.ink.left);
    if (lines.empty())
      baselines.push_back(0);
    else
      baselines.push_back(baselines.back() +
                          std::max(style.line_pitch, set.ink.top - lines.back().ink.bottom + kLeading));
    lines.push_back(std::move(set));
  }
  if (lines.empty()) return page;

  const double height = lines.front().ink.top + baselines.back() - lines.back().ink.bottom;
  const double fit_x = format.box.width() * 0.99 / (widest + 2 * style.reach_side());
  const double fit_y = format.box.height() / (height + style.reach_above() + style.reach_below());
  const double em = std::min({style.em_px[static_cast<std::size_t>(format.shape)] * format.scale, fit_x, fit_y});
  page.em_px = em;

  double first = format.center_y + (kCapitalMiddle - baselines.back() / 2) * em;
  const double top_max = format.box.top + style.reach_above() * em;
  const double bottom_max = format.box.bottom - style.reach_below() * em;
  first = std::min(first, bottom_max - (baselines.back() - lines.back().ink.bottom) * em);
  first = std::max(first, top_max + lines.front().ink.top * em);

  const double center_x = format.box.center_x();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    PlacedLine line = std::move(lines[i].line);
    line.width = lines[i].width * em;
    line.center_x = center_x;
    line.baseline_y = first + baselines[i] * em;
    page.lines.push_back(std::move(line));
  }
  page.ink = {center_x - widest * em / 2, first - lines.front().ink.top * em, center_x + widest * em / 2,
              first + (baselines.back() - lines.back().ink.bottom) * em};
  return page;
}

}  // namespace atelier::media::caption
