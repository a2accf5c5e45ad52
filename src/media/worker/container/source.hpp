#pragma once

#include <string>

#include "base/error.hpp"
#include "media/worker/container/mapped_file.hpp"
#include "media/worker/container/sniff.hpp"

namespace atelier::media::container {

// A user's file, mapped and sniffed: an image or a stream, since everything else is refused with words for people.
struct Source {
  MappedFile file;
  FileFormat format;
};
Result<Source> open_source(int fd, const std::string& name);

}  // namespace atelier::media::container
