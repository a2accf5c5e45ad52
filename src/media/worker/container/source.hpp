#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "media/worker/container/mapped_file.hpp"
#include "media/worker/container/sniff.hpp"

namespace atelier::media::container {

// A user's file, mapped and sniffed: an image or a stream, or where it is wanted a document, since everything else is
// refused with words for people.
struct Source {
  MappedFile file;
  FileFormat format;
};
enum class Documents : std::uint8_t { refused, wanted };
Result<Source> open_source(int fd, const std::string& name, Documents documents = Documents::refused);

}  // namespace atelier::media::container
