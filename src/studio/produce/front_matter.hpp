#pragma once

#include <string>
#include <string_view>

#include "studio/produce/story.hpp"

namespace atelier::studio {

struct FrontMatter {
  std::string_view yaml;  // without its fences; empty when there is none
  std::string_view body;
  std::uint32_t yaml_line = 1;  // of its first line in the story
  std::uint32_t body_line = 1;
};

// "story.md:3:1", or "3:1" for an empty name.
std::string describe_position(std::string_view name, StoryPosition where);

// A story that begins with a line of three dashes has front matter up to the next such line.
Result<FrontMatter> split_front_matter(std::string_view text, std::string_view name);

Result<> read_front_matter(const FrontMatter& front, std::string_view name, StorySettings& settings);

}  // namespace atelier::studio
