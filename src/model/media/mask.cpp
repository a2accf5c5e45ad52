#include "model/media/mask.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

namespace atelier::model {
namespace {

constexpr std::string_view kPngMagic = "\x89PNG\r\n\x1a\n";
constexpr std::size_t kChunkFrame = 12;  // length, type and checksum
constexpr std::size_t kChunksMax = 100'000;

std::unexpected<Error> refuse_mask(std::string words) {
  return fail(ErrorCode::invalid_argument, fmt::format("the mask cannot be used: {}", words),
              {.reason = "mask_unreadable", .where = "/inputs"});
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}
void append_number(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}
void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_number(out, static_cast<std::uint32_t>(data.size()));
  const std::size_t begin = out.size();
  out.append(type).append(data);
  const auto* bytes = reinterpret_cast<const Bytef*>(out.data() + begin);
  append_number(out, static_cast<std::uint32_t>(crc32(0, bytes, static_cast<uInt>(out.size() - begin))));
}

struct InflateDeleter {
  void operator()(z_stream* stream) const noexcept {
    inflateEnd(stream);
    delete stream;
  }
};
struct DeflateDeleter {
  void operator()(z_stream* stream) const noexcept {
    deflateEnd(stream);
    delete stream;
  }
};

// W3C PNG, third edition.
struct PngHead {
  std::uint32_t width = 0, height = 0;
  std::size_t pixel_bits = 0, alpha_at = 0;  // bits of a pixel; the byte of its alpha, where it has one of its own
  bool has_palette = false;
  std::array<unsigned char, 256> alphas = {};  // of a palette's colours

  std::size_t line_bytes() const { return 1 + (width * pixel_bits + 7) / 8; }
  std::size_t step() const { return std::max<std::size_t>(1, pixel_bits / 8); }
  // How opaque pixel `x` of a line is; its first byte is the filter.
  unsigned char alpha(const std::string& line, std::size_t x) const {
    const auto byte_at = [&](std::size_t at) { return static_cast<unsigned char>(line[1 + at]); };
    if (!has_palette) return byte_at(x * pixel_bits / 8 + alpha_at);
    const std::size_t shift = 8 - pixel_bits - x * pixel_bits % 8, values = (std::size_t{1} << pixel_bits) - 1;
    return alphas[byte_at(x * pixel_bits / 8) >> shift & values];
  }
};

// The chunks from the head to the end; nullopt: it is cut off, or in too many pieces.
struct PngChunk {
  std::string_view type, data;
};
std::optional<std::vector<PngChunk>> chunks_of(std::string_view png) {
  std::vector<PngChunk> chunks;
  std::size_t at = kPngMagic.size();
  while (at + kChunkFrame <= png.size() && chunks.size() < kChunksMax) {
    const std::size_t length = number_at(png, at);
    if (length > png.size() - at - kChunkFrame) break;
    chunks.push_back({.type = png.substr(at + 4, 4), .data = png.substr(at + 8, length)});
    if (chunks.back().type == "IEND") return chunks;
    at += kChunkFrame + length;
  }
  return std::nullopt;
}

Result<PngHead> read_png_head(const std::vector<PngChunk>& chunks) {
  constexpr std::size_t kHeadBytes = 13;
  constexpr char kPalette = 3, kGreyAlpha = 4, kColourAlpha = 6;
  if (chunks.front().type != "IHDR" || chunks.front().data.size() != kHeadBytes) return refuse_mask("it is no PNG");
  const std::string_view told = chunks.front().data;
  PngHead head{.width = number_at(told, 0), .height = number_at(told, 4)};
  const char depth = told[8], colour = told[9], interlaced = told[12];
  if (interlaced != 0) return refuse_mask("it is interlaced");
  const auto* clear = std::ranges::find(chunks.data(), chunks.data() + chunks.size(), "tRNS", &PngChunk::type);
  const bool has_clear = clear != chunks.data() + chunks.size();
  if (colour == kPalette && has_clear && (depth == 1 || depth == 2 || depth == 4 || depth == 8)) {
    head.has_palette = true;
    head.pixel_bits = static_cast<std::size_t>(depth);
    head.alphas.fill(255);  // colours the table leaves out are opaque
    for (std::size_t i = 0; i < std::min(clear->data.size(), head.alphas.size()); ++i)
      head.alphas[i] = static_cast<unsigned char>(clear->data[i]);
  } else if ((colour == kGreyAlpha || colour == kColourAlpha) && (depth == 8 || depth == 16)) {
    const std::size_t channels = colour == kGreyAlpha ? 2 : 4, sample_bytes = static_cast<std::size_t>(depth) / 8;
    head.pixel_bits = channels * sample_bytes * 8;
    head.alpha_at = (channels - 1) * sample_bytes;  // of two bytes the first, which weighs more
  } else {
    return refuse_mask("it has no transparency");
  }
  if (head.width == 0 || head.height == 0 || head.width > kMaskPixelsMax || head.height > kMaskPixelsMax ||
      std::uint64_t{head.width} * head.height > kMaskPixelsMax)
    return refuse_mask(fmt::format("it has more than {} pixels", kMaskPixelsMax));
  return head;
}

int paeth(int left, int up, int corner) {
  const int guess = left + up - corner;
  const int to_left = std::abs(guess - left), to_up = std::abs(guess - up), to_corner = std::abs(guess - corner);
  if (to_left <= to_up && to_left <= to_corner) return left;
  return to_up <= to_corner ? up : corner;
}

// Undoes the filter of `line` (its first byte), whose predecessor is `above`.
bool unfilter(std::string& line, const std::string& above, std::size_t step) {
  const int filter = line.front();
  if (filter < 0 || filter > 4) return false;
  const auto byte_of = [](const std::string& of, std::size_t at) { return int{static_cast<unsigned char>(of[at])}; };
  for (std::size_t i = 1; i < line.size(); ++i) {
    const int left = i > step ? byte_of(line, i - step) : 0;
    const int up = byte_of(above, i);
    const int corner = i > step ? byte_of(above, i - step) : 0;
    const std::array<int, 5> guesses = {0, left, up, (left + up) / 2, paeth(left, up, corner)};
    line[i] = static_cast<char>(byte_of(line, i) + guesses[static_cast<std::size_t>(filter)]);
  }
  return true;
}

// One line after the other, unpacked.
class Lines {
 public:
  Lines(std::vector<std::string_view> chunks, std::size_t line_bytes)
      : chunks_(std::move(chunks)), line_(line_bytes, '\0'), above_(line_bytes, '\0'), stream_(new z_stream()) {
    is_good_ = inflateInit(stream_.get()) == Z_OK;
  }
  // Null: it is broken, or over too early.
  const std::string* next(std::size_t step) {
    std::swap(line_, above_);
    stream_->next_out = reinterpret_cast<Bytef*>(line_.data());
    stream_->avail_out = static_cast<uInt>(line_.size());
    while (is_good_ && stream_->avail_out > 0) {
      if (stream_->avail_in == 0) {
        if (next_chunk_ == chunks_.size()) return nullptr;
        const std::string_view chunk = chunks_[next_chunk_++];
        stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(chunk.data()));  // zlib only reads it
        stream_->avail_in = static_cast<uInt>(chunk.size());
        continue;
      }
      const int status = inflate(stream_.get(), Z_NO_FLUSH);
      is_good_ = status == Z_OK || (status == Z_STREAM_END && stream_->avail_out == 0);
    }
    return is_good_ && unfilter(line_, above_, step) ? &line_ : nullptr;
  }

