#pragma once

#include <string>

namespace atelier::watch {

// The first twelve hexadecimal digits of the build id that the linker gave this executable, which another build of the
// same version does not have. Empty: it was linked without one.
std::string build_id();

}  // namespace atelier::watch
