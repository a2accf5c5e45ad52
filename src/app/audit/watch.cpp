#include "app/audit/watch.hpp"

#include <algorithm>

#include "base/async.hpp"

namespace atelier::app::audit {
namespace {

// What a process takes at its beginning (caches, pools, threads) is no leak: the first third is not looked at.
constexpr double kWarmShare = 1.0 / 3;
// Below this a slope says more of what happened to be going on than of a leak.
constexpr double kSlopeSecondsMin = 240;
constexpr double kMiB = 1 << 20;

double number_at(const json::Value& object, std::string_view name) {
  const json::Value* value = object.is_object() ? object.get_object().if_contains(name) : nullptr;
  boost::json::error_code ec;
  const double number = value ? value->to_number<double>(ec) : 0;
  return ec ? 0 : number;
}

}  // namespace

Task<Result<>> ProcessWatch::look() {
  auto document = co_await admin_.must(net::Method::get, "/api/performance/metrics");
  if (!document) co_return error_of(document);
  const json::Value* process = document->is_object() ? document->get_object().if_contains("process") : nullptr;
  if (process == nullptr) co_return fail(ErrorCode::unavailable, "the studio tells nothing of its process");
  points_.push_back({.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count(),
                     .resident_bytes = number_at(*process, "resident_bytes"),
                     .descriptors = number_at(*process, "descriptors"),
                     .cpu_seconds = number_at(*process, "cpu_seconds")});
  co_return Result<>{};
}

Task<Result<>> ProcessWatch::run() {
  for (;;) {
    auto looked = co_await look();
    if (!looked && looked.error().code == ErrorCode::cancelled) co_return Result<>{};
    auto slept = co_await sleep_for(std::chrono::seconds(1));
    if (!slept) co_return Result<>{};
  }
}

double ProcessWatch::highest_resident_bytes() const {
  double highest = 0;
  for (const Point& point : points_) highest = std::max(highest, point.resident_bytes);
  return highest;
}

void ProcessWatch::add_figures(Outcome& outcome) const {
  if (points_.size() < 2) {
    outcome.notes.emplace_back("The studio's own figures of its process could not be read.");
    return;
  }
  const Point &first = points_.front(), &last = points_.back();
  const double length = last.seconds - first.seconds;
  outcome.figures.push_back(
      {.id = "memory", .title = "most memory", .unit = Unit::bytes, .measured = exactly(highest_resident_bytes())});
  if (length > 0)
    outcome.figures.push_back({.id = "cores",
                               .title = "processor cores used",
                               .unit = Unit::count,
                               .measured = exactly((last.cpu_seconds - first.cpu_seconds) / length)});
  std::vector<std::pair<double, double>> memory, descriptors;
  for (const Point& point : points_) {
    if (point.seconds < first.seconds + length * kWarmShare) continue;
    memory.emplace_back(point.seconds / 60, point.resident_bytes);
    descriptors.emplace_back(point.seconds / 60, point.descriptors);
  }
  const bool is_long = length >= kSlopeSecondsMin;
  Figure growth{.id = "memory_slope",
                .title = "memory grows",
                .unit = Unit::bytes_per_minute,
                .measured = slope(memory),
                .cause = "Memory that is taken and not given back: a leak, or a cache without a bound.",
                .remedy =
                    "Look at the memory panel of the Performance page over hours; POST /api/performance/gc tells "
                    "what of it are caches. If it goes on growing, report it with this audit."};
  Figure opened{.id = "descriptor_slope",
                .title = "descriptors grow a minute",
                .unit = Unit::count,
                .measured = slope(descriptors),
                .cause = "Files or connections that are opened and never closed.",
                .remedy =
                    "Look at /proc/<pid>/fd of the studio for what there is much of, and report it with this "
                    "audit; until then restart the studio before it reaches its limit."};
  if (is_long) {
    // What may as well be none is none: the interval's lower end has to be over the budget.
    growth.measured.value = std::max(0.0, growth.measured.low);
    opened.measured.value = std::max(0.0, opened.measured.low);
    growth.budget = Budget{.limit = 1 * kMiB, .required = 4 * kMiB};
    opened.budget = Budget{.limit = 2, .required = 10};
  }
  outcome.figures.push_back(std::move(growth));
  outcome.figures.push_back(std::move(opened));
  if (!is_long)
    outcome.notes.emplace_back(
        "Too short to judge how memory and descriptors grow; their slopes are told all the same.");
}

}  // namespace atelier::app::audit
