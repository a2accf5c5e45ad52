#pragma once

#include <array>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "watch/history/figure.hpp"

namespace atelier::watch {

// Sixty points of one figure in one tier, from the point `start` on, a multiple of sixty. NaN: no figure.
struct Block {
  std::int64_t start = -1;
  std::array<float, kBlockPoints> points{};
};

// Several series of a metric as one more: all requests, whatever their route. Its `labels` are none of theirs.
struct Joint {
  std::string_view metric;
  MetricKind kind;  // counter or histogram
  std::string_view labels;
  bool (*takes)(std::string_view labels);
};
// Those that are kept. What the page shows first is a few of them; and quantiles of many series together can be had of
// what came to all of them in a time, and not of their quantiles.
std::span<const Joint> joints() noexcept;

// Reads all metrics once a second and makes the points of every tier. Touches memory alone. Not thread-safe.
class Recorder {
 public:
  // What does not fit into `figures_max` figures is not kept, and counted.
  explicit Recorder(std::size_t figures_max);

  // At this second (since 1970). What came before the first is of the first point. A second that is not later than the
  // last is passed over: a clock that steps back ends what was begun, and goes on once the time is past again, or at
  // once where it is more than a minute.
  void sample(const Metrics& metrics, std::int64_t second);

  // A block that has changed since it was last taken.
  struct Changed {
    FigureName figure;
    std::size_t tier = 0;
    Block block;
  };
  // At most `count_max`; ended ones first.
  std::vector<Changed> take_changed(std::size_t count_max);
  // What was taken and could not be stored: it is taken again before all else. What finds no room is counted.
  void give_back(std::vector<Changed> changed);
  // What is in memory of a figure in a tier: what nobody has taken yet, and the block that is being filled; each once.
  std::vector<Block> blocks(const FigureName& figure, std::size_t tier) const;
  // Of the finest tier, the number of the newest whole point; -1: there is none yet.
  std::int64_t newest() const noexcept { return windows_[0] > 0 ? windows_[0] : -1; }
  // Points of the finest tier from the number `first` on, `count` of them; no older than a minute, or they are NaN.
  std::vector<float> recent(const FigureName& figure, std::int64_t first, std::size_t count) const;
  std::vector<FigureName> figures() const;
  std::uint64_t dropped_count() const noexcept { return dropped_count_; }

 private:
  struct Line {                        // of one figure
    const FigureName* name = nullptr;  // its key
    std::array<Block, kTiers.size()> blocks;
    std::array<bool, kTiers.size()> is_changed{};
    Block before;  // of the finest tier, the one before: what is new is told across their border
  };
  struct Source {                                               // of one series
    const std::pair<std::string, std::string>* name = nullptr;  // its key
    std::array<double, kTiers.size()> counted{};                // at the beginning of each tier's time
    std::array<double, kTiers.size()> sum{};                    // of a gauge, in each tier's time
    std::array<std::uint32_t, kTiers.size()> samples{};
    std::array<Histogram::Snapshot, kTiers.size()> snapshots;
    std::array<Line*, 5> lines{};     // by Stat; null: not kept, or nothing happened yet
    std::vector<std::size_t> joints;  // that it is of
  };
  struct Joined {  // a joint, and what came to it in the times that end now
    std::pair<std::string, std::string> name;
    Source source;
    std::array<double, kTiers.size()> counts{};
    std::array<Histogram::Snapshot, kTiers.size()> came;
  };
  class Reading;
  void join();
  Source& source_of(const Metric& metric, const std::string& labels);
  Line* line_of(FigureName name);
  void put(Source& source, Stat stat, std::size_t tier, double value);
  void put(Source& source, std::size_t tier, const Histogram::Snapshot& came);
  void put(Line& line, std::size_t tier, float value);

  const std::size_t figures_max_;
  std::map<std::pair<std::string, std::string>, Source> sources_;  // by metric and labels
  std::map<FigureName, Line> lines_;
  std::vector<Joined> joined_;                         // as joints()
  std::deque<Changed> ended_;                          // whole, and not yet taken
  std::int64_t second_ = -1;                           // of the last sample
  std::array<std::int64_t, kTiers.size()> windows_{};  // of the tiers, that are being filled
  std::array<bool, kTiers.size()> closes_{};           // which end with the sample that is being taken
  std::array<double, kTiers.size()> seconds_{};        // how long they were
  std::array<std::int64_t, kTiers.size()> began_{};
  std::uint64_t dropped_count_ = 0;
};

}  // namespace atelier::watch
