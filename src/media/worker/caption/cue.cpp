#include "media/worker/caption/cue.hpp"

#include <fmt/format.h>

#include "media/worker/caption/characters.hpp"

namespace atelier::media::caption {
namespace {

constexpr std::int64_t kFrameMax = std::int64_t{60} * 60 * 60 * 24;  // a day at the highest rate
constexpr std::size_t kCuesMax = 100'000;
constexpr std::size_t kLinesMax = 16;
constexpr std::size_t kWordsMax = 200;
constexpr std::size_t kWordBytesMax = 4096;

bool has_control(std::string_view text) {
  for (const char32_t character : Characters(text))
    if (is_control(character)) return true;
  return false;
}

Result<Word> read_word(const json::Value& value, const std::string& where) {
  json::ObjectReader reader(value, where);
  Word word;
  word.text = reader.required_string("text", {.bytes_min = 1, .bytes_max = kWordBytesMax});
  word.start_frame = reader.required_integer("start_frame", 0, kFrameMax);
  word.end_frame = reader.required_integer("end_frame", word.start_frame, kFrameMax);
  word.space_after = reader.optional_bool("space_after").value_or(true);
  if (has_control(word.text)) reader.complain("text", "has a line break or another control character");
  if (auto done = reader.finish(); !done) return error_of(done);
  return word;
}

Result<Line> read_line(const json::Value& value, const std::string& where) {
  json::ObjectReader reader(value, where);
  const json::Array* words = reader.required_array("words", kWordsMax);
  if (words && words->empty()) reader.complain("words", "has no word");
  if (auto done = reader.finish(); !done) return error_of(done);
  Line line;
  for (std::size_t i = 0; i < words->size(); ++i) {
    auto word = read_word((*words)[i], fmt::format("{}/words/{}", where, i));
    if (!word) return error_of(word);
    line.words.push_back(std::move(*word));
  }
  return line;
}

Result<Cue> read_cue(const json::Value& value, const std::string& where, std::int64_t start_min) {
  json::ObjectReader reader(value, where);
  Cue cue;
  cue.start_frame = reader.required_integer("start_frame", start_min, kFrameMax);
  cue.end_frame = reader.required_integer("end_frame", cue.start_frame + 1, kFrameMax + 1);
  const json::Array* lines = reader.required_array("lines", kLinesMax);
  if (lines && lines->empty()) reader.complain("lines", "has no line");
  if (auto done = reader.finish(); !done) return error_of(done);
  for (std::size_t i = 0; i < lines->size(); ++i) {
    auto line = read_line((*lines)[i], fmt::format("{}/lines/{}", where, i));
    if (!line) return error_of(line);
    cue.lines.push_back(std::move(*line));
  }
  return cue;
}

json::Value to_json(const Word& word) {
  return json::Object{{"text", word.text},
                      {"start_frame", word.start_frame},
                      {"end_frame", word.end_frame},
                      {"space_after", word.space_after}};
}

}  // namespace

std::optional<std::size_t> spoken_word(const Cue& cue, std::int64_t frame) noexcept {
  std::optional<std::size_t> spoken;
  std::size_t index = 0;
  for (const Line& line : cue.lines)
    for (const Word& word : line.words) {
      if (word.start_frame <= frame) spoken = index;
      ++index;
    }
  return spoken;
}

json::Value to_json(const Cue& cue) {
  json::Array lines;
  for (const Line& line : cue.lines) {
    json::Array words;
    for (const Word& word : line.words) words.push_back(to_json(word));
    lines.push_back(json::Object{{"words", std::move(words)}});
  }
  return json::Object{{"start_frame", cue.start_frame}, {"end_frame", cue.end_frame}, {"lines", std::move(lines)}};
}

json::Value to_json(std::span<const Cue> cues) {
  json::Array array;
  for (const Cue& cue : cues) array.push_back(to_json(cue));
  return array;
}

json::Value to_json(const Part& part) {
  return json::Object{{"first_frame", part.first_frame},
                      {"frame_count", part.frame_count},
                      {"cues", to_json(std::span<const Cue>(part.cues))}};
}

Result<std::vector<Cue>> read_cues(const json::Value& value, const std::string& where) {
  if (!value.is_array())
    return fail(ErrorCode::invalid_argument, "is not a list of cues", {.reason = {}, .where = where});
  const json::Array& array = value.get_array();
  if (array.size() > kCuesMax)
    return fail(ErrorCode::too_large, fmt::format("has {} cues, {} are allowed", array.size(), kCuesMax),
                {.reason = {}, .where = where});
  std::vector<Cue> cues;
  for (std::size_t i = 0; i < array.size(); ++i) {
    auto cue = read_cue(array[i], fmt::format("{}/{}", where, i), cues.empty() ? 0 : cues.back().end_frame);
    if (!cue) return error_of(cue);
    cues.push_back(std::move(*cue));
  }
  return cues;
}

Result<Part> read_part(const json::Value& value, const std::string& where) {
  json::ObjectReader reader(value, where);
  Part part;
  part.first_frame = reader.required_integer("first_frame", 0, kFrameMax);
  part.frame_count = reader.required_integer("frame_count", 0, kFrameMax);
  const json::Value* cues = reader.required_value("cues");
  if (auto done = reader.finish(); !done) return error_of(done);
  auto read = read_cues(*cues, where + "/cues");
  if (!read) return error_of(read);
  part.cues = std::move(*read);
  return part;
}

}  // namespace atelier::media::caption
