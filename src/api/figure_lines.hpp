#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "watch/history/history.hpp"

namespace atelier::api {

inline constexpr std::size_t kFigureNameBytesMax = 512;

// Nothing, where it is no figure's name or too long for one.
std::optional<watch::FigureName> read_figure(std::string_view text);
// Names of figures, each on a line; "" is none. invalid_argument at "figures".
Result<std::vector<watch::FigureName>> read_figure_list(std::string_view text);
// As the schema FigureLines has it.
json::Value figure_lines(const watch::History::Answer& answer);

}  // namespace atelier::api
