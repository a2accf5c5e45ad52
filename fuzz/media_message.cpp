// Packets of the media protocol, as a worker that was taken over could send them.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "media/protocol/limits.hpp"
#include "media/protocol/message.hpp"

using namespace atelier;
using namespace atelier::media;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto message = parse_control_message(text)) {
    const std::string written = write_message(*message);
    const auto again = parse_control_message(written);
    ensure(again && write_message(*again) == written, "what is written is read");
  }
  if (const auto message = parse_worker_message(text)) {
    const std::string written = write_message(*message);
    const auto again = parse_worker_message(written);
    ensure(again && write_message(*again) == written, "what is written is read");
    if (const auto* finished = std::get_if<Finished>(&*message); finished && finished->error)
      ensure(is_valid_utf8(finished->error->message), "a worker's message can be shown");
  }
  return 0;
}