 private:
  std::vector<std::string_view> chunks_;
  std::size_t next_chunk_ = 0;
  std::string line_, above_;
  std::unique_ptr<z_stream, InflateDeleter> stream_;
  bool is_good_ = false;
};

class Packer {
 public:
  Packer() : stream_(new z_stream()) { is_good_ = deflateInit(stream_.get(), Z_BEST_SPEED) == Z_OK; }
  void add(std::string& bytes, int flush) {
    std::array<char, 16'384> out;
    stream_->next_in = reinterpret_cast<Bytef*>(bytes.data());
    stream_->avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_->next_out = reinterpret_cast<Bytef*>(out.data());
      stream_->avail_out = static_cast<uInt>(out.size());
      if (!is_good_ || deflate(stream_.get(), flush) == Z_STREAM_ERROR) return;
      packed_.append(out.data(), out.size() - stream_->avail_out);
    } while (stream_->avail_out == 0);
  }
  const std::string& packed() const noexcept { return packed_; }

 private:
  std::unique_ptr<z_stream, DeflateDeleter> stream_;
  std::string packed_;
  bool is_good_ = false;
};

}  // namespace

Result<MediaInput> white_mask(const MediaInput& mask) {
  if (!mask.bytes.starts_with(kPngMagic)) return refuse_mask("it is no PNG");
  const auto chunks = chunks_of(mask.bytes);
  if (!chunks) return refuse_mask("it is cut off");
  auto head = read_png_head(*chunks);
  if (!head) return error_of(head);
  std::vector<std::string_view> packed;
  for (const PngChunk& chunk : *chunks)
    if (chunk.type == "IDAT") packed.push_back(chunk.data);
  Lines lines(std::move(packed), head->line_bytes());
  Packer packer;
  std::string grey(1 + head->width, '\0');  // unfiltered: its first byte stays 0
  for (std::uint32_t y = 0; y < head->height; ++y) {
    const std::string* line = lines.next(head->step());
    if (line == nullptr) return refuse_mask("it is broken");
    for (std::size_t x = 0; x < head->width; ++x) grey[1 + x] = static_cast<char>(255 - head->alpha(*line, x));
    packer.add(grey, y + 1 == head->height ? Z_FINISH : Z_NO_FLUSH);
  }
  std::string bytes(kPngMagic), start;
  append_number(start, head->width);
  append_number(start, head->height);
  start += std::string_view("\x08\x00\x00\x00\x00", 5);  // 8 bits of grey, not interlaced
  append_chunk(bytes, "IHDR", start);
  append_chunk(bytes, "IDAT", packer.packed());
  append_chunk(bytes, "IEND", "");
  MediaInput white = {.role = mask.role, .media_type = "image/png", .name = mask.name};
  white.size_bytes = bytes.size();
  white.bytes = std::move(bytes);
  return white;
}

}  // namespace atelier::model
