#include "watch/objective/build_id.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstring>
#include <span>

namespace atelier::watch {
namespace {

constexpr std::size_t kBuildIdBytes = 6;

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// Notes stand one after another: head, name, bytes (ELF, "Note Section").
std::string id_among(std::span<const char> notes) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) head;
    std::memcpy(&head, notes.data(), sizeof head);
    const std::size_t at = sizeof head + padded(head.n_namesz), end = at + padded(head.n_descsz);
    if (end > notes.size()) break;
    if (head.n_type == NT_GNU_BUILD_ID && head.n_descsz >= kBuildIdBytes) {
      std::string id;
      for (const char byte : notes.subspan(at, kBuildIdBytes))
        id += fmt::format("{:02x}", static_cast<std::uint8_t>(byte));
      return id;
    }
    notes = notes.subspan(end);
  }
  return {};
}

// Called for each object of the process; the first is the executable.
int look_at_first(dl_phdr_info* info, std::size_t, void* id) {
  for (const auto& part : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
    if (part.p_type != PT_NOTE) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): where the loader put it
    const char* notes = reinterpret_cast<const char*>(info->dlpi_addr + part.p_vaddr);
    std::string found = id_among({notes, part.p_memsz});
    if (found.empty()) continue;
    *static_cast<std::string*>(id) = std::move(found);
    break;
  }
  return 1;
}

}  // namespace

std::string build_id() {
  std::string id;
  dl_iterate_phdr(&look_at_first, &id);
  return id;
}

}  // namespace atelier::watch
