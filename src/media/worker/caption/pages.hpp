#pragma once

#include <span>
#include <string>
#include <vector>

#include "media/worker/caption/layout.hpp"
#include "media/worker/caption/timeline.hpp"

namespace atelier::media::caption {

// A word that fits on a line, measured.
struct PageWord {
  std::string text;
  bool space_after = true;
  bool can_break_after = true;  // a line may end here
  std::int64_t start_sample = 0;
  std::int64_t end_sample = 0;
  double width = 0;   // ems
  double weight = 1;  // how much there is to read, in words
  enum class End : std::uint8_t { none, clause, sentence } end = End::none;
};

// Which words stand on a page, and on its second line.
struct PagePlan {
  std::size_t first = 0;
  std::size_t second_line = 0;  // == last where there is one line
  std::size_t last = 0;         // the first that is on the next page
};

struct PageRules {
  double line_width_max = 0;  // ems
  double space_width = 0;     // ems
  double words_per_page = 4;
};

// Words that no line could hold are cut where a line may break, else between characters; their time is shared out.
std::vector<PageWord> measure_words(std::span<const HeardWord> words, const PageRules& rules, const Style& style,
                                    Typesetter& typesetter);
// Pages of at most two lines that end where a reader would pause, and leave no word alone if they can.
std::vector<PagePlan> plan_pages(std::span<const PageWord> words, const PageRules& rules);

}  // namespace atelier::media::caption
