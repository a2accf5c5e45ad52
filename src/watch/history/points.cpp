#include "watch/history/points.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace atelier::watch {
namespace {

// A byte n below 128 is followed by n + 1 points, one of 128 or more by one point that stands n - 126 times.
constexpr std::size_t kLiteralsMax = 128, kRepeatsMin = 2, kRepeatsMax = 129;
constexpr std::uint16_t kNoCode = 0x7fc0;

// The upper half of the float, rounded.
std::uint16_t code_of(float point) noexcept {
  if (std::isnan(point)) return kNoCode;
  if (std::isinf(point)) point = std::copysign(std::numeric_limits<float>::max(), point);
  const auto bits = std::bit_cast<std::uint32_t>(point);
  const std::uint32_t rounded = bits + 0x8000;
  // Rounded up, the largest would be infinite.
  return static_cast<std::uint16_t>(((rounded & 0x7f800000) == 0x7f800000 ? bits : rounded) >> 16);
}

float point_of(std::uint16_t code) noexcept {
  return code == kNoCode ? std::numeric_limits<float>::quiet_NaN()
                         : std::bit_cast<float>(static_cast<std::uint32_t>(code) << 16);
}

void put(Bytes& out, std::uint16_t code) {
  out += static_cast<char>(code & 0xff);
  out += static_cast<char>(code >> 8);
}

std::uint16_t get(BytesView packed, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(packed[at]) |
                                    (static_cast<unsigned char>(packed[at + 1]) << 8));
}

}  // namespace

Bytes pack_points(std::span<const float> points) {
  std::vector<std::uint16_t> codes;
  codes.reserve(points.size());
  for (const float point : points) codes.push_back(code_of(point));
  while (!codes.empty() && codes.back() == kNoCode) codes.pop_back();
  const auto repeats_at = [&](std::size_t at) {
    std::size_t count = 1;
    while (at + count < codes.size() && count < kRepeatsMax && codes[at + count] == codes[at]) ++count;
    return count;
  };
  Bytes out;
  for (std::size_t at = 0; at < codes.size();) {
    if (const std::size_t repeats = repeats_at(at); repeats >= kRepeatsMin) {
      out += static_cast<char>(repeats - kRepeatsMin + kLiteralsMax);
      put(out, codes[at]);
      at += repeats;
      continue;
    }
    std::size_t end = at + 1;
    while (end < codes.size() && end - at < kLiteralsMax && repeats_at(end) < kRepeatsMin) ++end;
    out += static_cast<char>(end - at - 1);
    for (; at < end; ++at) put(out, codes[at]);
  }
  return out;
}

Result<std::vector<float>> unpack_points(BytesView packed, std::size_t count) {
  std::vector<float> points;
  points.reserve(count);
  for (std::size_t at = 0; at < packed.size();) {
    const auto head = static_cast<unsigned char>(packed[at++]);
    const bool is_run = head >= kLiteralsMax;
    const std::size_t stored = is_run ? 1 : head + std::size_t{1};
    const std::size_t told = is_run ? head - kLiteralsMax + kRepeatsMin : stored;
    if (packed.size() - at < 2 * stored || count - points.size() < told)
      return fail(ErrorCode::storage_failed, "stored points cannot be read");
    for (std::size_t i = 0; i < told; ++i) points.push_back(point_of(get(packed, at + (is_run ? 0 : 2 * i))));
    at += 2 * stored;
  }
  points.resize(count, std::numeric_limits<float>::quiet_NaN());
  return points;
}

}  // namespace atelier::watch
