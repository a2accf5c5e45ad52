#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::model {

// A piece of a section that can be quoted by itself, as it stands in the manual.
struct Passage {
  enum class Kind : std::uint8_t { paragraph, item, row, code };
  Kind kind = Kind::paragraph;
  std::string text = {};
  std::string head = {};       // of a row: its table's first two lines
  bool is_introduced = false;  // the paragraph before it ends with a colon, and says what it is about
};

struct ManualSection {
  std::string title;   // of a page's beginning: the page's
  std::string anchor;  // unique in its page; empty: the page's beginning
  int level = 1;       // of its heading, 1 to 3
  std::string text;    // Markdown, its heading left out
  std::vector<Passage> passages = {};
};

struct ManualPage {
  std::string name;  // "chat": what stands in its address
  std::string title;
  std::vector<ManualSection> sections = {};  // never empty
};

// "Chat: Branches"; of a page's beginning, the page's title.
std::string full_title(const ManualPage& page, const ManualSection& section);
// Where it can be read in the studio: "/help/chat#branches".
std::string manual_address(const ManualPage& page, const ManualSection& section);

// The manual's files as the build found them: name and Markdown, in the order to be read.
struct ManualFile {
  std::string_view name, text;
};
std::span<const ManualFile> manual_files();

// Links between the files become addresses in the studio; links to what is no page of the manual, and pictures, become
// their words.
std::vector<ManualPage> read_manual(std::span<const ManualFile> files);

// The manual of this build. Made when first asked for, lives as long as the process. Thread-safe.
const std::vector<ManualPage>& manual();

}  // namespace atelier::model
