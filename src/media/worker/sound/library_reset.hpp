#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace atelier::media::sound {

// A shared library's variables, to be put back as they were when the program started. espeak-ng keeps the phase of its
// wave, its pitch flutter and more in variables that nothing resets, so that a sentence sounds different after another
// one (1.51: never the same twice in a process), and it cannot be started a second time. Put back between two starts,
// it is in each task what it is in a new process.
class LibraryReset {
 public:
  // Keeps a copy of the variables of the loaded library whose file name holds `name`. To be called before the library
  // is.
  explicit LibraryReset(std::string_view name);
  bool is_found() const noexcept { return !areas_.empty(); }
  // The library must have been stopped: it may hold no thread, and memory it still holds is lost to it.
  void put_back() const;

 private:
  struct Area {
    std::span<std::byte> memory;
    std::vector<std::byte> copy;
  };
  std::vector<Area> areas_;
};

}  // namespace atelier::media::sound
