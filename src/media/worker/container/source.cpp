#include "media/worker/container/source.hpp"

namespace atelier::media::container {

Result<Source> open_source(int fd, const std::string& name, Documents documents) {
  if (fd < 0) return fail(ErrorCode::invalid_argument, "no input called \"file\" was given");
  auto file = MappedFile::open(fd);
  if (!file) return error_of(file);
  if (file->bytes().empty()) return fail(ErrorCode::invalid_argument, name + " is empty", {"media_empty", ""});
  const FileFormat format = sniff(file->text());
  if (format.family == Family::refused || (format.family == Family::document && documents == Documents::refused))
    return fail(ErrorCode::invalid_argument, name + " is " + std::string(format.is_what), {"media_unsupported", ""});
  return Source{*std::move(file), format};
}

}  // namespace atelier::media::container
