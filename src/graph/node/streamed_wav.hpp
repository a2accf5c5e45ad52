#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::graph {

// Speech that is sent while it is made comes as a WAV whose head cannot know its length, and says 0 or all ones there:
// players then show no length and cannot seek. Says the sizes once they are known.
class StreamedWav {
 public:
  // The file's bytes, in order.
  void feed(std::string_view bytes);
  // Whether its head left anything open.
  bool leaves_open() const noexcept { return data_at_.has_value(); }
  // Writes what the head left open into the file of that many bytes; nothing where it left nothing open.
  Result<> say_sizes(int fd, std::uint64_t size_bytes) const;

 private:
  void look();
  static constexpr std::size_t kHeadMax = 4'096;
  std::string head_;
  bool is_over_ = false;                       // the head was read, or it is none
  std::optional<std::uint64_t> data_at_ = {};  // of the sound's size, where it is open
};

}  // namespace atelier::graph
