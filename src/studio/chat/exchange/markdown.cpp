// A thread as Markdown. What was said stands there as it was said: it is Markdown already.
#include <fmt/format.h>

#include <ranges>

#include "base/text.hpp"
#include "studio/chat/exchange/code_fence.hpp"
#include "studio/chat/exchange/imported_thread.hpp"

namespace atelier::studio {
namespace {

bool is_control(char letter) noexcept { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; }

// One line, with nothing in it that Markdown or HTML would take for more than a letter.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (std::string_view("\\`*_[]<>#|&").contains(letter)) out += '\\';
    out += is_control(letter) ? ' ' : letter;
  }
  return out;
}

// The time to the second: "2026-11-21 07:48:00 UTC"; "" where there is none.
std::string time_of(UnixMs time_ms) {
  if (time_ms == 0) return {};
  std::string time = format_rfc3339(time_ms).substr(0, 19);
  time[10] = ' ';
  return time + " UTC";
}

std::string fenced(std::string_view text, std::string_view language) {
  const std::string fence = exchange::code_fence(text);
  return fmt::format("{}{}\n{}{}{}", fence, language, text, text.ends_with('\n') ? "" : "\n", fence);
}

struct Fence {
  char letter = 0;  // 0: no code is open
  std::size_t length = 0;
};

// After a line: a fence is at least three of a kind, indented by less than four; what closes one is as long, and alone.
Fence after_line(Fence open, std::string_view line) {
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
  if (begin > 3 || begin == line.size()) return open;
  const char letter = line[begin];
  const std::size_t end = std::min(line.find_first_not_of(letter, begin), line.size());
  if ((letter != '`' && letter != '~') || end - begin < 3) return open;
  if (open.letter == 0) {
    const bool is_code = letter == '`' && line.substr(end).contains('`');  // "```x```" within a line
    return is_code ? open : Fence{letter, end - begin};
  }
  const bool closes = letter == open.letter && end - begin >= open.length && trim(line.substr(end)).empty();
  return closes ? Fence() : open;
}

// A text that was cut off in the middle of code would take all that follows for code.
std::string with_code_closed(std::string_view text) {
  Fence open;
  for (const auto line : std::views::split(text, '\n'))
    open = after_line(open, std::string_view(line.begin(), line.end()));
  std::string out(text);
  if (open.letter != 0)
    out += fmt::format("{}{}", text.ends_with('\n') ? "" : "\n", std::string(open.length, open.letter));
  return out;
}

// Within <details>, whose end must be ours.
std::string within_details(std::string_view text) {
  std::string out;
  for (const char letter : text)
    if (letter == '<')
      out += "&lt;";
    else
      out += letter;
  return out;
}

struct PartWriter {
  std::string operator()(const part::Text& said) const { return with_code_closed(said.text); }
  std::string operator()(const part::Reasoning& thought) const {
    return fmt::format("<details>\n<summary>Reasoning</summary>\n\n{}\n\n</details>",
                       with_code_closed(within_details(thought.text)));
  }
  std::string operator()(const part::Image& image) const {
    return fmt::format("*Image: asset {}*", image.asset.to_string());
  }
  std::string operator()(const part::File& file) const {
    return fmt::format("*File: {} ({}), asset {}*", escaped(file.name), escaped(file.media_type),
                       file.asset.to_string());
  }
  std::string operator()(const part::ToolCall& call) const {
    return fmt::format("**Call of {}**\n\n{}", escaped(call.name), fenced(call.arguments, "json"));
  }
  std::string operator()(const part::ToolResult& result) const {
    return fmt::format("**{} of {}**\n\n{}", result.is_error ? "Error" : "Result", escaped(result.name),
                       fenced(result.text, ""));
  }
  std::string operator()(const part::Failure& failure) const {
    return fmt::format("> **Error** ({}): {}", escaped(failure.code), escaped(failure.message));
  }
  std::string operator()(const part::Citation& citation) const {
    std::string url;
    for (const char letter : citation.url)
      if (std::string_view("<> \\").contains(letter) || is_control(letter))
        url += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(letter)));
      else
        url += letter;
    return fmt::format("- [{}](<{}>)", escaped(citation.title), url);
  }
};

std::string_view name_of(MessageRole role) noexcept {
  switch (role) {
    case MessageRole::user:
      return "User";
    case MessageRole::assistant:
      return "Assistant";
    case MessageRole::system:
      return "System";
  }
  return "";
}

std::string_view remark_on(MessageState state) noexcept {
  switch (state) {
    case MessageState::stopped:
      return "*Stopped by its reader.*";
    case MessageState::interrupted:
      return "*Interrupted: there is more that was not said.*";
    case MessageState::failed:
      return "*It ended with an error.*";
    case MessageState::answering:
    case MessageState::queued:
      return "*Still being answered.*";
    case MessageState::waiting:
      return "*Waiting for its reader to allow what the model wants to do.*";
    case MessageState::complete:
      return "";
  }
  return "";
}

void write(const ThreadMessage& message, std::string& out) {
  out += fmt::format("\n## {}", name_of(message.role));
  const std::string& model = message.report.model.empty() ? message.model : message.report.model;
  if (message.role == MessageRole::assistant && !model.empty()) out += fmt::format(" · {}", escaped(model));
  if (const std::string time = time_of(message.created_ms); !time.empty()) out += fmt::format(" · {}", time);
  out += '\n';
  bool was_citation = false;
  for (const MessagePart& one : message.parts) {
    const bool is_citation = std::holds_alternative<part::Citation>(one);
    // Citations stand together as one list.
    out += fmt::format("{}{}\n", is_citation && was_citation ? "" : "\n", std::visit(PartWriter(), one));
    was_citation = is_citation;
  }
  if (const auto remark = remark_on(message.state); !remark.empty()) out += fmt::format("\n{}\n", remark);
}

}  // namespace

std::string to_markdown(const ImportedThread& thread) {
  std::string out = fmt::format("# {}\n", thread.title.empty() ? "Untitled thread" : escaped(thread.title));
  std::string facts;
  if (!thread.model.empty()) facts += fmt::format("- Model: {}\n", escaped(thread.model));
  if (const std::string time = time_of(thread.created_ms); !time.empty()) facts += fmt::format("- Begun: {}\n", time);
  if (!thread.tags.empty()) {
    facts += "- Tags: ";
    for (std::size_t index = 0; index < thread.tags.size(); ++index)
      facts += fmt::format("{}{}", index == 0 ? "" : ", ", escaped(thread.tags[index]));
    facts += '\n';
  }
  if (!facts.empty()) out += '\n' + facts;
  if (!thread.system.empty()) out += fmt::format("\n## System prompt\n\n{}\n", with_code_closed(thread.system));
  // From the shown leaf up; a parent's number is always lower.
  std::vector<const ThreadMessage*> branch;
  for (std::int64_t number = thread.head; number > 0 && number <= std::ssize(thread.messages);
       number = branch.back()->parent)
    branch.push_back(&thread.messages[static_cast<std::size_t>(number - 1)]);
  for (const ThreadMessage* message : std::views::reverse(branch)) write(*message, out);
  return out;
}

}  // namespace atelier::studio
