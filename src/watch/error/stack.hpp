#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace atelier::watch {

// The executable that runs: where it was loaded, and what tells its build from others.
struct Executable {
  std::uint64_t base = 0;            // what addresses are told from
  std::uint64_t begin = 0, end = 0;  // of its code, in memory
  std::string build_id;              // hexadecimal, of the linker's note; empty: it has none
};
const Executable& executable();

// Who called whom, innermost first: addresses in the executable relative to its base, those of other libraries left
// out. Costs some microseconds; the names are found later.
inline constexpr std::size_t kFramesMax = 32;
std::vector<std::uint64_t> capture_stack(std::size_t skipped);

// The function at each of those addresses, as "atelier::net::answer(...)", or "" where it cannot be found: from
// the symbols of the executable's file, which is read for it. Of this build alone. Blocks some milliseconds.
std::vector<std::string> name_frames(const std::vector<std::uint64_t>& addresses);

// " +0x1c2f": how such an address is told, for addr2line.
std::string offset_text(std::uint64_t address);

}  // namespace atelier::watch
