// An event stream, whole and in pieces, and what was parsed written and parsed again.
#include <cstdint>
#include <string_view>

#include "net/sse.hpp"

using namespace atelier;
using namespace atelier::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  SseParser whole, pieces;
  auto events = whole.feed(bytes);
  if (!events) return 0;
  std::vector<SseEvent> collected;
  for (std::size_t at = 0; at < bytes.size(); at += 1 + at % 3) {
    auto some = pieces.feed(bytes.substr(at, 1 + at % 3));
    ensure(some.has_value(), "pieces are no larger than the whole");
    collected.insert(collected.end(), some->begin(), some->end());
  }
  ensure(collected.size() == events->size() && whole.last_event_id() == pieces.last_event_id(),
         "any pieces give the same events");
  for (std::size_t i = 0; i < collected.size(); ++i) {
    const SseEvent& event = (*events)[i];
    ensure(event.id == collected[i].id && event.type == collected[i].type && event.data == collected[i].data,
           "any pieces give the same events");
    if (event.type.find('\0') != std::string::npos) continue;
    auto again = SseParser().feed(write_sse(event));
    ensure(again && again->size() == 1 && again->front().data == event.data && again->front().type == event.type,
           "what is written is read");
  }
  return 0;
}
