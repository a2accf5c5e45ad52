#include "media/worker/caption/subtitle_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "media/worker/caption/ass_script.hpp"

namespace atelier::media::caption {
namespace {

// A frame's moment in whole milliseconds. Frames are at least four apart, so rising frames stay rising.
std::int64_t milliseconds_at(std::int64_t frame, int fps) { return (frame * 1000 + fps / 2) / fps; }

std::string clock(std::int64_t ms, char point) {
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, point, ms % 1000);
}

// ASS counts centiseconds, coarser than some frames: half a frame early, rounding hits no neighbour.
std::string ass_clock(std::int64_t frame, int fps) {
  const std::int64_t cs = std::max<std::int64_t>(0, ((2 * frame - 1) * 100 + fps) / (2 * fps));
  return fmt::format("{}:{:02}:{:02}.{:02}", cs / 360'000, cs / 6000 % 60, cs / 100 % 60, cs % 100);
}

std::string text_of(const Cue& cue) {
  std::string text;
  for (const Line& line : cue.lines) {
    if (!text.empty()) text += '\n';
    for (std::size_t i = 0; i < line.words.size(); ++i) {
      text += line.words[i].text;
      if (line.words[i].space_after && i + 1 < line.words.size()) text += ' ';
    }
  }
  return text;
}

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

std::string escape_vtt(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else
      escaped += c;
  }
  return escaped;
}

template <class Write>
void for_each_cue(const Subtitles& subtitles, Write write) {
  std::size_t number = 0;
  for (const auto& passage : subtitles.passages)
    for (const Cue& cue : passage.cues) write(++number, passage.first_frame, cue);
}

// A page's pictures in time: each from its frame to the next one's.
struct State {
  std::int64_t start_frame;
  std::vector<AssEvent> events;
};
std::vector<State> states_of(const Cue& cue, const PlacedPage& page, const Style& style, const Fonts& fonts) {
  Palette palette(Palette::Purpose::file);
  std::vector<std::int64_t> starts{cue.start_frame};
  if (style.highlights_words)
    for (const Line& line : cue.lines)
      for (const Word& word : line.words)
        if (word.start_frame > starts.back() && word.start_frame < cue.end_frame) starts.push_back(word.start_frame);
  std::vector<State> states;
  for (const std::int64_t start : starts) {
    PageLook look;
    if (style.highlights_words) look.lit_word = spoken_word(cue, start);
    states.push_back({start, page_events(page, style, fonts, look, palette)});
  }
  return states;
}

void write_dialogues(const Subtitles& subtitles, std::int64_t first_frame, const Cue& cue, const PlacedPage& page,
                     const Style& style, const Fonts& fonts, std::string& out) {
  const auto states = states_of(cue, page, style, fonts);
  Palette palette(Palette::Purpose::file);
  PageLook entering;
  if (style.highlights_words) entering.lit_word = spoken_word(cue, cue.start_frame);
  entering.enters = true;
  const auto first_events = page_events(page, style, fonts, entering, palette);
  for (std::size_t slot = 0; slot < first_events.size(); ++slot) {
    for (std::size_t from = 0, to = 0; from < states.size(); from = to) {
      // What does not change with the word is one event.
      while (to < states.size() && states[to].events[slot].text == states[from].events[slot].text) ++to;
      const std::int64_t end = to < states.size() ? states[to].start_frame : cue.end_frame;
      const AssEvent& event = from == 0 ? first_events[slot] : states[from].events[slot];
      fmt::format_to(std::back_inserter(out), "Dialogue: {},{},{},{},,0,0,0,,{}\n", event.layer,
                     ass_clock(first_frame + states[from].start_frame, subtitles.fps),
                     ass_clock(first_frame + end, subtitles.fps), style.id, event.text);
    }
  }
}

}  // namespace

std::string write_srt(const Subtitles& subtitles) {
  std::string out;
  for_each_cue(subtitles, [&](std::size_t number, std::int64_t first_frame, const Cue& cue) {
    // An arrow in the text would read as a time line: a joiner that nobody sees cuts it.
    fmt::format_to(std::back_inserter(out), "{}\n{} --> {}\n{}\n\n", number,
                   clock(milliseconds_at(first_frame + cue.start_frame, subtitles.fps), ','),
                   clock(milliseconds_at(first_frame + cue.end_frame, subtitles.fps), ','),
                   replace_all(text_of(cue), "-->", "--\u2060>"));
  });
  return out;
}

std::string write_vtt(const Subtitles& subtitles) {
  std::string out = "WEBVTT\n\n";
  for_each_cue(subtitles, [&](std::size_t number, std::int64_t first_frame, const Cue& cue) {
    fmt::format_to(std::back_inserter(out), "{}\n{} --> {}\n{}\n\n", number,
                   clock(milliseconds_at(first_frame + cue.start_frame, subtitles.fps), '.'),
                   clock(milliseconds_at(first_frame + cue.end_frame, subtitles.fps), '.'), escape_vtt(text_of(cue)));
  });
  return out;
}

Result<std::string> write_ass(const Subtitles& subtitles, const Fonts& fonts) {
  const Style* style = find_style(subtitles.style);
  if (!style) return fail(ErrorCode::invalid_argument, fmt::format("there is no caption style '{}'", subtitles.style));
  const Format format = format_of(subtitles.width, subtitles.height);
  Typesetter typesetter(fonts, subtitles.language);
  std::string out = ass_header(*style, subtitles.title, subtitles.width, subtitles.height);
  for_each_cue(subtitles, [&](std::size_t, std::int64_t first_frame, const Cue& cue) {
    write_dialogues(subtitles, first_frame, cue, place(cue, *style, format, typesetter), *style, fonts, out);
  });
  return out;
}

}  // namespace atelier::media::caption
