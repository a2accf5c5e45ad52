#include "media/worker/sound/library_reset.hpp"

#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace atelier::media::sound {
namespace {

struct Search {
  std::string_view name;
  std::vector<std::span<std::byte>> found;
};

// What the linker made read-only after loading is no variable.
std::size_t end_of_read_only(const dl_phdr_info& library) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < library.dlpi_phnum; ++i) {
    const auto& header = library.dlpi_phdr[i];
    if (header.p_type == PT_GNU_RELRO) return (header.p_vaddr + header.p_memsz) / page * page;
  }
  return 0;
}

int look_at(dl_phdr_info* library, std::size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  if (std::string_view(library->dlpi_name).find(search.name) == std::string_view::npos) return 0;
  const std::size_t first = end_of_read_only(*library);
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const auto& header = library->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) == 0) continue;
    const std::size_t start = std::max<std::size_t>(header.p_vaddr, first);
    const std::size_t end = header.p_vaddr + header.p_memsz;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader's own way to say where it put something
    if (start < end) search.found.push_back({reinterpret_cast<std::byte*>(library->dlpi_addr + start), end - start});
  }
  return 1;
}

}  // namespace

LibraryReset::LibraryReset(std::string_view name) {
  Search search{name, {}};
  dl_iterate_phdr(look_at, &search);
  for (const std::span<std::byte> memory : search.found) areas_.push_back({memory, {memory.begin(), memory.end()}});
}

void LibraryReset::put_back() const {
  for (const Area& area : areas_) std::ranges::copy(area.copy, area.memory.begin());
}

}  // namespace atelier::media::sound
