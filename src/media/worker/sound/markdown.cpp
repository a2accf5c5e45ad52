#include "media/worker/sound/markdown.hpp"

#include <algorithm>

#include "media/worker/sound/characters.hpp"

namespace atelier::media::sound {
namespace {

bool is_rule(std::string_view line) {
  std::size_t marks = 0;
  char mark = 0;
  for (const char c : line) {
    if (c == ' ' || c == '\t' || c == '\r') continue;
    if (c != '-' && c != '*' && c != '_' && c != '=') return false;
    if (mark != 0 && c != mark) return false;
    mark = c;
    ++marks;
  }
  return marks >= 3;
}

std::size_t skip_blanks(std::string_view line, std::size_t at) {
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
  return at;
}

// Where the words of a line begin.
std::size_t skip_markers(std::string_view line) {
  std::size_t at = skip_blanks(line, 0);
  const auto is_followed_by_blank = [&](std::size_t i) {
    return i < line.size() && (line[i] == ' ' || line[i] == '\t');
  };
  while (at < line.size() && line[at] == '>') at = skip_blanks(line, at + 1);
  std::size_t hashes = at;
  while (hashes < line.size() && line[hashes] == '#') ++hashes;
  if (hashes > at && hashes - at <= 6 && is_followed_by_blank(hashes)) return skip_blanks(line, hashes);
  if (at < line.size() && (line[at] == '-' || line[at] == '*' || line[at] == '+') && is_followed_by_blank(at + 1))
    return skip_blanks(line, at + 1);
  return at;
}

bool is_mark(char c) { return c == '*' || c == '_' || c == '`' || c == '~'; }

std::string_view opening_mark(std::string_view chunk) {
  std::size_t size = 0;
  while (size < chunk.size() && is_mark(chunk[size]) && chunk[size] == chunk[0]) ++size;
  return size <= 3 && size < chunk.size() ? chunk.substr(0, size) : std::string_view();
}

bool closes(std::string_view chunk, std::string_view mark) {
  return chunk.size() > mark.size() && chunk.ends_with(mark) && chunk[chunk.size() - mark.size() - 1] != mark[0];
}

void strip_emphasis(std::string_view text, std::vector<Span>& chunks) {
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const auto word = [&](std::size_t k) { return text.substr(chunks[k].start, chunks[k].size()); };
    const std::string_view mark = opening_mark(word(i));
    if (mark.empty()) continue;
    for (std::size_t j = i; j < chunks.size() && j < i + 200; ++j) {
      const std::size_t opening = j == i ? mark.size() : 0;
      if (!closes(word(j).substr(opening), mark)) continue;
      chunks[j].end -= mark.size();
      chunks[i].start += mark.size();
      break;
    }
  }
}

}  // namespace

std::vector<Line> spoken_lines(std::string_view text) {
  std::vector<Line> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = text.substr(start, end - start);
    if (!is_rule(line)) lines.push_back({start + skip_markers(line), end});
    start = end + 1;
  }
  return lines;
}

std::vector<Span> chunks_of(std::string_view text, Line line) {
  std::vector<Span> chunks;
  bool is_inside = false;
  std::size_t at = line.start;
  for_each_character(text.substr(line.start, line.end - line.start), [&](UChar32 c, std::string_view bytes) {
    const bool was_inside = is_inside;
    is_inside = !is_separator(c);
    if (is_inside && !was_inside) chunks.push_back({at, at});
    at += bytes.size();
    if (is_inside) chunks.back().end = at;
  });
  strip_emphasis(text, chunks);
  return chunks;
}

}  // namespace atelier::media::sound
