#include "media/worker/picture/ridge_layer.hpp"

#include <algorithm>

#include "media/worker/picture/wave.hpp"

namespace atelier::media::picture {
namespace {

constexpr float kEdgeSteps = 16.0F;

Rgb between(const Rgb& from, const Rgb& to, float share) {
  return {mix(from.red, to.red, share), mix(from.green, to.green, share), mix(from.blue, to.blue, share)};
}

}  // namespace

RidgeLayer::RidgeLayer(Extent frame, std::size_t count, const Kernels& kernels)
    : kernels_(kernels), frame_(frame), ridges_(count) {
  for (Ridge& ridge : ridges_) {
    ridge.edges[0].at.resize(static_cast<std::size_t>(aligned_stride(frame.width)));
    ridge.edges[1].at.resize(static_cast<std::size_t>(aligned_stride(frame.width / 2)));
  }
}

void RidgeLayer::bound(Edge& edge) {
  const auto [highest, lowest] = std::minmax_element(edge.at.begin(), edge.at.end());
  edge.highest = *highest;
  edge.lowest = *lowest;
}

void RidgeLayer::set(std::size_t index, const std::vector<float>& height, const RidgeColours& colours) {
  Ridge& ridge = ridges_[index];
  ridge.colours = colours;
  const float rows = static_cast<float>(frame_.height) * kEdgeSteps;
  auto& luma = ridge.edges[0];
  const auto width = static_cast<std::size_t>(frame_.width);
  for (std::size_t x = 0; x < luma.at.size(); ++x)
    luma.at[x] = static_cast<std::uint16_t>(std::clamp(height[std::min(x, width - 1)] * rows, 0.0F, 65'535.0F));
  auto& chroma = ridge.edges[1];
  for (std::size_t x = 0; x < chroma.at.size(); ++x)
    chroma.at[x] = static_cast<std::uint16_t>(luma.at[std::min(2 * x, width - 1)] / 2);
  bound(luma);
  bound(chroma);
}

bool RidgeLayer::covers(int plane, std::int32_t row) {
  const std::size_t kind = plane == 0 ? 0 : 1;
  return std::any_of(ridges_.begin(), ridges_.end(),
                     [&](const Ridge& ridge) { return ridge.edges[kind].lowest <= row * 16; });
}

void RidgeLayer::draw(int plane, std::int32_t row, std::int32_t count, std::int16_t* samples) {
  const std::size_t kind = plane == 0 ? 0 : 1;
  // What is behind the last ridge that fills the row is not seen.
  std::size_t first = 0;
  for (std::size_t i = 0; i < ridges_.size(); ++i)
    if (ridges_[i].edges[kind].lowest <= row * 16) first = i;
  for (std::size_t i = first; i < ridges_.size(); ++i) {
    const Edge& edge = ridges_[i].edges[kind];
    if (edge.highest >= (row + 1) * 16) continue;
    const RidgeColours& colours = ridges_[i].colours;
    const std::int32_t luma_row = plane == 0 ? row : row * 2;
    const float down = static_cast<float>(luma_row) / static_cast<float>(frame_.height) - colours.top;
    const Rgb fill = between(colours.crest, colours.foot, smooth(down / colours.depth));
    const Rgb lit = {fill.red + colours.glow.red, fill.green + colours.glow.green, fill.blue + colours.glow.blue};
    const auto at = static_cast<std::size_t>(plane);
    const std::int16_t flat = to_samples(fill)[at];
    const auto glow = static_cast<std::int16_t>(to_samples(lit)[at] - flat);
    if (edge.lowest <= row * 16) std::fill(samples, samples + count, flat);
    kernels_.cover_row({edge.at.data(), row, flat, glow, colours.glow_shift - (plane == 0 ? 0 : 1)}, count, samples);
  }
}

}  // namespace atelier::media::picture
