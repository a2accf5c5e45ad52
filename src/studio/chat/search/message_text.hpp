#pragma once

#include <string>

#include "base/error.hpp"

namespace atelier::studio {

// What a message says, for an index of it and for a snippet: text_of() of the parts in its row.
Result<std::string> text_of_parts(const std::string& parts);

}  // namespace atelier::studio
