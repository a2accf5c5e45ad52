#include "watch/history/recorder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace atelier::watch {
namespace {

constexpr float kNoPoint = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t kStepBackMax = 60;  // seconds that a clock may step back and be waited for
constexpr std::size_t kEndedMax = 20'000;  // blocks that nobody took: the store takes nothing

bool is_empty(const Block& block) {
  // A rate of nothing is what is taken for granted where nothing is stored.
  return std::ranges::all_of(block.points, [](float point) { return std::isnan(point) || point == 0; });
}

}  // namespace

// One sample of all metrics, on its way into the lines.
class Recorder::Reading final : public MetricVisitor {
 public:
  explicit Reading(Recorder& recorder) : recorder_(recorder) {}

  void counter(const Metric& metric, const std::string& labels, double value) override {
    Source& source = recorder_.source_of(metric, labels);
    // One that begins anew counts from nothing.
    for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
      if (value < source.counted[tier]) source.counted[tier] = 0;
      if (recorder_.closes_[tier]) {
        recorder_.put(source, Stat::rate, tier, (value - source.counted[tier]) / recorder_.seconds_[tier]);
        for (const std::size_t joint : source.joints)
          recorder_.joined_[joint].counts[tier] += value - source.counted[tier];
      }
      if (recorder_.closes_[tier]) source.counted[tier] = value;
    }
  }

  void gauge(const Metric& metric, const std::string& labels, double value) override {
    Source& source = recorder_.source_of(metric, labels);
    for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
      if (std::isfinite(value)) {
        source.sum[tier] += value;
        ++source.samples[tier];
      }
      if (!recorder_.closes_[tier]) continue;
      if (source.samples[tier] > 0) recorder_.put(source, Stat::value, tier, source.sum[tier] / source.samples[tier]);
      source.sum[tier] = 0;
      source.samples[tier] = 0;
    }
  }

  void histogram(const Metric& metric, const std::string& labels, const Histogram& histogram) override {
    Source& source = recorder_.source_of(metric, labels);
    const Histogram::Snapshot now = histogram.snapshot();
    for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
      if (!recorder_.closes_[tier]) continue;
      const Histogram::Snapshot came = now.since(source.snapshots[tier]);
      source.snapshots[tier] = now;
      recorder_.put(source, tier, came);
      if (came.count() == 0) continue;
      for (const std::size_t joint : source.joints) recorder_.joined_[joint].came[tier].add(came);
    }
  }

 private:
  Recorder& recorder_;
};

void Recorder::sample(const Metrics& metrics, std::int64_t second) {
  if (second <= second_ && second_ - second <= kStepBackMax) return;
  const bool is_first = second_ < 0 || second < second_;
  for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
    const std::int64_t step = kTiers[tier].step.count();
    closes_[tier] = !is_first && second / step != second_ / step;
    if (closes_[tier]) windows_[tier] = second_ / step;
    seconds_[tier] = static_cast<double>(std::max<std::int64_t>(second - began_[tier], 1));
    if (is_first) began_[tier] = second;
  }
  second_ = second;
  Reading reading(*this);
  metrics.visit(reading);
  join();
  for (std::size_t tier = 0; tier < kTiers.size(); ++tier)
    if (closes_[tier]) began_[tier] = second;
}

Recorder::Recorder(std::size_t figures_max) : figures_max_(figures_max), joined_(joints().size()) {
  for (std::size_t i = 0; i < joined_.size(); ++i) {
    joined_[i].name = {std::string(joints()[i].metric), std::string(joints()[i].labels)};
    joined_[i].source.name = &joined_[i].name;
  }
}

void Recorder::put(Source& source, std::size_t tier, const Histogram::Snapshot& came) {
  put(source, Stat::rate, tier, static_cast<double>(came.count()) / seconds_[tier]);
  if (came.count() == 0) return;
  put(source, Stat::p50, tier, came.quantile(0.5));
  put(source, Stat::p95, tier, came.quantile(0.95));
  put(source, Stat::p99, tier, came.quantile(0.99));
}

void Recorder::join() {
  for (std::size_t i = 0; i < joined_.size(); ++i)
    for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
      if (!closes_[tier]) continue;
      Joined& one = joined_[i];
      if (joints()[i].kind == MetricKind::histogram)
        put(one.source, tier, one.came[tier]);
      else
        put(one.source, Stat::rate, tier, one.counts[tier] / seconds_[tier]);
      one.came[tier] = {};
      one.counts[tier] = 0;
    }
}

