#include "studio/chat/said_lines.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace atelier::studio {
namespace {

// Around a line: quotation marks of several languages, emphasis and code of Markdown.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kPairs = {{{"**", "**"},
                                                                                   {"__", "__"},
                                                                                   {"\"", "\""},
                                                                                   {"'", "'"},
                                                                                   {"`", "`"},
                                                                                   {"*", "*"},
                                                                                   {"_", "_"},
                                                                                   {"“", "”"},
                                                                                   {"„", "“"},
                                                                                   {"«", "»"},
                                                                                   {"「", "」"}}};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// "# ", "- ", "* ", "> ", "12. ", "3) "
std::string_view without_mark(std::string_view line) {
  std::size_t end = 0;
  if (line.starts_with('#')) {
    end = line.find_first_not_of('#');
  } else if (line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ ") || line.starts_with("> ")) {
    end = 1;
  } else if (line.starts_with("• ")) {
    end = std::string_view("•").size();
  } else {
    while (end < line.size() && is_digit(line[end])) ++end;
    const bool is_number =
        end > 0 && end < 4 && end + 1 < line.size() && (line[end] == '.' || line[end] == ')') && line[end + 1] == ' ';
    end = is_number ? end + 1 : 0;
  }
  if (end == std::string_view::npos) return {};
  return trim(line.substr(end));
}

std::string_view without_pairs(std::string_view line) {
  for (bool is_changed = true; is_changed;) {
    is_changed = false;
    for (const auto& [left, right] : kPairs)
      if (line.size() >= left.size() + right.size() && line.starts_with(left) && line.ends_with(right)) {
        line = trim(line.substr(left.size(), line.size() - left.size() - right.size()));
        is_changed = true;
      }
  }
  return line;
}

std::string cut(std::string line, std::size_t bytes_max) {
  if (line.size() <= bytes_max) return line;
  constexpr std::string_view kMore = "…";
  std::string kept(truncate_utf8(line, bytes_max - std::min(bytes_max, kMore.size())));
  if (const std::size_t space = kept.rfind(' '); space != std::string::npos && space > kept.size() / 2)
    kept.resize(space);
  return kept + std::string(kMore);
}

// One space for each run of white space and control characters.
std::string joined(std::string_view line) {
  std::string out;
  for (const char c : line) {
    const bool is_space = static_cast<unsigned char>(c) <= ' ' || c == 127;
    if (!is_space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  return out;
}

}  // namespace

std::vector<std::string> said_lines(std::string_view text, std::size_t count_max, std::size_t bytes_max) {
  constexpr std::string_view kThought = "<think>", kThoughtEnd = "</think>";
  text = trim(text);
  if (text.starts_with(kThought)) {
    const std::size_t end = text.find(kThoughtEnd);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + kThoughtEnd.size());
  }
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < count_max) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("```")) continue;
    std::string plain = cut(joined(without_pairs(without_mark(line))), bytes_max);
    const bool says_something = std::ranges::any_of(plain, [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    });
    if (says_something && std::ranges::find(lines, plain) == lines.end()) lines.push_back(std::move(plain));
  }
  return lines;
}

}  // namespace atelier::studio
