#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace atelier::media {

// What a production can be made of, declared once: the story reader checks against it, the page offers it, the worker
// does it. All tables live as long as the process.

struct Voice {
  std::string_view id;            // "local/flite/slt", "local/espeak-ng/fr"
  std::string_view engine;        // "flite" or "espeak-ng"
  std::string_view engine_voice;  // what the engine calls it
  std::string_view language;      // BCP 47, "en", "fr", "cmn"
  std::string_view name;          // for people, in English
};
std::span<const Voice> voices() noexcept;
const Voice* find_voice(std::string_view id) noexcept;
// The voice used where the story names none: the most natural one for English, else the language's own.
// `language` is a BCP 47 tag; the region is ignored where only the language is known. Null if nobody speaks it.
const Voice* default_voice(std::string_view language) noexcept;
// A story's word for a language or its usual tag ("zh", "cmn-Hans", "pt-BR") to a language we have a voice for.
std::optional<std::string_view> spoken_language(std::string_view tag) noexcept;

struct CaptionStyle {
  std::string_view id;
  std::string_view name;
  std::string_view help;
  bool highlights_words;
};
std::span<const CaptionStyle> caption_styles() noexcept;
const CaptionStyle* find_caption_style(std::string_view id) noexcept;

// Moving backgrounds made from a seed alone.
struct BackgroundKind {
  std::string_view id;
  std::string_view name;
  std::string_view help;
};
std::span<const BackgroundKind> background_kinds() noexcept;
const BackgroundKind* find_background_kind(std::string_view id) noexcept;

struct FrameSize {
  std::string_view id;  // "1080x1920"
  std::string_view name;
  std::int32_t width;
  std::int32_t height;
};
std::span<const FrameSize> frame_sizes() noexcept;
const FrameSize* find_frame_size(std::string_view id) noexcept;

// 24, 25, 30, 60: each divides 48,000 samples, so a whole number of frames is a whole number of samples.
std::span<const std::int32_t> frame_rates() noexcept;

inline constexpr std::int32_t kSampleRate = 48'000;
inline constexpr std::int64_t kMillisecond = kSampleRate / 1000;  // in samples
constexpr std::int32_t samples_per_frame(std::int32_t fps) noexcept { return kSampleRate / fps; }

// A scene is rendered in parts of this length, so that cores fill and an edit re-renders little. A multiple of the GOP
// (half a second) at every frame rate.
inline constexpr std::int32_t kPartSeconds = 2;

}  // namespace atelier::media