Recorder::Source& Recorder::source_of(const Metric& metric, const std::string& labels) {
  const auto [place, is_new] = sources_.try_emplace({std::string(metric.name), labels});
  if (!is_new) return place->second;
  place->second.name = &place->first;
  // Series are made by what happens first: that counts too, and so does what came before the first sample.
  for (std::size_t i = 0; i < joined_.size(); ++i)
    if (joints()[i].metric == metric.name && joints()[i].takes(labels)) place->second.joints.push_back(i);
  return place->second;
}

void Recorder::put(Source& source, Stat stat, std::size_t tier, double value) {
  Line*& line = source.lines[static_cast<std::size_t>(stat)];
  if (line == nullptr) {
    // What never happened is no figure yet.
    if (stat == Stat::rate && value == 0) return;
    line = line_of({source.name->first, source.name->second, stat});
    if (line == nullptr) return;
  }
  put(*line, tier, static_cast<float>(value));
}

Recorder::Line* Recorder::line_of(FigureName name) {
  if (lines_.size() >= figures_max_ && !lines_.contains(name)) {
    ++dropped_count_;
    return nullptr;
  }
  const auto [place, is_new] = lines_.try_emplace(std::move(name));
  if (is_new) place->second.name = &place->first;
  return &place->second;
}

void Recorder::put(Line& line, std::size_t tier, float value) {
  const std::int64_t window = windows_[tier], start = window - window % kBlockPoints;
  Block& block = line.blocks[tier];
  if (block.start != start) {
    if (line.is_changed[tier] && !is_empty(block)) {
      if (ended_.size() < kEndedMax)
        ended_.push_back({*line.name, tier, block});
      else
        ++dropped_count_;
    }
    if (tier == 0) line.before = block;
    block.start = start;
    block.points.fill(kNoPoint);
    line.is_changed[tier] = false;
  }
  block.points[static_cast<std::size_t>(window - start)] = value;
  line.is_changed[tier] = true;
}

std::vector<Recorder::Changed> Recorder::take_changed(std::size_t count_max) {
  std::vector<Changed> taken;
  const std::size_t ended = std::min(count_max, ended_.size());
  taken.assign(std::make_move_iterator(ended_.begin()),
               std::make_move_iterator(ended_.begin() + static_cast<std::ptrdiff_t>(ended)));
  ended_.erase(ended_.begin(), ended_.begin() + static_cast<std::ptrdiff_t>(ended));
  for (auto& [name, line] : lines_)
    for (std::size_t tier = 0; tier < kTiers.size() && taken.size() < count_max; ++tier) {
      if (!line.is_changed[tier]) continue;
      line.is_changed[tier] = false;
      if (!is_empty(line.blocks[tier])) taken.push_back({name, tier, line.blocks[tier]});
    }
  return taken;
}

void Recorder::give_back(std::vector<Changed> changed) {
  std::vector<Changed> again;
  for (Changed& one : changed) {
    const auto line = lines_.find(one.figure);
    // It is being filled yet, and holds what was taken.
    if (line != lines_.end() && line->second.blocks[one.tier].start == one.block.start)
      line->second.is_changed[one.tier] = true;
    else if (ended_.size() + again.size() < kEndedMax)
      again.push_back(std::move(one));
    else
      ++dropped_count_;
  }
  // In front of what ended meanwhile, which may be the rest of the same blocks.
  ended_.insert(ended_.begin(), std::make_move_iterator(again.begin()), std::make_move_iterator(again.end()));
}

std::vector<Block> Recorder::blocks(const FigureName& figure, std::size_t tier) const {
  std::vector<Block> all;
  for (const Changed& ended : ended_) {
    if (ended.tier != tier || ended.figure != figure) continue;
    const auto same = std::ranges::find(all, ended.block.start, &Block::start);
    if (same == all.end())
      all.push_back(ended.block);
    else
      *same = ended.block;  // the later holds more of it
  }
  const auto found = lines_.find(figure);
  if (found != lines_.end() && found->second.blocks[tier].start >= 0) all.push_back(found->second.blocks[tier]);
  return all;
}

std::vector<float> Recorder::recent(const FigureName& figure, std::int64_t first, std::size_t count) const {
  std::vector<float> points(count, kNoPoint);
  const auto found = lines_.find(figure);
  if (found == lines_.end()) return points;
  for (const Block* block : {&found->second.before, &found->second.blocks[0]}) {
    if (block->start < 0) continue;
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t place = first + static_cast<std::int64_t>(i) - block->start;
      if (place >= 0 && place < kBlockPoints) points[i] = block->points[static_cast<std::size_t>(place)];
    }
  }
  return points;
}

std::vector<FigureName> Recorder::figures() const {
  std::vector<FigureName> names;
  names.reserve(lines_.size());
  for (const auto& [name, line] : lines_) names.push_back(name);
  return names;
}

}  // namespace atelier::watch
