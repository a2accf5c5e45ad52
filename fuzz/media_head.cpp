// What is looked at of a user's file before FFmpeg or libvips see it: signatures, chunks, boxes, elements.
#include <cstdint>
#include <span>
#include <string_view>

#include "media/worker/container/boxes.hpp"
#include "media/worker/container/riff.hpp"
#include "media/worker/container/sniff.hpp"

using namespace atelier;
using namespace atelier::media::container;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> file(data, size);
  const FileFormat format = sniff(std::string_view(reinterpret_cast<const char*>(data), size));
  ensure((format.family == Family::refused) == (format.reader == nullptr), "what is not refused has a reader");
  ensure((format.family == Family::refused) == !format.is_what.empty(), "what is refused is named");
  (void)check_riff(file, "file");
  (void)check_matroska(file, "file");
  (void)check_boxes(file, "file");
  std::uint64_t end = 0;
  const auto walked = for_each_box(file, 0, [&](const Box& box) {
    ensure(box.offset == end && box.type.size() == 4, "boxes lie side by side");
    end = static_cast<std::uint64_t>(box.payload.data() - data) + box.payload.size();
    ensure(end <= size, "a box lies in its file");
    return true;
  });
  (void)walked;
  return 0;
}
