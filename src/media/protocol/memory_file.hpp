#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace atelier::media {

// Parameters and results are too large for packets and travel in memory files, which the control makes, so that it
// never has to trust a descriptor that a worker made.

// Empty, writable, close-on-exec.
Result<UniqueFd> make_memory_file();
Result<> write_file(int fd, std::string_view bytes);
// The first `size` bytes. Fewer is an error: whoever announced them lied or cut the file meanwhile.
Result<std::string> read_file(int fd, std::size_t size);
Result<std::uint64_t> size_of_file(int fd);

}  // namespace atelier::media
