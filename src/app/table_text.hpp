#pragma once

#include <string>
#include <vector>

namespace atelier::app {

// Rows of cells as aligned text for a terminal; the first row is the heading. Cells hold one line each.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

}  // namespace atelier::app
