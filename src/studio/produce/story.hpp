#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace atelier::studio {

// Counted from 1, as editors do; the column is in characters.
struct StoryPosition {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

// A picture, clip or song a story names: "asset:<id>", or a path relative to the story's own file.
struct MediaLink {
  std::string target;
  StoryPosition where;
  bool is_asset() const noexcept { return target.starts_with("asset:"); }
};

// What the front matter may say; unset is the production's default. Names are checked against the media catalog.
struct StorySettings {
  std::optional<std::string> title, size, voice, language, caption_style;
  std::optional<std::int32_t> fps;
  std::optional<double> speed;
  std::optional<std::string> background_kind;  // of the catalog, or "auto"
  std::optional<MediaLink> background;         // or a file
  std::optional<MediaLink> music;
};

struct StoryScene {
  std::string heading;  // of the section it begins; not spoken
  std::string text;     // spoken and shown; one space between words, no markup
  std::optional<MediaLink> background;
  StoryPosition where;
};

// A story as people write it: Markdown with optional YAML front matter. Blank lines and headings separate scenes; a
// first heading of level 1 is the title; an image or video link is its scene's background; one that stands alone
// belongs to the scene that follows (or, at the end, the last). Rules, comments and markup are never spoken.
struct Story {
  StorySettings settings;
  std::vector<StoryScene> scenes;
};

inline constexpr std::size_t kStoryBytesMax = 512 * 1024;
inline constexpr std::size_t kSceneBytesMax = 8 * 1024;
inline constexpr std::size_t kScenesMax = 200;

// Errors' `where` is "<name>:<line>:<column>", or "<line>:<column>" for an empty name; reasons begin with "story_".
Result<Story> parse_story(std::string_view text, std::string_view name);

// A new title from the text when the story has none: its first words.
std::string title_of(const Story& story);

}  // namespace atelier::studio
