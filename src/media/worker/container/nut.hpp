#pragma once

#include <string>

#include "media/worker/container/fd_io.hpp"

namespace atelier::media::container {

// Opens one of our own intermediate files, with one stream. A file without the end that its writer's trailer gives it
// is refused: FFmpeg would hand out the last packet cut short, as if it were whole. `name` is also the error's place.
Result<Demuxer> open_nut(int fd, const std::string& name);

}  // namespace atelier::media::container
