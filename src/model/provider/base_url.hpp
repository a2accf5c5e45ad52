#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::model {

// Where a provider is, without the slash at its end. Absolute, http or https, at most 2,048 bytes, without user, query
// and fragment: paths are put behind it, and it stands in logs.
Result<std::string> parse_base_url(std::string_view text);

}  // namespace atelier::model
