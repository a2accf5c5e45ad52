#include "studio/produce/front_matter.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.hpp"
#include "media/protocol/catalog.hpp"

namespace atelier::studio {
namespace {

constexpr std::size_t kFrontMatterBytesMax = 16 * 1024;

template <class Table>
std::vector<std::string_view> ids_of(const Table& table) {
  std::vector<std::string_view> ids;
  for (const auto& row : table) ids.push_back(row.id);
  return ids;
}

// Reads one key after another; the first complaint ends it.
class FrontMatterReader {
 public:
  FrontMatterReader(const FrontMatter& front, std::string_view name, StorySettings& settings)
      : front_(front), name_(name), settings_(settings) {}

  Result<> read(const YAML::Node& root) {
    if (root.IsNull()) return {};
    if (!root.IsMap()) return refuse(root, "the front matter must be a list of `name: value` lines");
    for (const auto& pair : root)
      if (auto done = take(pair.first, pair.second); !done) return done;
    return {};
  }

 private:
  using Take = Result<> (FrontMatterReader::*)(const YAML::Node& value, const std::string& text);
  struct Key {
    std::string_view name;
    Take take;
  };

  StoryPosition position_of(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    return {.line = front_.yaml_line + static_cast<std::uint32_t>(std::max(0, mark.line)),
            .column = static_cast<std::uint32_t>(std::max(0, mark.column)) + 1};
  }

  std::unexpected<Error> refuse(const YAML::Node& node, std::string message) const {
    return fail(ErrorCode::invalid_argument, std::move(message),
                {.reason = "story_front_matter", .where = describe_position(name_, position_of(node))});
  }

  Result<> take(const YAML::Node& key, const YAML::Node& value) {
    static constexpr std::array kKeys = {
        Key{"title", &FrontMatterReader::take_title},       Key{"size", &FrontMatterReader::take_size},
        Key{"fps", &FrontMatterReader::take_fps},           Key{"voice", &FrontMatterReader::take_voice},
        Key{"language", &FrontMatterReader::take_language}, Key{"style", &FrontMatterReader::take_style},
        Key{"captions", &FrontMatterReader::take_style},    Key{"background", &FrontMatterReader::take_background},
        Key{"music", &FrontMatterReader::take_music},       Key{"speed", &FrontMatterReader::take_speed},
    };
    const std::string name = key.IsScalar() ? key.Scalar() : std::string();
    const auto found = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& row) { return row.name == name; });
    if (found == kKeys.end()) {
      std::vector<std::string_view> names;
      for (const Key& row : kKeys) names.push_back(row.name);
      const auto meant = suggest(name, names);
      return refuse(key, fmt::format("\"{}\" is not a setting of a story{}", printable(name, 64),
                                     meant ? fmt::format("; did you mean {}?", *meant) : ""));
    }
    if (!value.IsScalar() || value.Scalar().empty())
      return refuse(value, fmt::format("{} needs a value on the same line", name));
    if (value.Scalar().size() > 512) return refuse(value, fmt::format("{} is longer than 512 bytes", name));
    return (this->*found->take)(value, value.Scalar());
  }

  template <class Table>
  Result<> choose(const YAML::Node& value, const std::string& text, std::string_view what, const Table& table,
                  std::optional<std::string>& into) {
    const std::vector<std::string_view> ids = ids_of(table);
    if (std::find(ids.begin(), ids.end(), text) == ids.end()) {
      const auto meant = suggest(text, ids);
      return refuse(value, fmt::format("there is no {} \"{}\"{}", what, printable(text, 64),
                                       meant             ? fmt::format("; did you mean {}?", *meant)
                                       : ids.size() <= 8 ? fmt::format("; choose one of {}", fmt::join(ids, ", "))
                                                         : ""));
    }
    into = text;
    return {};
  }

