#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "media/worker/picture/field.hpp"

namespace atelier::media::picture {

// One hill or swell: everything below an edge, from `crest` at its top to `foot` a `depth` below `top` (in frame
// heights), lit along the edge.
struct RidgeColours {
  Rgb crest, foot, glow;
  float top;
  float depth;
  std::int32_t glow_shift;  // the light fades over 2^glow_shift rows of luma
};

// Ridges drawn over a Field at full sharpness, the last in front.
class RidgeLayer final : public Field::Layer {
 public:
  RidgeLayer(Extent frame, std::size_t count, const Kernels& kernels);

  // `height[x]` is where the edge lies, in frame heights from the top, for each column of the frame.
  void set(std::size_t index, const std::vector<float>& height, const RidgeColours& colours);

  void draw(int plane, std::int32_t row, std::int32_t count, std::int16_t* samples) override;
  bool covers(int plane, std::int32_t row) override;

 private:
  struct Edge {
    std::vector<std::uint16_t> at;  // 1/16 rows, per column
    std::int32_t highest = 0;
    std::int32_t lowest = 0;
  };
  struct Ridge {
    std::array<Edge, 2> edges;  // luma, chroma
    RidgeColours colours{};
  };
  static void bound(Edge& edge);

  const Kernels& kernels_;
  Extent frame_;
  std::vector<Ridge> ridges_;
};

}  // namespace atelier::media::picture
