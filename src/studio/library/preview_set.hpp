#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "graph/node/services.hpp"
#include "store/assets.hpp"
#include "store/previews.hpp"

// Which previews there are of which asset, by name, and how the media worker makes them:
//   320.webp, 640.webp, 1280.webp  a picture, or what a video shows, within a square of so many pixels; as .avif or
//   .jpg too cover.jpg                      cropped to 320x568 loop.mp4                       the first moments of a
//   video, small and silent peaks.dat                      how loud a sound is, along its length
namespace atelier::studio {

inline constexpr std::string_view kCoverName = "cover.jpg", kLoopName = "loop.mp4", kPeaksName = "peaks.dat";
inline constexpr std::string_view kPosterName = "640.jpg";

// Whether such an asset may have it.
bool has_preview(const store::Asset& asset, std::string_view name);

// What is made of an asset as it comes in: a list for each pass over its file. What shows whether anything can be made
// of it is the first.
std::vector<std::vector<std::string>> passes_of(const store::Asset& asset);
// The pass that has this name, or the name alone.
std::vector<std::string> pass_with(const store::Asset& asset, std::string_view name);

struct MadePreviews {
  std::vector<store::PreviewRow> rows;  // one for each name; without a blob where it cannot be made
  std::vector<store::BlobPin> pins;     // until the rows are written
};
// Has a worker make them in one pass. Only what may be otherwise another time is an error; what the file itself forbids
// is in the rows.
Task<Result<MadePreviews>> make_previews(graph::NodeServices* services, const store::Asset* asset,
                                         std::vector<std::string> names);

}  // namespace atelier::studio