  Result<> take_title(const YAML::Node&, const std::string& text) {
    settings_.title = std::string(trim(text));
    return {};
  }
  Result<> take_size(const YAML::Node& value, const std::string& text) {
    return choose(value, text, "size", media::frame_sizes(), settings_.size);
  }
  Result<> take_style(const YAML::Node& value, const std::string& text) {
    return choose(value, text, "caption style", media::caption_styles(), settings_.caption_style);
  }
  // A voice by its id, or by the engine's name alone: "slt", "flite/slt".
  Result<> take_voice(const YAML::Node& value, const std::string& text) {
    for (const media::Voice& voice : media::voices())
      if (voice.engine_voice == text || voice.id.ends_with("/" + text)) {
        settings_.voice = std::string(voice.id);
        return {};
      }
    return choose(value, text, "voice", media::voices(), settings_.voice);
  }
  Result<> take_language(const YAML::Node& value, const std::string& text) {
    if (!media::spoken_language(text))
      return refuse(value,
                    fmt::format("there is no voice for the language \"{}\"; give its tag, such as en, de, zh, ar",
                                printable(text, 64)));
    settings_.language = text;
    return {};
  }
  Result<> take_fps(const YAML::Node& value, const std::string& text) {
    for (const std::int32_t fps : media::frame_rates())
      if (text == fmt::format("{}", fps)) {
        settings_.fps = fps;
        return {};
      }
    return refuse(
        value, fmt::format("fps is \"{}\", not one of {}", printable(text, 64), fmt::join(media::frame_rates(), ", ")));
  }
  Result<> take_speed(const YAML::Node& value, const std::string& text) {
    double speed = 0;
    if (!YAML::convert<double>::decode(value, speed) || !(speed >= 0.5 && speed <= 2))
      return refuse(value, fmt::format("speed is \"{}\", not a number from 0.5 to 2", printable(text, 64)));
    settings_.speed = speed;
    return {};
  }
  Result<> take_background(const YAML::Node& value, const std::string& text) {
    const bool looks_like_file =
        text.find('.') != std::string::npos || text.find('/') != std::string::npos || text.starts_with("asset:");
    if (!looks_like_file) {
      if (text == "auto") {
        settings_.background_kind = text;
        return {};
      }
      return choose(value, text, "background", media::background_kinds(), settings_.background_kind);
    }
    return take_link(value, text, settings_.background);
  }
  Result<> take_music(const YAML::Node& value, const std::string& text) {
    return take_link(value, text, settings_.music);
  }

  Result<> take_link(const YAML::Node& value, const std::string& text, std::optional<MediaLink>& into) {
    if (text.find("://") != std::string::npos)
      return refuse(value, fmt::format("\"{}\" is a web address: save the file beside the story and name it",
                                       printable(text, 120)));
    into = MediaLink{.target = text, .where = position_of(value)};
    return {};
  }

  const FrontMatter& front_;
  std::string_view name_;
  StorySettings& settings_;
};

bool is_fence(std::string_view line) { return trim(line) == "---" && line.starts_with("---"); }

}  // namespace

std::string describe_position(std::string_view name, StoryPosition where) {
  return name.empty() ? fmt::format("{}:{}", where.line, where.column)
                      : fmt::format("{}:{}:{}", name, where.line, where.column);
}

Result<FrontMatter> split_front_matter(std::string_view text, std::string_view name) {
  const auto line_end = [&](std::size_t from) {
    const std::size_t end = text.find('\n', from);
    return end == std::string_view::npos ? text.size() : end + 1;
  };
  const std::size_t first_end = line_end(0);
  // A lone rule at the top is not front matter: that needs a `name:` line next.
  const std::string_view second = text.substr(first_end, line_end(first_end) - first_end);
  if (!is_fence(text.substr(0, first_end)) || (second.find(':') == std::string_view::npos && !is_fence(second)))
    return FrontMatter{.yaml = {}, .body = text};
  std::uint32_t line = 2;
  for (std::size_t from = first_end; from < text.size(); ++line) {
    const std::size_t end = line_end(from);
    if (is_fence(text.substr(from, end - from)))
      return FrontMatter{.yaml = text.substr(first_end, from - first_end),
                         .body = text.substr(end),
                         .yaml_line = 2,
                         .body_line = line + 1};
    if (from - first_end > kFrontMatterBytesMax) break;
    from = end;
  }
  return fail(ErrorCode::invalid_argument, "the front matter that begins here has no closing line of three dashes",
              {.reason = "story_front_matter", .where = describe_position(name, {.line = 1, .column = 1})});
}

Result<> read_front_matter(const FrontMatter& front, std::string_view name, StorySettings& settings) {
  if (trim(front.yaml).empty()) return {};
  try {
    return FrontMatterReader(front, name, settings).read(YAML::Load(std::string(front.yaml)));
  } catch (const YAML::Exception& exception) {
    const StoryPosition where{.line = front.yaml_line + static_cast<std::uint32_t>(std::max(0, exception.mark.line)),
                              .column = static_cast<std::uint32_t>(std::max(0, exception.mark.column)) + 1};
    return fail(ErrorCode::invalid_argument, fmt::format("the front matter is not YAML: {}", exception.msg),
                {.reason = "story_front_matter", .where = describe_position(name, where)});
  }
}

}  // namespace atelier::studio
