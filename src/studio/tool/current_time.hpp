#pragma once

#include <memory>

#include "base/clock.hpp"
#include "studio/tool/tool_box.hpp"

namespace atelier::studio {

// current_time: date and time in a zone. The clock outlives it.
std::unique_ptr<Tool> make_current_time(const Clock& clock);

}  // namespace atelier::studio
