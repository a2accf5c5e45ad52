// A picture as a person may send it, and a mask of it: what is read of both without decoding either.
#include <cstdint>
#include <string_view>

#include "base/text.hpp"
#include "model/media/checkpoint_size.hpp"
#include "model/media/mask.hpp"

using namespace atelier;
using namespace atelier::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  MediaInput given{.role = MediaInput::Role::mask, .media_type = "image/png", .name = "m.png"};
  given.bytes = std::string_view(reinterpret_cast<const char*>(data), size);
  const auto told = picture_size(given.bytes);
  if (told) ensure(told->width > 0 && told->height > 0, "a size has both sides");
  const auto white = white_mask(given);
  if (!white) {
    ensure(white.error().where == "/inputs" && is_valid_utf8(white.error().message), "a refusal names the field");
    return 0;
  }
  ensure(told == picture_size(white->bytes), "a mask keeps its size");
  ensure(told && std::uint64_t(told->width) * std::uint64_t(told->height) <= kMaskPixelsMax, "masks are bounded");
  // What was made has no transparency left to turn.
  ensure(!white_mask(*white), "a white mask is no mask");
  return 0;
}
