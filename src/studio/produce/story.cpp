#include "studio/produce/story.hpp"

#include <cmark.h>
#include <fmt/format.h>

#include <array>
#include <memory>

#include "base/text.hpp"
#include "studio/produce/front_matter.hpp"

namespace atelier::studio {
namespace {

struct NodeDeleter {
  void operator()(cmark_node* node) const noexcept { cmark_node_free(node); }
};
struct IteratorDeleter {
  void operator()(cmark_iter* iterator) const noexcept { cmark_iter_free(iterator); }
};

constexpr std::array<std::string_view, 14> kMediaEndings = {".jpg",  ".jpeg", ".png", ".webp", ".gif",  ".tif", ".tiff",
                                                            ".avif", ".mp4",  ".mov", ".m4v",  ".webm", ".mkv", ".avi"};

std::string_view as_view(const char* text) noexcept { return text ? std::string_view(text) : std::string_view(); }

bool names_media(std::string_view target) {
  if (target.starts_with("asset:")) return true;
  std::string lower(target);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (const std::string_view ending : kMediaEndings)
    if (lower.ends_with(ending)) return true;
  return false;
}

// A link's target as a path: Markdown percent-encodes spaces and non-ASCII letters.
std::string decode_percent(std::string_view text) {
  std::string out;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

class Reader {
 public:
  Reader(std::string_view name, std::uint32_t first_line) : name_(name), first_line_(first_line) {}

  Result<> read(cmark_node* document, Story& story) {
    for (cmark_node* block = cmark_node_first_child(document); block; block = cmark_node_next(block))
      if (auto done = take_block(block, story); !done) return done;
    if (pending_ && !story.scenes.empty() && !story.scenes.back().background)
      story.scenes.back().background = std::move(pending_);
    return {};
  }

 private:
  StoryPosition position_of(cmark_node* node) const {
    return {.line = first_line_ + static_cast<std::uint32_t>(std::max(1, cmark_node_get_start_line(node))) - 1,
            .column = static_cast<std::uint32_t>(std::max(1, cmark_node_get_start_column(node)))};
  }

  std::unexpected<Error> refuse(StoryPosition where, std::string reason, std::string message) const {
    return fail(ErrorCode::invalid_argument, std::move(message),
                {.reason = std::move(reason), .where = describe_position(name_, where)});
  }

  Result<> take_block(cmark_node* block, Story& story) {
    switch (cmark_node_get_type(block)) {
      case CMARK_NODE_THEMATIC_BREAK:
      case CMARK_NODE_HTML_BLOCK:
        return {};
      case CMARK_NODE_HEADING:
        return take_heading(block, story);
      default:
        return take_scene(block, story);
    }
  }

  Result<> take_heading(cmark_node* block, Story& story) {
    std::string text;
    std::optional<MediaLink> media;
    if (auto done = collect(block, text, media); !done) return done;
    if (media) pending_ = std::move(media);
    const bool is_title = cmark_node_get_heading_level(block) == 1 && story.scenes.empty() && !story.settings.title;
    if (is_title)
      story.settings.title = std::string(trim(text));
    else
      heading_ = std::string(trim(text));
    return {};
  }

  Result<> take_scene(cmark_node* block, Story& story) {
    StoryScene scene{.heading = {}, .text = {}, .background = {}, .where = position_of(block)};
    if (auto done = collect(block, scene.text, scene.background); !done) return done;
    scene.text = std::string(trim(scene.text));
    if (scene.text.empty()) {
      if (scene.background) pending_ = std::move(scene.background);
      return {};
    }
    if (scene.text.size() > kSceneBytesMax)
      return refuse(scene.where, "story_scene_too_long",
                    fmt::format("this scene has {} bytes, more than the {} allowed; split it with a blank line",
                                scene.text.size(), kSceneBytesMax));
    if (story.scenes.size() >= kScenesMax)
      return refuse(scene.where, "story_too_many_scenes", fmt::format("more than {} scenes", kScenesMax));
    if (!scene.background) scene.background = std::move(pending_);
    pending_.reset();
    scene.heading = std::exchange(heading_, {});
    story.scenes.push_back(std::move(scene));
    return {};
  }

  // All text below a block, with one space between words, and the first picture or clip it links.
  Result<> collect(cmark_node* block, std::string& text, std::optional<MediaLink>& media) {
    const std::unique_ptr<cmark_iter, IteratorDeleter> iterator(cmark_iter_new(block));
    cmark_node* skipped = nullptr;  // an image, whose inner text is no part of the scene
    for (cmark_event_type event; (event = cmark_iter_next(iterator.get())) != CMARK_EVENT_DONE;) {
      cmark_node* node = cmark_iter_get_node(iterator.get());
      const cmark_node_type type = cmark_node_get_type(node);
      if (skipped) {
        if (node == skipped && event == CMARK_EVENT_EXIT) skipped = nullptr;
        continue;
      }
      if (event == CMARK_EVENT_EXIT) {
        if (type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_ITEM || type == CMARK_NODE_HEADING) append_space(text);
        continue;
      }
      if (type == CMARK_NODE_IMAGE || (type == CMARK_NODE_LINK && names_media(as_view(cmark_node_get_url(node))))) {
        if (auto done = take_media(node, media); !done) return done;
        skipped = node;
      } else if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE || type == CMARK_NODE_CODE_BLOCK) {
        append_words(text, as_view(cmark_node_get_literal(node)));
      } else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) {
        append_space(text);
      }
    }
    return {};
  }

