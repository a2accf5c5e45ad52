#include "media/worker/picture/kernels.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <cstring>

// Function by function and not by compiler flag, so that no inline function of a header is built for AVX2 and then
// called on a processor without it.
#define ATELIER_AVX2 __attribute__((target("avx2")))

namespace atelier::media::picture {
namespace {

ATELIER_AVX2 inline __m256i load(const std::int16_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
ATELIER_AVX2 inline void store(std::int16_t* to, __m256i value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
}
ATELIER_AVX2 inline __m128i load_bytes(const std::uint8_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
ATELIER_AVX2 inline __m256i load_two(const std::uint8_t* low, const std::uint8_t* high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_bytes(low)), load_bytes(high), 1);
}
ATELIER_AVX2 inline void store_bytes(std::uint8_t* to, __m256i words) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                   _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}
ATELIER_AVX2 inline __m256i mixed(__m256i from, __m256i to, __m256i weight) {
  return _mm256_add_epi16(from, _mm256_mulhrs_epi16(_mm256_sub_epi16(to, from), weight));
}
ATELIER_AVX2 inline __m256i rounded(__m256i value) {
  return _mm256_srai_epi16(_mm256_add_epi16(value, _mm256_set1_epi16(64)), 7);
}

ATELIER_AVX2 void sample_row(const std::uint8_t* source, const ColumnTaps& taps, std::int32_t count,
                             std::int16_t* out) {
  const std::int32_t* base = taps.base.data();
  const std::uint8_t* left = taps.left.data();
  const std::uint8_t* right = taps.right.data();
  const std::int16_t* weight = taps.weight.data();
  for (std::int32_t x = 0; x < count; x += 16, base += 2, left += 32, right += 32) {
    const __m256i bytes = load_two(source + base[0], source + base[1]);
    const __m256i left_select = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(left));
    const __m256i right_select = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(right));
    // A byte shuffled to the upper half of its word is code * 256; half of that is 8.7.
    const __m256i from = _mm256_srli_epi16(_mm256_shuffle_epi8(bytes, left_select), 1);
    const __m256i to = _mm256_srli_epi16(_mm256_shuffle_epi8(bytes, right_select), 1);
    store(out + x, mixed(from, to, load(weight + x)));
  }
}

ATELIER_AVX2 void mix_rows(const std::int16_t* upper, const std::int16_t* lower, std::int16_t weight,
                           std::int32_t count, std::uint8_t* out) {
  const __m256i weights = _mm256_set1_epi16(weight);
  for (std::int32_t x = 0; x < count; x += 16)
    store_bytes(out + x, rounded(mixed(load(upper + x), load(lower + x), weights)));
}

ATELIER_AVX2 void mix_rows_shaded(const std::int16_t* upper, const std::int16_t* lower, std::int16_t weight,
                                  RowShade shade, std::int32_t count, std::uint8_t* out) {
  const __m256i weights = _mm256_set1_epi16(weight);
  const __m256i pivot = _mm256_set1_epi16(shade.pivot);
  const __m256i gain = _mm256_set1_epi16(shade.gain);
  for (std::int32_t x = 0; x < count; x += 16) {
    const __m256i value = mixed(load(upper + x), load(lower + x), weights);
    const __m256i shaded = _mm256_add_epi16(pivot, _mm256_mulhrs_epi16(_mm256_sub_epi16(value, pivot), gain));
    store_bytes(out + x, rounded(shaded));
  }
}

ATELIER_AVX2 void mix_cells(const std::int16_t* upper, const std::int16_t* lower, std::int16_t weight,
                            std::int32_t count, std::int16_t* out) {
  const __m256i weights = _mm256_set1_epi16(weight);
  for (std::int32_t x = 0; x < count; x += 16) store(out + x, mixed(load(upper + x), load(lower + x), weights));
}

