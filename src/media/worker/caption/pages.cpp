#include "media/worker/caption/pages.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "media/worker/caption/characters.hpp"

namespace atelier::media::caption {
namespace {

constexpr std::int64_t kSampleRate = 48'000;
constexpr std::int64_t kPauseSamples = kSampleRate * 45 / 100;      // a pause one hears
constexpr std::int64_t kShortPageSamples = kSampleRate * 60 / 100;  // less than this flashes by

PageWord::End end_of(std::string_view text) {
  auto end = PageWord::End::none;
  for (const char32_t character : Characters(text)) {
    if (is_sentence_end(character))
      end = PageWord::End::sentence;
    else if (is_clause_end(character))
      end = PageWord::End::clause;
    else if (!is_closing(character) && !is_space(character) && !is_ignorable(character) &&
             !wants_emoji_character(character))
      end = PageWord::End::none;
  }
  return end;
}

// How much there is to read. Scripts without spaces have no words to count, but characters.
double weight_of(std::string_view text) {
  double weight = 0;
  bool has_letters = false;
  for (const std::string_view cluster : grapheme_clusters(text)) {
    const char32_t base = *Characters(cluster).begin();
    if (is_ideographic(base))
      weight += 0.4;
    else if (is_written_without_spaces(base))
      weight += 0.2;
    else
      has_letters = true;
  }
  return weight + (has_letters && weight == 0 ? 1 : 0);
}

// Cuts a text so that no piece is wider than a line: where a line may break if that helps, else anywhere between
// characters. Greedy, since only what no line holds comes here.
std::vector<std::string> cut(const std::string& text, double width_max, const Style& style, Typesetter& typesetter) {
  const auto fits = [&](std::string_view piece) {
    return typesetter.set(drawn_text(std::string(piece), style, typesetter.language())).width <= width_max;
  };
  const auto breaks = line_breaks(text, typesetter.language());
  std::vector<std::size_t> ends;  // of characters
  for (const std::string_view cluster : grapheme_clusters(text))
    ends.push_back((ends.empty() ? 0 : ends.back()) + cluster.size());
  // The last of `places` after `start` up to which it fits; `start` if none does.
  const auto farthest = [&](const std::vector<std::size_t>& places, std::size_t start) {
    std::size_t reached = start;
    for (auto end = std::ranges::upper_bound(places, start); end != places.end(); ++end) {
      if (!fits(std::string_view(text).substr(start, *end - start))) break;
      reached = *end;
    }
    return reached;
  };
  std::vector<std::string> pieces;
  for (std::size_t start = 0; start < text.size();) {
    std::size_t end = farthest(breaks, start);
    if (end == start) end = farthest(ends, start);
    if (end == start) end = *std::ranges::upper_bound(ends, start);  // a single character wider than a line
    pieces.push_back(text.substr(start, end - start));
    start = end;
  }
  return pieces;
}

// What lines a run of words needs: the place of the break, and how good it is. Infinite if two lines do not hold them.
struct Lines {
  std::size_t second = 0;
  double cost = std::numeric_limits<double>::infinity();
};

class Planner {
 public:
  Planner(std::span<const PageWord> words, const PageRules& rules) : words_(words), rules_(rules) {}

  std::vector<PagePlan> plan() {
    const std::size_t count = words_.size();
    std::vector<double> best(count + 1, std::numeric_limits<double>::infinity());
    std::vector<PagePlan> chosen(count + 1);
    best[0] = 0;
    for (std::size_t last = 1; last <= count; ++last) {
      for (std::size_t first = last; first-- > 0 && last - first <= kPageWordsMax;) {
        const Lines lines = break_lines(first, last);
        // One word always fits; more words only make a page wider.
        if (std::isinf(lines.cost) && last - first > 1) break;
        const double cost = best[first] + page_cost(first, last) + (std::isinf(lines.cost) ? 0 : lines.cost);
        if (cost >= best[last]) continue;
        best[last] = cost;
        chosen[last] = {first, std::isinf(lines.cost) ? last : lines.second, last};
      }
    }
    std::vector<PagePlan> pages;
    for (std::size_t last = count; last > 0; last = chosen[last].first) pages.push_back(chosen[last]);
    std::ranges::reverse(pages);
    return pages;
  }

 private:
  static constexpr std::size_t kPageWordsMax = 24;

