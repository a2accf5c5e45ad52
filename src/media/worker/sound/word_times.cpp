#include "media/worker/sound/word_times.hpp"

#include <algorithm>

#include "media/protocol/catalog.hpp"
#include "media/worker/sound/characters.hpp"

namespace atelier::media::sound {
namespace {

// What a word whose time is not known should get: long enough to be seen.
constexpr std::int64_t kUnknownSamples = kSampleRate / 10;

class Filler {
 public:
  Filler(std::string_view text, const std::vector<Word>& words, const std::vector<KnownTime>& known,
         std::int64_t sample_count)
      : text_(text), words_(words), known_(known), sample_count_(sample_count), spans_(words.size()) {}

  std::vector<SampleSpan> run() {
    for (std::size_t i = 0; i < words_.size();) {
      std::size_t end = i;
      while (end < words_.size() && !known_[end].start) ++end;
      if (end > i) fill(i, end);
      if (end < words_.size()) spans_[end] = {*known_[end].start, end_of_known(end)};
      i = end + 1;
    }
    straighten();
    return std::move(spans_);
  }

 private:
  // Without an end the word lasts until the next known one.
  std::int64_t end_of_known(std::size_t i) const {
    const std::int64_t limit = next_known_start(i + 1);
    return std::min(known_[i].end.value_or(limit), limit);
  }
  std::int64_t next_known_start(std::size_t i) const {
    while (i < words_.size() && !known_[i].start) ++i;
    return i < words_.size() ? *known_[i].start : sample_count_;
  }

  // Words [first, last) lie between two known ones, or an edge of the sound.
  void fill(std::size_t first, std::size_t last) {
    const std::int64_t high = last < words_.size() ? *known_[last].start : sample_count_;
    std::int64_t low = first > 0 ? spans_[first - 1].end : 0;
    const auto wanted = static_cast<std::int64_t>(last - first) * kUnknownSamples;
    if (high - low < wanted && first > 0) {
      SampleSpan& before = spans_[first - 1];
      // Up to half of the word before is given up.
      low = std::max(high - wanted, before.start + (before.end - before.start) / 2);
      low = std::min(low, before.end);
      before.end = low;
    }
    share(first, last, {low, std::max(low, high)});
  }
  void share(std::size_t first, std::size_t last, SampleSpan gap) {
    std::int64_t total = 0;
    for (std::size_t i = first; i < last; ++i) total += weight(i);
    std::int64_t before = 0;
    for (std::size_t i = first; i < last; ++i) {
      spans_[i].start = gap.start + (gap.end - gap.start) * before / total;
      before += weight(i);
      spans_[i].end = gap.start + (gap.end - gap.start) * before / total;
    }
  }
  std::int64_t weight(std::size_t i) const {
    return 1 + static_cast<std::int64_t>(
                   count_characters(text_.substr(words_[i].byte_start, words_[i].byte_end - words_[i].byte_start)));
  }

  // Whatever an engine said: from the front each start after the one before, from the back each before the one after.
  void straighten() {
    std::int64_t low = 0;
    for (SampleSpan& span : spans_) {
      span.start = std::max(span.start, low);
      low = span.start + 1;
    }
    std::int64_t high = sample_count_;
    for (std::size_t i = spans_.size(); i-- > 0;) {
      SampleSpan& span = spans_[i];
      span.start = std::min(span.start, high - 1);
      span.end = std::clamp(span.end, span.start + 1, high);
      high = span.start;
    }
  }

  std::string_view text_;
  const std::vector<Word>& words_;
  const std::vector<KnownTime>& known_;
  std::int64_t sample_count_;
  std::vector<SampleSpan> spans_;
};

}  // namespace

std::vector<SampleSpan> fill_word_times(std::string_view text, const std::vector<Word>& words,
                                        const std::vector<KnownTime>& known, std::int64_t sample_count) {
  return Filler(text, words, known, sample_count).run();
}

}  // namespace atelier::media::sound
