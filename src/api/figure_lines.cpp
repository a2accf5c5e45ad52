#include "api/figure_lines.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace atelier::api {
namespace {

constexpr std::size_t kShownBytesMax = 80;

// To six digits. Points are kept to 0.4 %, and as a double a float has 17 digits that say nothing.
json::Value rounded(float point) {
  if (std::isnan(point)) return {};
  const auto value = static_cast<double>(point);
  if (value == 0 || !std::isfinite(value)) return json::Value(value);
  const double unit = std::pow(10, std::floor(std::log10(std::abs(value))) - 5);
  // A power of ten below one is no number of the machine, and its inverse is.
  return json::Value(unit < 1 ? std::round(value / unit) / std::round(1 / unit) : std::round(value / unit) * unit);
}

}  // namespace

std::optional<watch::FigureName> read_figure(std::string_view text) {
  return text.size() <= kFigureNameBytesMax ? watch::FigureName::parse(text) : std::nullopt;
}

Result<std::vector<watch::FigureName>> read_figure_list(std::string_view text) {
  std::vector<watch::FigureName> figures;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    auto figure = read_figure(text.substr(0, end));
    if (!figure)
      return fail(ErrorCode::invalid_argument,
                  fmt::format("\"{}\" is no figure's name, such as atelier_http_connections:value; "
                              "/api/performance/figures lists them, each on a line here",
                              printable(text.substr(0, end), kShownBytesMax)),
                  {.reason = {}, .where = "figures"});
    if (figures.size() == watch::History::kFiguresMax)
      return fail(ErrorCode::invalid_argument, fmt::format("are at most {} names", watch::History::kFiguresMax),
                  {.reason = {}, .where = "figures"});
    figures.push_back(std::move(*figure));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return figures;
}

json::Value figure_lines(const watch::History::Answer& answer) {
  json::Array lines;
  for (const watch::History::Line& line : answer.lines) {
    json::Array points;
    points.reserve(line.points.size());
    for (const float point : line.points) points.push_back(rounded(point));
    lines.push_back(json::Object{{"figure", line.figure.to_string()}, {"points", std::move(points)}});
  }
  json::Array ran;
  ran.reserve(answer.ran_s.size());
  for (const std::int64_t seconds : answer.ran_s) ran.push_back(json::Value(seconds));
  return json::Object{{"from", format_rfc3339(answer.from_ms)},
                      {"step_ms", answer.step.count()},
                      {"ran_seconds", std::move(ran)},
                      {"lines", std::move(lines)}};
}

}  // namespace atelier::api
