#include "media/worker/container/riff.hpp"

#include <fmt/format.h>

#include <bit>
#include <optional>

namespace atelier::media::container {
namespace {

using Bytes8 = std::span<const std::uint8_t>;

std::uint64_t little_endian32(Bytes8 bytes, std::size_t at) {
  return std::uint64_t{bytes[at + 3]} << 24 | std::uint64_t{bytes[at + 2]} << 16 | std::uint64_t{bytes[at + 1]} << 8 |
         bytes[at];
}

std::unexpected<Error> cut_off(const std::string& name, std::uint64_t should, std::uint64_t is) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is cut off: it says that {} bytes follow, but only {} are there", name, should, is),
              {"media_truncated", ""});
}

struct Vint {
  std::uint64_t value;
  std::size_t size;
  bool is_unknown;
};

// A variable-length integer: the first set bit tells how many bytes it has. Of an id the marker bit stays in the value.
std::optional<Vint> read_vint(Bytes8 bytes, std::size_t at, bool keeps_marker) {
  if (at >= bytes.size() || bytes[at] == 0) return std::nullopt;
  const auto size = static_cast<std::size_t>(std::countl_zero(bytes[at])) + 1;
  if (at + size > bytes.size()) return std::nullopt;
  const std::uint64_t marker = 0x80U >> (size - 1);
  std::uint64_t value = keeps_marker ? bytes[at] : bytes[at] & (marker - 1);
  for (std::size_t i = 1; i < size; ++i) value = value << 8 | bytes[at + i];
  const std::uint64_t all_ones = (std::uint64_t{1} << (7 * size)) - 1;
  return Vint{value, size, !keeps_marker && value == all_ones};
}

}  // namespace

Result<> check_riff(std::span<const std::uint8_t> file, const std::string& name) {
  constexpr int kChunksMax = 100'000;
  // RF64 keeps its sizes elsewhere (EBU Tech 3306).
  const bool has_sizes = file.size() >= 12 && file[1] == 'I';
  if (!has_sizes) return {};
  std::size_t at = 12;
  for (int count = 0; at + 8 <= file.size() && count < kChunksMax; ++count) {
    const std::uint64_t size = little_endian32(file, at + 4);
    const std::uint64_t there = file.size() - at - 8;
    if (size > there) return cut_off(name, size, there);
    at += 8 + static_cast<std::size_t>(size + (size & 1));
  }
  return {};
}

Result<> check_matroska(std::span<const std::uint8_t> file, const std::string& name) {
  constexpr std::uint64_t kSegment = 0x18538067;
  std::size_t at = 0;
  for (int element = 0; element < 4; ++element) {  // the header, perhaps some filling, the segment
    const auto id = read_vint(file, at, true);
    if (!id) break;
    const auto size = read_vint(file, at + id->size, false);
    if (!size || size->is_unknown) return {};
    at += id->size + size->size;
    if (size->value > file.size() - at) return cut_off(name, size->value, file.size() - at);
    if (id->value == kSegment) return {};
    at += static_cast<std::size_t>(size->value);
  }
  return fail(ErrorCode::invalid_argument, name + " is cut off: it ends before its first stream",
              {"media_truncated", ""});
}

}  // namespace atelier::media::container
