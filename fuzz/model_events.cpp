// A stream of events on its way through: every byte kept, and the same events however it is cut. The first byte says
// how.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/call/event_splitter.hpp"

using namespace atelier;
using namespace atelier::model;

namespace {

struct Split {
  std::string bytes;                                        // of all blocks, and the rest
  std::vector<std::pair<std::string, std::string>> events;  // of blocks with data
};

Split split(std::string_view bytes, std::size_t step, std::size_t spread) {
  EventSplitter splitter;
  Split out;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = step + at * 7 % spread;
    splitter.feed(bytes.substr(at, size));
    at += size;
    for (;;) {
      const auto block = splitter.next();
      ensure(block.has_value(), "no block here is too large");
      if (!*block) break;
      ensure(!(*block)->bytes.empty(), "a block has bytes");
      out.bytes += (*block)->bytes;
      if ((*block)->has_data) out.events.emplace_back((*block)->type, (*block)->data);
    }
  }
  out.bytes += splitter.rest();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Split whole = split(bytes, bytes.size() + 1, 1);
  // A byte order mark is not sent on.
  const std::string_view kept = bytes.starts_with("\xEF\xBB\xBF") ? bytes.substr(3) : bytes;
  ensure(whole.bytes == kept, "every byte is kept");
  const Split cut = split(bytes, 1 + data[0] % 16, 1 + data[0] / 16);
  ensure(cut.bytes == kept, "every byte is kept in any pieces");
  ensure(cut.events == whole.events, "any pieces give the same events");
  return 0;
}
