#pragma once

#include <array>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "watch/page/page_windows.hpp"

namespace atelier::watch {

// What pages measured in the browsers of those who use them, as histograms: a metric each, by page and kind of device
// where that matters. Thread-safe.
class PageFigures {
 public:
  // `windows` outlives it.
  PageFigures(Metrics& metrics, PageWindows& windows);

  struct Figure {
    std::string name;  // as web-vitals names it ("LCP"), or one of kOthers
    double value = 0;  // milliseconds; CLS its score, heap bytes
    std::string path, device, element = {};
  };
  // What add() would say, and nothing added.
  static Result<> check(const Figure& figure);
  // invalid_argument: no such figure, or no value that it can have.
  Result<> add(const Figure& figure);

  // Of one metric on one page and kind of device.
  struct Summary {
    std::string metric, page, device;
    std::uint64_t count = 0;
    double p75 = 0;  // seconds, or a score
    double good = 0, poor = 0;
    std::string element;  // that of the worst since the process began; empty: none yet
  };
  // Of those that are told apart by page and device. Core web vitals first, then by page.
  Task<Result<std::vector<Summary>>> summaries(PageWindows::Window window) const;

 private:
  struct Kind;
  static const std::array<Kind, 9> kKinds;
  struct Series {
    Histogram* histogram = nullptr;
    double worst = 0;
    std::string element;
  };
  using Key = std::array<std::string_view, 3>;  // metric, page, device: all of closed sets

  std::string worst_element(const PageWindows::Spread& of) const;

  Metrics& metrics_;
  PageWindows& windows_;
  mutable std::mutex mutex_;
  std::map<Key, Series> series_;
};

}  // namespace atelier::watch
