#pragma once

#include <string_view>

namespace atelier::media::hostile {

// Some workers fail before they ever said hello. Plays the part that `name` asks for, and ends the process; returns if
// it asks for none of them.
void start_badly(std::string_view name);

}  // namespace atelier::media::hostile
