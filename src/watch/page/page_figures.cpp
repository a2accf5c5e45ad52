#include "watch/page/page_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/async.hpp"
#include "base/scrub.hpp"
#include "base/text.hpp"
#include "watch/page/page_name.hpp"

namespace atelier::watch {
namespace {

constexpr std::array<std::string_view, 2> kByPage = {"page", "device"};
constexpr std::array<std::string_view, 1> kByDevice = {"device"};
constexpr MetricKind kHistogram = MetricKind::histogram;
constexpr Metric kLcp{"atelier_page_lcp_seconds", kHistogram, "Largest contentful paint, as browsers saw it", kByPage};
constexpr Metric kInp{"atelier_page_inp_seconds", kHistogram, "Interaction to next paint, as browsers saw it", kByPage};
constexpr Metric kCls{"atelier_page_cls_ratio", kHistogram, "Cumulative layout shift, as browsers saw it", kByPage};
constexpr Metric kFcp{"atelier_page_fcp_seconds", kHistogram, "First contentful paint, as browsers saw it", kByPage};
constexpr Metric kTtfb{"atelier_page_ttfb_seconds", kHistogram, "Time to a page's first byte, as browsers saw it",
                       kByPage};
constexpr Metric kLongTask{"atelier_page_long_task_seconds", kHistogram, "Tasks that held a page for over 50 ms",
                           kByDevice};
constexpr Metric kRouteChange{"atelier_page_route_change_seconds", kHistogram,
                              "From a link to the next page's first paint", kByDevice};
constexpr Metric kApiCall{"atelier_page_api_call_seconds", kHistogram, "Calls of the API, as browsers saw them",
                          kByDevice};
constexpr Metric kHeap{"atelier_page_heap_bytes", kHistogram, "Memory of a page's scripts, where the browser tells",
                       kByDevice};

constexpr std::size_t kElementBytesMax = 80;

// "main>article.message#x": what a selector is made of, nothing that was typed.
std::string as_selector(std::string_view text) {
  const bool is_selector = text.size() <= kElementBytesMax && std::ranges::all_of(text, [](char c) {
                             return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                                    std::string_view(".#>_:-").find(c) != std::string_view::npos;
                           });
  return is_selector && !has_secret(text) ? std::string(text) : std::string();
}

}  // namespace

struct PageFigures::Kind {
  std::string_view name;
  const Metric* metric;
  double scale;       // what a value is multiplied with
  double max;         // of a value as it came
  double good, poor;  // scaled; 0: nobody says
};

// Limits of good and poor: those of web.dev for the 75th percentile.
const std::array<PageFigures::Kind, 9> PageFigures::kKinds = {{{"LCP", &kLcp, 1e-3, 6e5, 2.5, 4},
                                                               {"INP", &kInp, 1e-3, 6e5, .2, .5},
                                                               {"CLS", &kCls, 1, 100, .1, .25},
                                                               {"FCP", &kFcp, 1e-3, 6e5, 1.8, 3},
                                                               {"TTFB", &kTtfb, 1e-3, 6e5, .8, 1.8},
                                                               {"long_task", &kLongTask, 1e-3, 6e5, 0, 0},
                                                               {"route_change", &kRouteChange, 1e-3, 6e5, 0, 0},
                                                               {"api_call", &kApiCall, 1e-3, 6e5, 0, 0},
                                                               {"heap", &kHeap, 1, 1e12, 0, 0}}};

PageFigures::PageFigures(Metrics& metrics, PageWindows& windows) : metrics_(metrics), windows_(windows) {
  // Known from the start, whether or not anybody looks at a page.
  for (const Kind& kind : kKinds) {
    if (kind.metric->labels.size() == 2)
      metrics.histogram(*kind.metric, {kPages.back(), kDevices.back()});
    else
      metrics.histogram(*kind.metric, {kDevices.back()});
  }
}

Result<> PageFigures::check(const Figure& figure) {
  const auto* kind = std::ranges::find(kKinds, figure.name, &Kind::name);
  if (kind == kKinds.end())
    return fail(ErrorCode::invalid_argument, fmt::format("{} is no figure of pages", printable(figure.name, 40)));
  if (!std::isfinite(figure.value) || figure.value < 0 || figure.value > kind->max)
    return fail(ErrorCode::invalid_argument, fmt::format("{} has no such value", kind->name));
  return {};
}

Result<> PageFigures::add(const Figure& figure) {
  if (auto checked = check(figure); !checked) return checked;
  const auto* kind = std::ranges::find(kKinds, figure.name, &Kind::name);
  const bool is_by_page = kind->metric->labels.size() == 2;
  const std::string_view page = is_by_page ? page_name(figure.path) : std::string_view();
  const std::string_view device = device_name(figure.device);
  const double value = figure.value * kind->scale;
  if (kind->poor > 0) windows_.add(kind->name, page, device, value);
  const std::lock_guard lock(mutex_);
  Series& series = series_[{kind->name, page, device}];
  if (series.histogram == nullptr)
    series.histogram =
        is_by_page ? &metrics_.histogram(*kind->metric, {page, device}) : &metrics_.histogram(*kind->metric, {device});
  series.histogram->observe(value);
  if (value >= series.worst && !figure.element.empty()) {
    series.worst = value;
    series.element = as_selector(figure.element);
  }
  return {};
}

std::string PageFigures::worst_element(const PageWindows::Spread& of) const {
  const std::lock_guard lock(mutex_);
  const auto found = series_.find(Key{of.metric, of.page, of.device});
  return found == series_.end() ? std::string() : found->second.element;
}

Task<Result<std::vector<PageFigures::Summary>>> PageFigures::summaries(PageWindows::Window window) const {
  auto spreads = co_await windows_.read(window);
  if (!spreads) co_return error_of(spreads);
  std::vector<Summary> all;
  for (const Kind& kind : kKinds)
    for (const PageWindows::Spread& one : *spreads)
      if (one.metric == kind.name)
        all.push_back({.metric = one.metric,
                       .page = one.page,
                       .device = one.device,
                       .count = one.count,
                       .p75 = one.p75,
                       .good = kind.good,
                       .poor = kind.poor,
                       .element = worst_element(one)});
  co_return all;
}

}  // namespace atelier::watch
