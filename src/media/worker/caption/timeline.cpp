#include "media/worker/caption/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "media/protocol/catalog.hpp"
#include "media/worker/caption/pages.hpp"

namespace atelier::media::caption {
namespace {

// Times of cues in frames.
class Clock {
 public:
  Clock(int fps, std::int64_t frame_count)
      : samples_per_frame_(samples_per_frame(fps)), fps_(fps), frame_count_(frame_count) {}

  std::int64_t frame_at(std::int64_t sample) const {
    return std::clamp<std::int64_t>((sample + samples_per_frame_ / 2) / samples_per_frame_, 0, frame_count_);
  }
  std::int64_t frame_count() const { return frame_count_; }
  // A page stays through pauses shorter than this, and so long after the last word.
  std::int64_t bridge_frames() const { return fps_ * 8 / 10; }
  std::int64_t hold_frames() const { return fps_ * 4 / 10; }

 private:
  std::int64_t samples_per_frame_;
  std::int64_t fps_;
  std::int64_t frame_count_;
};

Word make_word(const PageWord& word, const Clock& clock) {
  return {word.text, clock.frame_at(word.start_sample), clock.frame_at(word.end_sample), word.space_after};
}

Cue make_cue(const PagePlan& plan, std::span<const PageWord> words, const Clock& clock) {
  Cue cue;
  cue.lines.emplace_back();
  for (std::size_t i = plan.first; i < plan.last; ++i) {
    if (i == plan.second_line) cue.lines.emplace_back();
    cue.lines.back().words.push_back(make_word(words[i], clock));
  }
  cue.start_frame = cue.lines.front().words.front().start_frame;
  cue.end_frame = cue.lines.back().words.back().end_frame;
  return cue;
}

// Speech so fast that there are more pages than frames: pages grow until each has one.
void merge_until_each_has_a_frame(std::vector<Cue>& cues, std::int64_t frame_count) {
  while (cues.size() > 1 && static_cast<std::int64_t>(cues.size()) > frame_count) {
    std::vector<Cue> merged;
    for (std::size_t i = 0; i < cues.size(); i += 2) {
      merged.push_back(std::move(cues[i]));
      if (i + 1 == cues.size()) break;
      merged.back().end_frame = cues[i + 1].end_frame;
      for (Line& line : cues[i + 1].lines) {
        // The same two lines, so that a page never becomes a column.
        auto& target = merged.back().lines.back().words;
        target.insert(target.end(), std::make_move_iterator(line.words.begin()),
                      std::make_move_iterator(line.words.end()));
      }
    }
    cues = std::move(merged);
  }
}

void settle_times(std::vector<Cue>& cues, const Clock& clock) {
  const auto count = static_cast<std::int64_t>(cues.size());
  for (std::int64_t i = 0, earliest = 0; i < count; ++i) {
    Cue& cue = cues[static_cast<std::size_t>(i)];
    cue.start_frame = std::clamp(cue.start_frame, earliest, clock.frame_count() - (count - i));
    earliest = cue.start_frame + 1;
  }
  for (std::size_t i = 0; i < cues.size(); ++i) {
    Cue& cue = cues[i];
    const std::int64_t spoken_end = std::max(cue.end_frame, cue.start_frame + 1);
    const bool is_last = i + 1 == cues.size();
    const std::int64_t end_max = is_last ? clock.frame_count() : cues[i + 1].start_frame;
    const bool is_bridged = !is_last && end_max - spoken_end <= clock.bridge_frames();
    cue.end_frame = is_bridged ? end_max : std::min(end_max, spoken_end + clock.hold_frames());
    for (Line& line : cue.lines)
      for (Word& word : line.words) {
        word.start_frame = std::clamp(word.start_frame, cue.start_frame, cue.end_frame);
        word.end_frame = std::clamp(word.end_frame, word.start_frame, cue.end_frame);
      }
  }
}

std::vector<Part> make_parts(const std::vector<Cue>& cues, std::int64_t frame_count, std::int64_t part_frames,
                             std::int64_t part_count) {
  std::vector<Part> parts;
  for (std::int64_t i = 0; i < part_count; ++i) {
    Part part;
    part.first_frame = std::min(i * part_frames, frame_count);
    const std::int64_t end = i + 1 == part_count ? frame_count : std::min((i + 1) * part_frames, frame_count);
    part.frame_count = end - part.first_frame;
    for (const Cue& cue : cues)
      if (cue.start_frame < end && cue.end_frame > part.first_frame) part.cues.push_back(cue);
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace

Result<Timeline> make_timeline(const TimelineRequest& request, const Fonts& fonts) {
  const Style* style = find_style(request.style);
  if (!style) return fail(ErrorCode::invalid_argument, fmt::format("there is no caption style '{}'", request.style));
  if (!std::ranges::count(frame_rates(), request.fps))
    return fail(ErrorCode::invalid_argument, fmt::format("{} frames a second is none of the frame rates", request.fps));
  const std::int64_t per_frame = samples_per_frame(request.fps);
  Timeline timeline;
  timeline.frame_count = (request.speech.sample_count + per_frame - 1) / per_frame;

  const Format format = format_of(request.width, request.height);
  Typesetter typesetter(fonts, request.language);
  const PageRules rules{line_width_max(*style, format), typesetter.space_width(),
                        style->words_per_page[static_cast<std::size_t>(format.shape)]};
  const auto heard = heard_words(request.text, request.speech);
  const auto words = measure_words(heard, rules, *style, typesetter);
  const Clock clock(request.fps, timeline.frame_count);
  for (const PagePlan& plan : plan_pages(words, rules)) timeline.cues.push_back(make_cue(plan, words, clock));
  merge_until_each_has_a_frame(timeline.cues, timeline.frame_count);
  settle_times(timeline.cues, clock);
  timeline.parts = make_parts(timeline.cues, timeline.frame_count, request.part_frames, request.part_count);
  return timeline;
}

}  // namespace atelier::media::caption
