#include "watch/history/figure.hpp"

#include <algorithm>

namespace atelier::watch {
namespace {

constexpr std::array<std::string_view, 5> kStats = {"value", "rate", "p50", "p95", "p99"};

}  // namespace

std::string_view to_string(Stat stat) noexcept { return kStats[static_cast<std::size_t>(stat)]; }

std::optional<Stat> parse_stat(std::string_view text) noexcept {
  const auto found = std::ranges::find(kStats, text);
  if (found == kStats.end()) return std::nullopt;
  return static_cast<Stat>(found - kStats.begin());
}

std::string FigureName::to_string() const {
  std::string out = metric;
  if (!labels.empty()) out.append("{").append(labels).append("}");
  return out.append(":").append(watch::to_string(stat));
}

std::optional<FigureName> FigureName::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto stat = parse_stat(text.substr(colon + 1));
  std::string_view series = text.substr(0, colon), labels;
  if (const std::size_t brace = series.find('{'); brace != std::string_view::npos) {
    if (!series.ends_with('}')) return std::nullopt;
    labels = series.substr(brace + 1, series.size() - brace - 2);
    series = series.substr(0, brace);
  }
  if (!stat || series.empty()) return std::nullopt;
  return FigureName{std::string(series), std::string(labels), *stat};
}

}  // namespace atelier::watch
