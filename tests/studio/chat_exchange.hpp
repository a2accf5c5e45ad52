#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "studio/chat/exchange/imported_thread.hpp"
#include "studio/chat/thread.hpp"

// What tests of exports share: files of other products, threads in few words, and what holds of each that is taken.
namespace atelier::studio {

inline std::string file_bytes(const std::string& name) {
  std::ifstream file(ATELIER_SOURCE_DIR "/tests/data/chat/" + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline Import imported(std::string_view bytes) {
  auto import = read_export(bytes);
  if (!import) throw std::runtime_error(import.error().describe());
  return std::move(*import);
}

inline Error refused(std::string_view bytes) {
  auto import = read_export(bytes);
  if (import) throw std::runtime_error("the file was taken");
  return import.error();
}

struct PartInWords {
  std::string operator()(const part::Text& text) const { return fmt::format("text({})", text.text); }
  std::string operator()(const part::Reasoning& thought) const { return fmt::format("reasoning({})", thought.text); }
  std::string operator()(const part::Image& image) const { return fmt::format("image({})", image.asset.to_string()); }
  std::string operator()(const part::File& file) const { return fmt::format("file({})", file.name); }
  std::string operator()(const part::ToolCall& call) const {
    return fmt::format("call({} {} {})", call.id, call.name, call.arguments);
  }
  std::string operator()(const part::ToolResult& result) const {
    return fmt::format("result({} {} {}{})", result.id, result.name, result.text, result.is_error ? " error" : "");
  }
  std::string operator()(const part::Failure& failure) const { return fmt::format("failure({})", failure.message); }
  std::string operator()(const part::Citation& citation) const {
    return fmt::format("citation({} {})", citation.title, citation.url);
  }
};

// "2<1 assistant stopped: text(About a day)": number, parent, role, state where it is not complete, parts.
inline std::string in_words(const ThreadMessage& message) {
  std::string words = fmt::format("{}<{} {}", message.number, message.parent, to_string(message.role));
  if (message.state != MessageState::complete) words += fmt::format(" {}", to_string(message.state));
  words += ':';
  for (const MessagePart& one : message.parts) words += ' ' + std::visit(PartInWords(), one);
  return words;
}

inline std::vector<std::string> in_words(const ImportedThread& thread) {
  std::vector<std::string> words;
  for (const ThreadMessage& message : thread.messages) words.push_back(in_words(message));
  return words;
}

inline std::vector<std::string> in_words(const std::vector<Skipped>& skipped) {
  std::vector<std::string> words;
  for (const Skipped& one : skipped) words.push_back(fmt::format("{}: {}", one.where, one.reason));
  return words;
}

// What holds of every thread that is taken, whatever the file was.
inline void expect_sound(const ImportedThread& thread) {
  std::vector<bool> has_children(thread.messages.size() + 1);
  for (std::size_t index = 0; index < thread.messages.size(); ++index) {
    const ThreadMessage& message = thread.messages[index];
    ASSERT_EQ(message.number, static_cast<std::int64_t>(index) + 1);
    ASSERT_GE(message.parent, 0);
    ASSERT_LT(message.parent, message.number);
    has_children[static_cast<std::size_t>(message.parent)] = true;
    ASSERT_NE(message.state, MessageState::answering);
    ASSERT_NE(message.state, MessageState::queued);
    if (message.state == MessageState::failed) {
      ASSERT_TRUE(!message.parts.empty() && std::holds_alternative<part::Failure>(message.parts.back()));
    }
    // What is stored can be read again, and what a caller sends within its limits, too.
    const store::MessageRow row = to_row(message, ThreadId(), UserId());
    const auto parts = json::parse(row.parts);
    ASSERT_TRUE(parts.has_value());
    const auto read = parse_parts(parts->get_array(), "/parts", PartsFrom::import);
    ASSERT_TRUE(read.has_value()) << read.error().describe();
    ASSERT_TRUE(from_row(row).has_value());
  }
  ASSERT_EQ(thread.head > 0, !thread.messages.empty());
  ASSERT_LE(thread.head, std::ssize(thread.messages));
  if (thread.head > 0) {
    ASSERT_FALSE(has_children[static_cast<std::size_t>(thread.head)]) << "the head is a leaf";
  }
  ASSERT_LE(thread.title.size(), kThreadTitleBytesMax);
  ASSERT_LE(thread.system.size(), kSystemBytesMax);
  ASSERT_LE(thread.tags.size(), kThreadTagsMax);
}

inline void expect_same(const ImportedThread& left, const ImportedThread& right) {
  EXPECT_EQ(left.title, right.title);
  EXPECT_EQ(left.system, right.system);
  EXPECT_EQ(left.model, right.model);
  EXPECT_EQ(left.tags, right.tags);
  EXPECT_EQ(left.is_pinned, right.is_pinned);
  EXPECT_EQ(left.is_archived, right.is_archived);
  EXPECT_EQ(left.created_ms, right.created_ms);
  EXPECT_EQ(left.used_ms, right.used_ms);
  EXPECT_EQ(left.head, right.head);
  ASSERT_EQ(left.messages.size(), right.messages.size());
  for (std::size_t index = 0; index < left.messages.size(); ++index) {
    const store::MessageRow a = to_row(left.messages[index], ThreadId(), UserId());
    const store::MessageRow b = to_row(right.messages[index], ThreadId(), UserId());
    EXPECT_EQ(a.number, b.number);
    EXPECT_EQ(a.parent, b.parent);
    EXPECT_EQ(a.role, b.role);
    EXPECT_EQ(a.state, b.state);
    EXPECT_EQ(a.model, b.model);
    EXPECT_EQ(a.created_ms, b.created_ms);
    EXPECT_EQ(a.parts, b.parts);
    EXPECT_EQ(a.report, b.report);
  }
}

using Words = std::vector<std::string>;

}  // namespace atelier::studio
