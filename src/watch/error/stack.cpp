#include "watch/error/stack.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <execinfo.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"

namespace atelier::watch {
namespace {

constexpr std::size_t kNameBytesMax = 160;

std::string find_build_id(std::uint64_t base, const ElfW(Phdr) & header) {
  const auto* at = reinterpret_cast<const char*>(base + header.p_vaddr);
  const char* end = at + header.p_memsz;
  const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  while (at + sizeof(ElfW(Nhdr)) <= end) {
    const auto* note = reinterpret_cast<const ElfW(Nhdr)*>(at);
    const char* name = at + sizeof(ElfW(Nhdr));
    const char* value = name + padded(note->n_namesz);
    if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0)
      return hex(std::string_view(value, note->n_descsz));
    at = value + padded(note->n_descsz);
  }
  return {};
}

// The first that is visited is the program itself.
int read_program(dl_phdr_info* info, std::size_t, void* into) {
  auto& program = *static_cast<Executable*>(into);
  program.base = info->dlpi_addr;
  for (const ElfW(Phdr) & header : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
    if (header.p_type == PT_NOTE && program.build_id.empty()) program.build_id = find_build_id(program.base, header);
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    const std::uint64_t begin = program.base + header.p_vaddr;
    program.begin = program.begin == 0 ? begin : std::min(program.begin, begin);
    program.end = std::max(program.end, begin + header.p_memsz);
  }
  return 1;
}

// A file in memory, read only.
class MappedFile {
 public:
  explicit MappedFile(const char* path) {
    const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
    struct stat facts{};
    if (fd.get() < 0 || ::fstat(fd.get(), &facts) != 0 || facts.st_size <= 0) return;
    void* at = ::mmap(nullptr, static_cast<std::size_t>(facts.st_size), PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (at != MAP_FAILED) bytes_ = {static_cast<const char*>(at), static_cast<std::size_t>(facts.st_size)};
  }
  ~MappedFile() {
    if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // `count` of T at that place; empty where they are not whole in it.
  template <class T>
  std::span<const T> read(std::uint64_t offset, std::uint64_t count) const {
    if (offset > bytes_.size() || count > (bytes_.size() - offset) / sizeof(T)) return {};
    return {reinterpret_cast<const T*>(bytes_.data() + offset), static_cast<std::size_t>(count)};
  }

 private:
  std::span<const char> bytes_;
};

std::string demangle(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                             &std::free);
  return printable(status == 0 && readable ? readable.get() : name, kNameBytesMax);
}

// Names the addresses that a function of this table covers.
void name_by(std::span<const ElfW(Sym)> symbols, std::span<const char> names,
             const std::vector<std::uint64_t>& addresses, std::vector<std::string>& found) {
  for (const ElfW(Sym) & symbol : symbols) {
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_name >= names.size()) continue;
    for (std::size_t i = 0; i < addresses.size(); ++i)
      if (addresses[i] >= symbol.st_value && addresses[i] < symbol.st_value + symbol.st_size)
        found[i] = demangle(names.data() + symbol.st_name);
  }
}

}  // namespace

const Executable& executable() {
  static const Executable own = [] {
    Executable program;
    ::dl_iterate_phdr(read_program, &program);
    return program;
  }();
  return own;
}

std::vector<std::uint64_t> capture_stack(std::size_t skipped) {
  std::array<void*, kFramesMax + 16> frames;
  const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  const Executable& program = executable();
  std::vector<std::uint64_t> stack;
  for (std::size_t i = skipped + 1; i < static_cast<std::size_t>(std::max(count, 0)) && stack.size() < kFramesMax;
       ++i) {
    // Of the call and not of where it returns to, which may be the next function.
    const auto address = reinterpret_cast<std::uint64_t>(frames[i]) - 1;
    if (address >= program.begin && address < program.end) stack.push_back(address - program.base);
  }
  return stack;
}

std::vector<std::string> name_frames(const std::vector<std::uint64_t>& addresses) {
  std::vector<std::string> found(addresses.size());
  const MappedFile file("/proc/self/exe");
  const auto header = file.read<ElfW(Ehdr)>(0, 1);
  if (!header.empty() && header.front().e_shentsize == sizeof(ElfW(Shdr))) {
    const auto sections = file.read<ElfW(Shdr)>(header.front().e_shoff, header.front().e_shnum);
    for (const ElfW(Shdr) & section : sections) {
      if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
      const ElfW(Shdr)& strings = sections[section.sh_link];
      const auto names = file.read<char>(strings.sh_offset, strings.sh_size);
      // Names end in the table, or the last would be read beyond it.
      if (names.empty() || names.back() != '\0') continue;
      name_by(file.read<ElfW(Sym)>(section.sh_offset, section.sh_size / sizeof(ElfW(Sym))), names, addresses, found);
    }
  }
  return found;
}

std::string offset_text(std::uint64_t address) { return fmt::format(" +{:#x}", address); }

}  // namespace atelier::watch
