#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

// What people want made: one vocabulary for all providers. Adapters (adapter.hpp) say it in each one's own.
namespace atelier::model {

enum class MediaKind : std::uint8_t {
  image,          // from words, or from words and pictures
  upscale,        // a larger picture of the same
  speech,         // a text, spoken
  sound,          // an effect or a place's sound
  music,          //
  transcription,  // what is said in a recording, with the times of its words
  video,          // from words, or from words and pictures
};
inline constexpr std::size_t kMediaKindCount = 7;
std::string_view to_string(MediaKind kind) noexcept;
std::optional<MediaKind> parse_media_kind(std::string_view text) noexcept;

// A file that goes along.
struct MediaInput {
  enum class Role : std::uint8_t {
    reference,    // a picture to begin with, to change or to take after
    mask,         // of the first reference, and of its size: what is transparent is to be changed
    first_frame,  // of a clip
    last_frame,
    recording,  // to be transcribed
  };
  Role role = Role::reference;
  std::string media_type;  // "image/png", as its bytes were found to be
  std::string name;        // a file name without a path: "reference.png"
  std::uint64_t size_bytes = 0;
  std::string bytes = {};  // empty until it is sent
};
std::string_view to_string(MediaInput::Role role) noexcept;
std::optional<MediaInput::Role> parse_media_role(std::string_view text) noexcept;

// Unset is the provider's own choice. What a model cannot do is refused by check(), never left out.
struct MediaRequest {
  MediaKind kind = MediaKind::image;
  std::string prompt = {};    // what is to be seen or heard; of speech the text itself
  std::string negative = {};  // what is not
  std::int32_t width = 0;     // pixels, both or none
  std::int32_t height = 0;
  std::string ratio = {};  // "16:9", instead of a size
  std::int32_t count = 1;  // of results
  std::optional<std::int64_t> seed = {};
  std::vector<MediaInput> inputs = {};
  std::optional<double> strength = {};  // 0 to 1: how far from the first reference
  std::optional<double> duration = {};  // seconds
  std::string voice = {};               // an id of the model's own
  std::optional<double> speed = {};     // of speech: 1 is as usual
  std::string format = {};              // "png", "mp3", "mp4": without a dot
  std::string quality = {};             // a word of the model's own: "high", "1080p"
  std::string language = {};            // "de", of what is said (BCP 47)
  json::Object options = {};            // the provider's own fields, put beside ours under their own names
  // How often a picture is shown before it is done; unset: as often as the model can, where there is one alone.
  std::optional<std::int32_t> partials = {};

  const MediaInput* find(MediaInput::Role role) const noexcept;  // the first
  std::size_t count_of(MediaInput::Role role) const noexcept;
};

inline constexpr std::size_t kPromptBytesMax = 200'000;  // a book's chapter to be spoken
inline constexpr std::size_t kMediaInputsMax = 16;
inline constexpr std::uint64_t kMediaInputBytesMax = std::uint64_t{64} << 20;  // of all together
inline constexpr std::size_t kMediaOptionsBytesMax = 256 << 10;                // a ComfyUI workflow fits

// All but inputs' bytes. Unset fields are left out.
json::Value to_json(const MediaRequest& request);
// invalid_argument names the field ("/width"). `where` is the pointer of the value itself.
Result<MediaRequest> media_request_from_json(const json::Value& value, std::string where = {});

// "16:9" as two numbers without a common factor; nullopt where it is no ratio from 1:20 to 20:1.
struct Ratio {
  std::int32_t across = 1, up = 1;
  friend bool operator==(const Ratio&, const Ratio&) = default;
};
std::optional<Ratio> parse_ratio(std::string_view text) noexcept;
// Of the size if it has one, else of `ratio`; nullopt: neither.
std::optional<Ratio> ratio_of(const MediaRequest& request) noexcept;
std::string to_string(Ratio ratio);

}  // namespace atelier::model
