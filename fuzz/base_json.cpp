// JSON from anywhere: what is read must be written and read again the same, and canonical texts must not depend on the
// order.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"

using namespace atelier;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = json::parse(text, {.depth_max = 32, .values_max = 10'000, .key_bytes_max = 256});
  if (!value) return 0;
  const auto again = json::parse(json::write(*value));
  ensure(again && json::write(*again) == json::write(*value), "what is written is read");
  const auto canonical = json::parse(json::write_canonical(*value));
  ensure(canonical && json::write_canonical(*canonical) == json::write_canonical(*again),
         "equal values give equal bytes");
  return 0;
}
