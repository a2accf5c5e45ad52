#include "media/worker/container/libraries.hpp"

#include <sys/mman.h>
#include <vips/vips.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

extern "C" {
#include <libavutil/log.h>
#include <vips/vector.h>  // not complete without vips.h before it
}

namespace atelier::media::container {
namespace {

void drop_log_line(const gchar*, GLogLevelFlags, const gchar*, gpointer) {}

struct Unref {
  void operator()(VipsImage* image) const noexcept { g_object_unref(image); }
};
using ImagePtr = std::unique_ptr<VipsImage, Unref>;

// Some of libvips' operations make vector code with ORC when they are first used, whether or not it will be run. Those
// are used here once, on a single pixel.
void use_operations_with_vectors() {
  VipsImage* pixel = nullptr;
  if (vips_black(&pixel, 1, 1, nullptr) != 0) return vips_error_clear();
  const ImagePtr owner(pixel);
  VipsImage* out = nullptr;
  const auto drop = [&](int failed) {
    if (failed == 0) ImagePtr(std::exchange(out, nullptr)).reset();
  };
  drop(vips_abs(pixel, &out, nullptr));
  drop(vips_add(pixel, pixel, &out, nullptr));
  drop(vips_subtract(pixel, pixel, &out, nullptr));
  drop(vips_multiply(pixel, pixel, &out, nullptr));
  vips_error_clear();
}

// Such code needs memory that is both written and executed, which the sandbox does not give, so it was got before. The
// code is never run, and so that nobody else writes any there, the memory is made read-only.
void take_back_code_memory() {
  const std::unique_ptr<FILE, decltype(&fclose)> maps(fopen("/proc/self/maps", "re"), fclose);
  char line[4'096];
  while (maps && fgets(line, sizeof line, maps.get()) != nullptr) {
    std::uintptr_t from = 0, to = 0;
    char rights[8] = {};
    if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3) continue;
    const bool is_both = rights[1] == 'w' && rights[2] == 'x';
    if (is_both || std::strstr(line, "/orcexec.") != nullptr)
      mprotect(reinterpret_cast<void*>(from), to - from, PROT_READ);
  }
}

bool start_vips() {
  if (VIPS_INIT("atelier-media") != 0) return false;
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  vips_block_untrusted_set(TRUE);
  vips_vector_set_enabled(FALSE);
  use_operations_with_vectors();
  take_back_code_memory();
  return true;
}

}  // namespace

Result<> start_media_libraries() {
  // What libraries print about a hostile file is worth nothing; what matters comes back as an Error.
  av_log_set_level(AV_LOG_QUIET);
  g_log_set_handler("VIPS", G_LOG_LEVEL_MASK, drop_log_line, nullptr);
  static const bool is_started = start_vips();
  if (!is_started) return fail(ErrorCode::internal, "libvips cannot start");
  return {};
}

}  // namespace atelier::media::container