  double width(std::size_t first, std::size_t last) const {
    double sum = 0;
    for (std::size_t i = first; i < last; ++i)
      sum += words_[i].width + (words_[i].space_after && i + 1 < last ? rules_.space_width : 0);
    return sum;
  }

  Lines break_lines(std::size_t first, std::size_t last) const {
    if (width(first, last) <= rules_.line_width_max) return {last, 0};
    Lines best;
    for (std::size_t second = first + 1; second < last; ++second) {
      const double upper = width(first, second), lower = width(second, last);
      if (std::max(upper, lower) > rules_.line_width_max) continue;
      double cost = 2 * std::abs(upper - lower) / rules_.line_width_max;
      if (words_[second - 1].end != PageWord::End::none) cost -= 0.6;
      if (!words_[second - 1].can_break_after) cost += 3;
      if (cost < best.cost) best = {second, cost};
    }
    if (!std::isinf(best.cost)) best.cost = std::max(0.0, best.cost) + 0.2;
    return best;
  }

  double page_cost(std::size_t first, std::size_t last) const {
    double weight = 0, cost = 0;
    for (std::size_t i = first; i < last; ++i) weight += words_[i].weight;
    const double off = (weight - rules_.words_per_page) / rules_.words_per_page;
    cost += (off > 0 ? 14 : 4) * off * off;
    for (std::size_t i = first; i + 1 < last; ++i) {
      // A sentence or pause inside a page: the eye is ahead of the voice.
      if (words_[i].end == PageWord::End::sentence)
        cost += 6;
      else if (words_[i].end == PageWord::End::clause)
        cost += 0.7;
      if (words_[i + 1].start_sample - words_[i].end_sample > kPauseSamples) cost += 3;
    }
    const bool is_end = last == words_.size();
    const bool starts_sentence = first == 0 || words_[first - 1].end == PageWord::End::sentence;
    const bool ends_sentence = is_end || words_[last - 1].end == PageWord::End::sentence;
    if (!is_end && words_[last - 1].end == PageWord::End::none) cost += 1.2;
    if (!is_end && !words_[last - 1].can_break_after) cost += 4;
    // A word cut from its sentence. In styles of few words that is their way.
    if (weight <= 1 && rules_.words_per_page > 2 && !(starts_sentence && ends_sentence)) cost += 5;
    const std::int64_t until = is_end ? words_[last - 1].end_sample : words_[last].start_sample;
    if (until - words_[first].start_sample < kShortPageSamples) cost += 2;
    return cost;
  }

  std::span<const PageWord> words_;
  const PageRules& rules_;
};

}  // namespace

std::vector<PageWord> measure_words(std::span<const HeardWord> words, const PageRules& rules, const Style& style,
                                    Typesetter& typesetter) {
  // Somewhat too wide is better shrunk than cut.
  constexpr double kShrinkMax = 1.6;
  std::vector<PageWord> measured;
  for (const HeardWord& word : words) {
    std::vector<std::string> pieces{word.text};
    if (typesetter.set(drawn_text(word.text, style, typesetter.language())).width > rules.line_width_max * kShrinkMax)
      pieces = cut(word.text, rules.line_width_max, style, typesetter);
    const auto count = static_cast<std::int64_t>(pieces.size());
    const std::int64_t length = word.end_sample - word.start_sample;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::string& text = pieces[static_cast<std::size_t>(i)];
      const bool is_last = i + 1 == count;
      measured.push_back({.text = text,
                          .space_after = is_last && word.space_after,
                          .can_break_after = true,
                          .start_sample = word.start_sample + length * i / count,
                          .end_sample = word.start_sample + length * (i + 1) / count,
                          .width = typesetter.set(drawn_text(text, style, typesetter.language())).width,
                          .weight = weight_of(text),
                          .end = is_last ? end_of(text) : PageWord::End::none});
    }
    if (!word.space_after && &word != &words.back()) {
      const std::string both = word.text + (&word + 1)->text;
      measured.back().can_break_after =
          std::ranges::binary_search(line_breaks(both, typesetter.language()), word.text.size());
    }
  }
  return measured;
}

std::vector<PagePlan> plan_pages(std::span<const PageWord> words, const PageRules& rules) {
  return Planner(words, rules).plan();
}

}  // namespace atelier::media::caption
