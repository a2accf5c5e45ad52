// One event of an answer that streams a picture. The first byte says how many were asked for, and whether it is an
// edit.
#include <cstdint>
#include <string_view>

#include "base/text.hpp"
#include "model/media/adapter.hpp"

using namespace atelier;
using namespace atelier::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  MediaRequest request{.count = 1 + data[0] % 10};
  if (data[0] >= 128) request.inputs.push_back({.media_type = "image/png", .name = "a.png"});
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t line = all.find('\n');
  const std::string_view type = line == std::string_view::npos ? std::string_view() : all.substr(0, line);
  const std::string_view told = line == std::string_view::npos ? all : all.substr(line + 1);
  const auto brought = openai_media_adapter().read_event(type, told, request);
  if (!brought) {
    ensure(brought.error().message.size() <= 2'000 && is_valid_utf8(brought.error().message),
           "a fault's words are short text");
    return 0;
  }
  if (const auto* partial = std::get_if<MediaPartial>(&*brought)) ensure(!partial->bytes.empty(), "there is a picture");
  if (const auto* done = std::get_if<MediaDone>(&*brought)) {
    ensure(done->files.size() == 1, "an event has one picture");
    ensure(!done->files[0].bytes.empty() || !done->files[0].url.empty(), "and it is somewhere");
    ensure(done->usage.images == 1 && done->usage.output_total() >= 0, "and it is counted");
  }
  return 0;
}
