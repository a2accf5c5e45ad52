#pragma once

#include <cstdint>

namespace atelier::media::container {

// What a file may claim before anything of it is decoded. Generous for real material, and each bounds the time or
// memory that a small hostile file can cost.
inline constexpr std::int64_t kImagePixelsMax = 100'000'000;
inline constexpr std::int64_t kImageFramesMax = 10'000;
inline constexpr std::int64_t kSideMax = 16'384;
inline constexpr std::int64_t kVideoPixelsMax = 7'680 * 4'320;
inline constexpr double kVideoPixelsPerSecondMax = 7'680.0 * 4'320.0 * 60.0;
inline constexpr double kFrameRateMax = 1'000;
inline constexpr std::int64_t kStreamsMax = 16;
inline constexpr std::int64_t kDurationMsMax = 4LL * 3'600 * 1'000;
inline constexpr std::int64_t kSampleRateMax = 384'000;
inline constexpr std::int64_t kChannelsMax = 64;
// How far FFmpeg reads into a file to learn what its streams are.
inline constexpr std::int64_t kLookBytesMax = 5'000'000;
inline constexpr std::int64_t kLookMicrosecondsMax = 5'000'000;

}  // namespace atelier::media::container
