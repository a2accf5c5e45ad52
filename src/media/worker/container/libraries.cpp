#include "media/worker/container/libraries.hpp"

#include <vips/vips.h>

extern "C" {
#include <libavutil/log.h>
}

namespace atelier::media::container {
namespace {

void drop_log_line(const gchar*, GLogLevelFlags, const gchar*, gpointer) {}

bool start_vips() {
  if (VIPS_INIT("atelier-media") != 0) return false;
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  vips_block_untrusted_set(TRUE);
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
