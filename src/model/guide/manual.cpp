#include "model/guide/manual.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"

namespace atelier::model {
namespace {

constexpr int kHeadingLevelMax = 3;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool is_fence(std::string_view line) { return trim(line).starts_with("```"); }

// 0: no heading.
int heading_level(std::string_view line) {
  const std::size_t marks = std::min(line.find_first_not_of('#'), line.size());
  const bool is_heading = marks > 0 && marks < line.size() && line[marks] == ' ';
  return is_heading && marks <= kHeadingLevelMax ? static_cast<int>(marks) : 0;
}

std::string anchor_of(std::string_view title) {
  std::string anchor;
  for (const char c : title) {
    if (c >= 'A' && c <= 'Z')
      anchor.push_back(static_cast<char>(c - 'A' + 'a'));
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')
      anchor.push_back(c);
    else if (c == ' ' || c == '-')
      anchor.push_back('-');
  }
  return anchor;
}

// The page that a link between files means: "../docs/chat.md" is "chat", and a README goes by its folder's name.
std::string page_named_by(std::string_view path) {
  if (!path.ends_with(".md")) return {};
  path.remove_suffix(3);
  const std::size_t slash = path.rfind('/');
  std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (name == "README" && slash != std::string_view::npos) {
    const std::string_view folder = path.substr(0, slash);
    name = folder.substr(folder.rfind('/') + 1);
    if (name == "..") name = "readme";
  }
  return name == "README" ? std::string("readme") : std::string(name);
}

// Where a link of this page leads in the studio; empty: nowhere.
std::string address_of_link(std::string_view target, std::string_view page, std::span<const ManualFile> files) {
  if (target.starts_with("https://") || target.starts_with("http://")) return std::string(target);
  const std::size_t mark = std::min(target.find('#'), target.size());
  const std::string_view section = target.substr(mark);
  if (mark == 0) return fmt::format("/help/{}{}", page, section);
  const std::string name = page_named_by(target.substr(0, mark));
  const bool is_page = std::ranges::find(files, name, &ManualFile::name) != files.end();
  return is_page ? fmt::format("/help/{}{}", name, section) : std::string();
}

// One line outside code. Our manual's links stand within a line and hold no brackets.
std::string with_studio_links(std::string_view line, std::string_view page, std::span<const ManualFile> files) {
  std::string out;
  for (;;) {
    const std::size_t open = line.find('[');
    const std::size_t middle = open == std::string_view::npos ? open : line.find("](", open);
    const std::size_t end = middle == std::string_view::npos ? middle : line.find(')', middle);
    if (end == std::string_view::npos || line.find(']', open) != middle) {
      // No link here; what looked like one may hide another behind it.
      if (open == std::string_view::npos) return out.append(line);
      out.append(line.substr(0, open + 1));
      line.remove_prefix(open + 1);
      continue;
    }
    const bool is_picture = open > 0 && line[open - 1] == '!';
    const std::string_view words = line.substr(open + 1, middle - open - 1);
    const std::string address = address_of_link(line.substr(middle + 2, end - middle - 2), page, files);
    out.append(line.substr(0, is_picture ? open - 1 : open));
    if (!is_picture && !address.empty())
      out.append(fmt::format("[{}]({})", words, address));
    else if (!is_picture)
      out.append(words);
    line.remove_prefix(end + 1);
  }
}

std::string with_studio_links_outside_code(std::string_view text, std::string_view page,
                                           std::span<const ManualFile> files) {
  std::string out;
  bool is_in_fence = false;
  for (const std::string_view line : lines_of(text)) {
    if (is_fence(line)) is_in_fence = !is_in_fence;
    out += is_in_fence ? std::string(line) : with_studio_links(line, page, files);
    out += '\n';
  }
  return out;
}

enum class LineKind : std::uint8_t { blank, text, item, row };

LineKind kind_of(std::string_view line) {
  const std::string_view trimmed = trim(line);
  if (trimmed.empty()) return LineKind::blank;
  if (line.starts_with("- ") || line.starts_with("* ")) return LineKind::item;
  return trimmed.starts_with('|') ? LineKind::row : LineKind::text;
}

// Whether a line goes on with the one before, which was broken only so that the file is easy to read. The page breaks
// lines where they are broken.
bool goes_on(std::string_view before, std::string_view line) {
  if (kind_of(before) == LineKind::blank || kind_of(before) == LineKind::row || before.ends_with("  ")) return false;
  if (kind_of(line) != LineKind::text) return false;
  const std::string_view trimmed = trim(line);
  const bool is_nested_item = trimmed.starts_with("- ") || trimmed.starts_with("* ");
  const bool is_numbered = trimmed.find_first_not_of("0123456789") == trimmed.find(". ") && trimmed.find(". ") > 0;
  return !is_nested_item && !is_numbered && !trimmed.starts_with('>');
}

std::vector<Passage> split_passages(std::string_view text) {
  std::vector<Passage> passages;
  std::string table_head;
  int table_lines = 0;
  bool is_new = true, is_introduced = false;
  const auto begin = [&](Passage::Kind kind, std::string_view line) {
    if (!passages.empty() && passages.back().kind == Passage::Kind::paragraph)
      is_introduced = passages.back().text.ends_with(':');
    else if (is_new && kind == Passage::Kind::paragraph)
      is_introduced = false;
    passages.push_back({.kind = kind, .text = std::string(line), .is_introduced = is_introduced});
    is_new = false;
  };
  const auto extend = [&](std::string_view line) { passages.back().text.append("\n").append(line); };
  bool is_in_fence = false;
  for (const std::string_view line : lines_of(text)) {
    if (is_fence(line) || is_in_fence) {
      const bool opens = !is_in_fence;
      if (is_fence(line)) is_in_fence = opens;
      if (opens)
        begin(Passage::Kind::code, line);
      else
        extend(line);
      if (!is_in_fence) is_new = true;
      continue;
    }
    const LineKind kind = kind_of(line);
    if (kind != LineKind::row) table_lines = 0;
    if (kind == LineKind::blank) {
      is_new = true;
    } else if (kind == LineKind::row) {
      if (++table_lines == 1)
        table_head = line;
      else if (table_lines == 2)
        table_head.append("\n").append(line);
      else
        begin(Passage::Kind::row, line), passages.back().head = table_head;
      is_new = true;
    } else if (kind == LineKind::item) {
      begin(Passage::Kind::item, line);
    } else if (is_new || passages.empty()) {
      begin(Passage::Kind::paragraph, line);
    } else {
      extend(line);
    }
  }
  return passages;
}

ManualPage read_page(const ManualFile& file, std::span<const ManualFile> files) {
  ManualPage page{.name = std::string(file.name), .title = std::string(file.name)};
  page.sections.push_back({.title = {}, .anchor = {}, .text = {}});
  std::map<std::string, int> anchors;
  bool is_in_fence = false;
  std::string_view before;  // outside of code
  for (const std::string_view line : lines_of(file.text)) {
    if (is_fence(line)) is_in_fence = !is_in_fence;
    const int level = is_in_fence ? 0 : heading_level(line);
    if (level == 0) {
      std::string& text = page.sections.back().text;
      const bool joins = !is_in_fence && !is_fence(line) && goes_on(before, line);
      if (joins) text.back() = ' ';
      text += joins ? trim(line) : line;
      text += '\n';
      before = is_in_fence || is_fence(line) ? std::string_view() : line;
      continue;
    }
    before = {};
    const std::string title(trim(line.substr(static_cast<std::size_t>(level))));
    if (level == 1) {
      page.title = title;
      continue;
    }
    std::string anchor = anchor_of(title);
    if (const int earlier = anchors[anchor]++; earlier > 0) anchor += fmt::format("-{}", earlier);
    page.sections.push_back({.title = title, .anchor = std::move(anchor), .level = level, .text = {}});
  }
  page.sections.front().title = page.title;
  for (ManualSection& section : page.sections) {
    section.text = std::string(trim(with_studio_links_outside_code(section.text, file.name, files)));
    section.passages = split_passages(section.text);
  }
  return page;
}

}  // namespace

std::string full_title(const ManualPage& page, const ManualSection& section) {
  return section.anchor.empty() ? page.title : fmt::format("{}: {}", page.title, section.title);
}

std::string manual_address(const ManualPage& page, const ManualSection& section) {
  return section.anchor.empty() ? fmt::format("/help/{}", page.name)
                                : fmt::format("/help/{}#{}", page.name, section.anchor);
}

std::vector<ManualPage> read_manual(std::span<const ManualFile> files) {
  std::vector<ManualPage> pages;
  for (const ManualFile& file : files) pages.push_back(read_page(file, files));
  return pages;
}

const std::vector<ManualPage>& manual() {
  static const std::vector<ManualPage>* const pages = new std::vector<ManualPage>(read_manual(manual_files()));
  return *pages;
}

}  // namespace atelier::model
