#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::media::container {

// One box of an ISO base media file (ISO 14496-12 section 4.2). The payload lies in the file's own bytes.
struct Box {
  std::string_view type;     // four characters
  std::uint64_t offset = 0;  // of its header, in the file
  std::span<const std::uint8_t> payload;
};

// Calls `visit` for each box that lies side by side in `bytes`, until it returns false. `offset` is where `bytes`
// begins in the file. A box that says it is longer than what is there is an Error with reason "media_truncated", which
// says by how much; one that is shorter than its own header, or more than 100,000 of them, is "media_unreadable".
Result<> for_each_box(std::span<const std::uint8_t> bytes, std::uint64_t offset,
                      const std::function<bool(const Box&)>& visit);

// What would make FFmpeg look elsewhere or fail late: nothing cut off, an index, at most kStreamsMax tracks, and every
// track's samples in this very file. `name` is what messages call the file.
Result<> check_boxes(std::span<const std::uint8_t> file, const std::string& name);

}  // namespace atelier::media::container