  Result<> take_media(cmark_node* node, std::optional<MediaLink>& media) {
    std::string target = decode_percent(as_view(cmark_node_get_url(node)));
    cmark_node* place = node;
    while (place && cmark_node_get_start_line(place) == 0) place = cmark_node_parent(place);
    const StoryPosition where = position_of(place ? place : node);
    if (target.empty()) return refuse(where, "story_link_empty", "this picture has no file: write ![](picture.jpg)");
    if (target.find("://") != std::string::npos || target.starts_with("data:"))
      return refuse(where, "story_link_web",
                    fmt::format("\"{}\" is a web address: save the file beside the story and link it by name",
                                printable(target, 120)));
    if (!names_media(target))
      return refuse(
          where, "story_link_unknown",
          fmt::format(
              "\"{}\" is no picture or video that can be a background (jpg, png, webp, gif, tiff, mp4, mov, webm, mkv)",
              printable(target, 120)));
    if (media)
      return refuse(where, "story_two_backgrounds",
                    "this scene has two backgrounds; separate them with a blank line and text");
    media = MediaLink{.target = std::move(target), .where = where};
    return {};
  }

  static void append_space(std::string& text) {
    if (!text.empty() && text.back() != ' ') text += ' ';
  }
  static void append_words(std::string& text, std::string_view words) {
    for (const char c : words) {
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
        append_space(text);
      else
        text += c;
    }
  }

  std::string_view name_;
  std::uint32_t first_line_;
  std::string heading_;
  std::optional<MediaLink> pending_;
};

// Where in the text a byte stands.
StoryPosition position_at(std::string_view text, std::size_t offset) {
  StoryPosition position;
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++position.line;
      position.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++position.column;
    }
  }
  return position;
}

Result<> check_bytes(std::string_view text, std::string_view name) {
  const auto refuse = [&](std::size_t offset, std::string reason, std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message),
                {.reason = std::move(reason), .where = describe_position(name, position_at(text, offset))});
  };
  if (text.size() > kStoryBytesMax)
    return fail(ErrorCode::too_large,
                fmt::format("the story has {} bytes, more than the {} allowed", text.size(), kStoryBytesMax),
                {.reason = "story_too_large", .where = std::string(name)});
  if (!is_valid_utf8(text)) {
    std::size_t good = 0, bad = text.size();  // the longest valid beginning, by halving
    while (good + 1 < bad) {
      const std::size_t middle = (good + bad) / 2;
      (is_valid_utf8(truncate_utf8(text, middle)) ? good : bad) = middle;
    }
    return refuse(good, "story_not_utf8", "the story is not UTF-8 text here");
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7f)
      return refuse(i, "story_not_text",
                    fmt::format("the story holds a control character (0x{:02x}) here; is it a text file?", byte));
  }
  return {};
}

}  // namespace

Result<Story> parse_story(std::string_view text, std::string_view name) {
  if (auto done = check_bytes(text, name); !done) return error_of(done);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  auto front = split_front_matter(text, name);
  if (!front) return error_of(front);
  Story story;
  if (auto done = read_front_matter(*front, name, story.settings); !done) return error_of(done);
  const std::unique_ptr<cmark_node, NodeDeleter> document(
      cmark_parse_document(front->body.data(), front->body.size(), CMARK_OPT_DEFAULT));
  ensure(document != nullptr, "cmark parses any text");
  if (auto done = Reader(name, front->body_line).read(document.get(), story); !done) return error_of(done);
  if (story.scenes.empty())
    return fail(ErrorCode::invalid_argument, "the story has no text to speak",
                {.reason = "story_empty", .where = std::string(name)});
  return story;
}

std::string title_of(const Story& story) {
  if (story.settings.title && !story.settings.title->empty()) return *story.settings.title;
  const std::string& text = story.scenes.front().text;
  std::string_view cut = truncate_utf8(text, 48);
  if (cut.size() < text.size())
    if (const std::size_t space = cut.rfind(' '); space != std::string_view::npos && space > 12)
      cut = cut.substr(0, space);
  std::string title(trim(cut));
  while (!title.empty() && (title.back() == ',' || title.back() == ';' || title.back() == ':')) title.pop_back();
  if (cut.size() < text.size()) title += "…";
  return title;
}

}  // namespace atelier::studio
