// Paths and queries of request targets.
#include <cstdint>
#include <string_view>

#include "net/url.hpp"

using namespace atelier;
using namespace atelier::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)find_query(bytes, "a");
  ensure(percent_decode(percent_encode(bytes), Plus::is_plus) == bytes, "decoding undoes encoding");
  const auto path = normalise_path(bytes);
  if (!path) return 0;
  ensure(path->starts_with('/') && path->find("//") == std::string::npos, "a normal path begins with one slash");
  ensure((*path + "/").find("/../") == std::string::npos && (*path + "/").find("/./") == std::string::npos,
         "a normal path has no dot segments");
  return 0;
}
