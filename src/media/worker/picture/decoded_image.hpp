#pragma once

#include <vips/vips.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

// A user's picture, read by libvips. For the .cpp files of this folder.
namespace atelier::media::picture {

struct Unref {
  template <class Object>
  void operator()(Object* object) const noexcept {
    g_object_unref(object);
  }
};
using ImagePtr = std::unique_ptr<VipsImage, Unref>;

// What a picture may be told by: its first bytes. The loaders' names as libvips gives them.
struct ImageFormat {
  std::string_view name;
  std::size_t offset;
  std::string_view magic;
  std::string_view loader;
};

struct ImageFacts {
  const ImageFormat* format;
  // As seen: after the turn its EXIF asks for.
  double width;
  double height;
  ImagePtr header;  // with what its file tells of it; reads on in the file when asked for pixels
};

// What a file is, and that its size is one we decode: nothing is decoded yet. The errors name it as "the image".
Result<ImageFacts> examine(std::span<const std::uint8_t> file);

// libvips keeps its messages until they are taken, a line each; the first says most.
std::string take_vips_error();
std::unexpected<Error> fail_vips(const ImageFormat& format,
                                 std::source_location source = std::source_location::current());

// By the picture's own profile where it has a sound one. The profiles it is turned with are libvips's built-in ones.
// Null: libvips says why.
ImagePtr in_srgb(ImagePtr image);

// Gives one picture the other's profile, if it has one.
bool copy_profile(VipsImage* from, VipsImage* to);

// Its pixels, 8 bits each, in memory, and nothing else of it: some of libvips's savers write what stands beside them
// though told to strip it. It is in sRGB. Null: libvips says why.
ImagePtr bare_copy(ImagePtr image);

// A picture as it may be read over and over.
// libvips's resizers read a sequential source through a cache that turns a decoder's error into black rows, so a
// cut-off file would pass: everything is decoded once without them, strictly, into memory where it is small enough for
// that.
class Decoded {
 public:
  // `shrink` is how much smaller, at least, the picture will be shown: a JPEG is then decoded at a fraction of its
  // size.
  static std::optional<Decoded> decode(std::span<const std::uint8_t> file, const ImageFacts& facts, double shrink);
  ImagePtr open() const;

 private:
  explicit Decoded(std::span<const std::uint8_t> file) : file_(file) {}
  ImagePtr open_file() const;

  std::span<const std::uint8_t> file_;
  const char* options_ = "";
  ImagePtr memory_;
};

}  // namespace atelier::media::picture
