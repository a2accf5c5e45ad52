// A story as anybody may send it. What the page shows of it, sent back, must be the same production.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "studio/produce/production.hpp"
#include "studio/produce/story.hpp"

using namespace atelier;
using namespace atelier::studio;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto story = parse_story(text, "story.md");
  if (!story) {
    ensure(!story.error().message.empty() && story.error().reason.starts_with("story_"), "a refusal says why");
    ensure(is_valid_utf8(story.error().message), "a message is text");
    return 0;
  }
  ensure(!story->scenes.empty() && story->scenes.size() <= kScenesMax, "a story has scenes");
  for (const StoryScene& scene : story->scenes)
    ensure(!scene.text.empty() && scene.text.size() <= kSceneBytesMax && is_valid_utf8(scene.text),
           "a scene can be spoken");
  ensure(!title_of(*story).empty() || story->settings.title, "a story has a title");
  const auto document = document_of(*story, ProductionSettings(), nullptr);
  if (!document) return 0;
  const auto again = parse_story(write_story(*document), "");
  ensure(again.has_value(), "a written story can be read");
  const auto same = document_of(*again, ProductionSettings(), &*document);
  ensure(same && *same == *document, "a written story is the same production");
  return 0;
}