ATELIER_AVX2 void expand_row(const std::int16_t* cells, std::int32_t cell, std::int32_t count, std::int16_t* out) {
  alignas(32) std::array<std::uint8_t, 32> select;
  alignas(32) std::array<std::int16_t, 16> steps;
  for (std::int32_t x = 0; x < 16; ++x) {
    const auto at = static_cast<std::size_t>(x);
    select[at * 2] = static_cast<std::uint8_t>(x / cell * 2);
    select[at * 2 + 1] = static_cast<std::uint8_t>(x / cell * 2 + 1);
    steps[at] = static_cast<std::int16_t>((x % cell) * (32768 / cell));
  }
  const __m256i selects = _mm256_load_si256(reinterpret_cast<const __m256i*>(select.data()));
  const __m256i weights = load(steps.data());
  const std::int32_t advance = 16 / cell;
  for (std::int32_t x = 0; x < count; x += 16, cells += advance) {
    const __m256i here = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(cells)));
    const __m256i next = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(cells + 1)));
    store(out + x, mixed(_mm256_shuffle_epi8(here, selects), _mm256_shuffle_epi8(next, selects), weights));
  }
}

ATELIER_AVX2 void cover_row(const Kernels::Ridge& ridge, std::int32_t count, std::int16_t* row) {
  const __m256i bottom = _mm256_set1_epi16(static_cast<std::int16_t>((ridge.row + 1) << 4));
  const __m256i reach = _mm256_set1_epi16(static_cast<std::int16_t>((1 << (ridge.glow_shift + 4)) - 1));
  const __m256i fill = _mm256_set1_epi16(ridge.fill);
  const __m256i glow = _mm256_set1_epi16(ridge.glow);
  const __m256i whole = _mm256_set1_epi16(16);
  const __m256i unit = _mm256_set1_epi16(2047);
  const __m128i shift = _mm_cvtsi32_si128(11 - ridge.glow_shift);
  for (std::int32_t x = 0; x < count; x += 16) {
    const __m256i edge = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ridge.edge + x));
    const __m256i depth = _mm256_subs_epu16(bottom, edge);
    const __m256i cover = _mm256_mullo_epi16(_mm256_min_epu16(depth, whole), unit);
    const __m256i near = _mm256_sll_epi16(_mm256_subs_epu16(reach, depth), shift);
    const __m256i light = _mm256_mulhrs_epi16(glow, _mm256_mulhrs_epi16(near, near));
    store(row + x, mixed(load(row + x), _mm256_add_epi16(fill, light), cover));
  }
}

ATELIER_AVX2 void dither_row(const std::int16_t* row, const std::int16_t* pattern, std::int32_t count,
                             std::uint8_t* out) {
  for (std::int32_t x = 0; x < count; x += 16)
    store_bytes(out + x, _mm256_srai_epi16(_mm256_add_epi16(load(row + x), load(pattern + x % 64)), 7));
}

ATELIER_AVX2 void blend_row(BlendRow overlay, std::int32_t count, std::uint8_t* target) {
  const __m256i full = _mm256_set1_epi16(255);
  const __m256i half = _mm256_set1_epi16(128);
  std::int32_t x = 0;
  for (; x + 16 <= count; x += 16) {
    const __m256i alpha = _mm256_cvtepu8_epi16(load_bytes(overlay.alpha + x));
    const __m256i colour = _mm256_cvtepu8_epi16(load_bytes(overlay.colour + x));
    const __m256i below = _mm256_cvtepu8_epi16(load_bytes(target + x));
    const __m256i product = _mm256_add_epi16(_mm256_mullo_epi16(below, _mm256_sub_epi16(full, alpha)), half);
    const __m256i kept = _mm256_srli_epi16(_mm256_add_epi16(product, _mm256_srli_epi16(product, 8)), 8);
    store_bytes(target + x, _mm256_add_epi16(kept, colour));
  }
  if (x < count) scalar_kernels().blend_row({overlay.colour + x, overlay.alpha + x}, count - x, target + x);
}

constexpr Kernels kAvx2{sample_row, mix_rows, mix_rows_shaded, mix_cells, expand_row, cover_row, dither_row, blend_row};

}  // namespace

const Kernels* avx2_kernels() noexcept { return __builtin_cpu_supports("avx2") ? &kAvx2 : nullptr; }

}  // namespace atelier::media::picture

#else

namespace atelier::media::picture {
const Kernels* avx2_kernels() noexcept { return nullptr; }
}  // namespace atelier::media::picture

#endif
