#include "media/worker/caption/emoji.hpp"

#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <cmath>

#include "media/worker/caption/font_set.hpp"

namespace atelier::media::caption {
namespace {

struct FtLibraryDeleter {
  void operator()(FT_Library library) const noexcept { FT_Done_FreeType(library); }
};
struct FtFaceDeleter {
  void operator()(FT_Face face) const noexcept { FT_Done_Face(face); }
};

// For each output sample: where it reads, and how much of each.
struct Taps {
  int first = 0;
  std::vector<double> weights;
};
std::vector<Taps> make_taps(int from, int to) {
  const double step = static_cast<double>(from) / to;
  const double radius = std::max(1.0, step);  // of a triangle
  std::vector<Taps> taps(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    Taps& tap = taps[static_cast<std::size_t>(i)];
    const double center = (i + 0.5) * step - 0.5;
    tap.first = std::max(0, static_cast<int>(std::ceil(center - radius)));
    const int last = std::min(from - 1, static_cast<int>(std::floor(center + radius)));
    double sum = 0;
    for (int at = tap.first; at <= last; ++at) {
      tap.weights.push_back(std::max(0.0, 1 - std::abs(at - center) / radius));
      sum += tap.weights.back();
    }
    for (double& weight : tap.weights) weight /= sum;
  }
  return taps;
}

}  // namespace

struct Emoji::Library {
  std::unique_ptr<FT_LibraryRec_, FtLibraryDeleter> library;
  std::unique_ptr<FT_FaceRec_, FtFaceDeleter> face;
};

Emoji::Emoji(const Fonts& fonts) : library_(std::make_unique<Library>()) {
  const auto bytes = fonts.bytes(emoji_font());
  FT_Library library = nullptr;
  if (bytes.empty() || FT_Init_FreeType(&library) != 0) return;
  library_->library.reset(library);
  FT_Face face = nullptr;
  if (FT_New_Memory_Face(library, bytes.data(), static_cast<FT_Long>(bytes.size()), 0, &face) != 0) return;
  library_->face.reset(face);
  if (face->num_fixed_sizes == 0 || FT_Select_Size(face, 0) != 0) library_->face.reset();
}
Emoji::~Emoji() = default;

const Picture* Emoji::picture(std::uint32_t glyph, int width, int height) {
  constexpr int kSizeMax = 2000;
  if (width <= 0 || height <= 0 || width > kSizeMax || height > kSizeMax) return nullptr;
  const std::uint64_t key =
      (std::uint64_t{glyph} << 32) | (static_cast<std::uint64_t>(width) << 16) | static_cast<std::uint64_t>(height);
  auto& known = known_[key];
  if (!known) {
    if (const auto loaded = load(glyph)) known = std::make_unique<Picture>(scale(*loaded, width, height));
  }
  return known.get();
}

std::unique_ptr<Picture> Emoji::load(std::uint32_t glyph) const {
  FT_Face face = library_->face.get();
  if (!face || FT_Load_Glyph(face, glyph, FT_LOAD_COLOR) != 0) return nullptr;
  const FT_Bitmap& bitmap = face->glyph->bitmap;
  if (bitmap.pixel_mode != FT_PIXEL_MODE_BGRA || bitmap.width == 0 || bitmap.rows == 0) return nullptr;
  auto picture = std::make_unique<Picture>();
  picture->width = static_cast<int>(bitmap.width);
  picture->height = static_cast<int>(bitmap.rows);
  for (unsigned y = 0; y < bitmap.rows; ++y) {
    const std::uint8_t* row = bitmap.buffer + static_cast<std::ptrdiff_t>(y) * bitmap.pitch;
    picture->bgra.insert(picture->bgra.end(), row, row + std::size_t{4} * bitmap.width);
  }
  return picture;
}

Picture scale(const Picture& source, int width, int height) {
  const auto across = make_taps(source.width, width);
  const auto down = make_taps(source.height, height);
  const auto columns = static_cast<std::size_t>(width);
  std::vector<double> rows(4 * columns * static_cast<std::size_t>(source.height));
  for (int y = 0; y < source.height; ++y)
    for (std::size_t x = 0; x < columns; ++x)
      for (std::size_t c = 0; c < 4; ++c) {
        double sum = 0;
        std::size_t at = 4 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(source.width) +
                              static_cast<std::size_t>(across[x].first)) +
                         c;
        for (const double weight : across[x].weights) sum += weight * source.bgra[at], at += 4;
        rows[4 * (static_cast<std::size_t>(y) * columns + x) + c] = sum;
      }
  Picture scaled{width, height, std::vector<std::uint8_t>(4 * columns * static_cast<std::size_t>(height))};
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y)
    for (std::size_t i = 0; i < 4 * columns; ++i) {
      double sum = 0;
      std::size_t at = static_cast<std::size_t>(down[y].first) * 4 * columns + i;
      for (const double weight : down[y].weights) sum += weight * rows[at], at += 4 * columns;
      scaled.bgra[y * 4 * columns + i] = static_cast<std::uint8_t>(std::clamp(std::lround(sum), 0L, 255L));
    }
  return scaled;
}

}  // namespace atelier::media::caption
