#include "studio/chat/exchange/open_webui_blocks.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>

#include "base/json.hpp"
#include "base/text.hpp"
#include "studio/chat/exchange/fields.hpp"

namespace atelier::studio::exchange {
namespace {

constexpr std::string_view kOpens = "<details", kCloses = "</details>", kSummaryEnds = "</summary>";

using Attributes = std::map<std::string_view, std::string_view, std::less<>>;

struct Block {
  std::size_t begin = 0, end = 0;  // in the content
  Attributes attributes = {};      // values as they stand there, escaped
  std::string_view body = {};      // without its summary
};

struct Tag {
  std::size_t end = 0;  // behind its '>'
  Attributes attributes = {};
};

// Attributes of a tag whose name ends at `at`. nullopt: it is none. Never looks beyond the next tag, so that a text
// full of beginnings is read in one go.
std::optional<Tag> read_tag(std::string_view text, std::size_t at) {
  Tag tag;
  for (;;) {
    at = text.find_first_not_of(" \t\r\n", at);
    if (at == std::string_view::npos || text[at] == '<') return std::nullopt;
    if (text[at] == '>') {
      tag.end = at + 1;
      return tag;
    }
    const std::size_t name_end = text.find_first_of("= \t\r\n><", at);
    if (name_end == std::string_view::npos) return std::nullopt;
    if (text.substr(name_end, 2) != "=\"") {
      at = text[name_end] == '=' ? name_end + 1 : name_end;
      continue;
    }
    const std::size_t value_end = text.find('"', name_end + 2);
    if (value_end == std::string_view::npos) return std::nullopt;
    tag.attributes.emplace(text.substr(at, name_end - at), text.substr(name_end + 2, value_end - name_end - 2));
    at = value_end + 1;
  }
}

// Where the </details> begins that closes what is open at `at`.
std::size_t find_close(std::string_view text, std::size_t at) {
  std::size_t open = text.find(kOpens, at), close = text.find(kCloses, at);
  for (std::size_t depth = 1; close != std::string_view::npos;) {
    if (open < close) {
      ++depth;
      open = text.find(kOpens, open + kOpens.size());
    } else if (--depth == 0) {
      break;
    } else {
      close = text.find(kCloses, close + kCloses.size());
    }
  }
  return close;
}

bool is_known(const Attributes& attributes) {
  const auto type = attributes.find("type");
  return type != attributes.end() &&
         (type->second == "reasoning" || type->second == "tool_calls" || type->second == "code_interpreter");
}

std::optional<Block> find_block(std::string_view text) {
  for (std::size_t begin = text.find(kOpens); begin != std::string_view::npos;
       begin = text.find(kOpens, begin + kOpens.size())) {
    auto tag = read_tag(text, begin + kOpens.size());
    if (!tag || !is_known(tag->attributes)) continue;
    const std::size_t close = find_close(text, tag->end);
    if (close == std::string_view::npos) return std::nullopt;
    std::string_view body = trim(text.substr(tag->end, close - tag->end));
    if (body.starts_with("<summary>"))
      if (const std::size_t summary_end = body.find(kSummaryEnds); summary_end != std::string_view::npos)
        body = trim(body.substr(summary_end + kSummaryEnds.size()));
    return Block{.begin = begin, .end = close + kCloses.size(), .attributes = std::move(tag->attributes), .body = body};
  }
  return std::nullopt;
}

std::string unescaped(std::string_view html) {
  constexpr std::array<std::pair<std::string_view, char>, 7> kEntities{{{"&lt;", '<'},
                                                                        {"&gt;", '>'},
                                                                        {"&amp;", '&'},
                                                                        {"&quot;", '"'},
                                                                        {"&#x27;", '\''},
                                                                        {"&#39;", '\''},
                                                                        {"&#34;", '"'}}};
  std::string out;
  while (!html.empty()) {
    bool is_entity = false;
    for (const auto& [entity, letter] : kEntities)
      if (html.starts_with(entity)) {
        out += letter;
        html.remove_prefix(entity.size());
        is_entity = true;
        break;
      }
    if (is_entity) continue;
    // Up to the next that may be one.
    const std::size_t next = std::min(html.find('&', 1), html.size());
    out += html.substr(0, next);
    html.remove_prefix(next);
  }
  return out;
}

// Thoughts are kept as a quotation: "> " before each line.
std::string unquoted(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.starts_with('>')) line.remove_prefix(line.starts_with("> ") ? 2 : 1);
    out += line;
    if (end < text.size()) out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// A text that was written as JSON before it was escaped; twice, where a version did so.
std::string decoded(std::string_view escaped) {
  std::string text = unescaped(escaped);
  if (text.starts_with('"'))
    if (const auto value = json::parse(text); value && value->is_string()) text = text_of(*value);
  return text;
}

std::string_view attribute(const Block& block, std::string_view name) {
  const auto found = block.attributes.find(name);
  return found == block.attributes.end() ? std::string_view() : found->second;
}

void read_block(const Block& block, std::size_t count, PartList& parts) {
  const std::string_view type = attribute(block, "type");
  if (type == "reasoning") {
    parts.reasoning(trim(unquoted(unescaped(block.body))));
    return;
  }
  const bool is_code = type == "code_interpreter";
  std::string id = unescaped(attribute(block, "id"));
  if (id.empty()) id = fmt::format("call_{}", count);
  const std::string name = is_code ? "code_interpreter" : unescaped(attribute(block, "name"));
  parts.tool_call(id, name, is_code ? unescaped(block.body) : decoded(attribute(block, "arguments")));
  if (const std::string_view output = attribute(block, is_code ? "output" : "result"); !output.empty())
    parts.tool_result(id, name, decoded(output));
  else if (!is_code && !block.body.empty())
    parts.tool_result(id, name, decoded(block.body));
}

}  // namespace

void read_blocks(std::string_view content, PartList& parts) {
  std::size_t count = 0;
  while (const auto block = find_block(content)) {
    parts.text(trim(content.substr(0, block->begin)));
    read_block(*block, ++count, parts);
    content.remove_prefix(block->end);
  }
  parts.text(count == 0 ? content : trim(content));
}

}  // namespace atelier::studio::exchange
