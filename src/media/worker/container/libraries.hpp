#pragma once

#include "base/error.hpp"

namespace atelier::media::container {

// Starts FFmpeg and libvips as every task wants them: quiet, one thread per picture operation, no cache of past
// operations, no loader that libvips itself calls untrusted, no code made at run time. libvips opens its modules here,
// so it comes before the sandbox. May be called again; must be called before vips is used, in tests too.
Result<> start_media_libraries();

}  // namespace atelier::media::container
