#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/hash.hpp"
#include "base/task.hpp"
#include "graph/node/services.hpp"
#include "store/assets.hpp"

// What a model is sent of an asset: a picture no larger than it looks at, without what its file tells of place and
// camera, or a document's words. Made by the media worker when the file comes in; a derived blob, made again where it
// was evicted. The original stays as it is.
namespace atelier::studio {

// Larger pictures are scaled down by the providers themselves, and paid for.
inline constexpr std::int32_t kSentSideMax = 1'568;  // pixels

struct Prepared {
  Digest digest;
  std::string media_type;  // of the blob: image/jpeg, image/png, image/webp, text/plain
  std::uint64_t size_bytes = 0;
  std::int64_t width = 0, height = 0;  // of a picture
  std::int64_t page_count = 0;         // of a document

  bool is_text() const noexcept { return media_type == "text/plain"; }
  // About what a model counts it as: a token per 750 pixels, or per four bytes.
  std::int64_t tokens() const noexcept;
};

// Whether models are sent anything of such an asset.
bool can_be_sent(const store::Asset& asset) noexcept;

// As remembered in an asset's facts; nullopt: it was never made.
std::optional<Prepared> prepared_of(const store::Asset& asset);
void remember(store::Asset& asset, const Prepared& prepared);
json::Value to_json(const Prepared& prepared);

// Has a worker make it. Errors name the file by the asset's name: what it is that cannot be read (invalid_argument),
// a limit it is over (too_large), a password, no text.
Task<Result<Prepared>> prepare(graph::NodeServices* services, const store::Asset* asset);

}  // namespace atelier::studio
