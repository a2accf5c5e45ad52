// A conversation's messages in "messages" or "messagesTree": a list in which each names its parent, or, where the
// export was told to be recursive, each with its children within it.
#include <fmt/format.h>

#include "base/text.hpp"
#include "studio/chat/exchange/fields.hpp"
#include "studio/chat/exchange/message_tree.hpp"
#include "studio/chat/exchange/part_list.hpp"
#include "studio/chat/exchange/readers.hpp"

namespace atelier::studio::exchange {
namespace {

constexpr std::string_view kNoParent = "00000000-0000-0000-0000-000000000000";
// How thoughts stood in a message's text before it had parts.
constexpr std::string_view kThinkingBegins = ":::thinking\n", kThinkingEnds = "\n:::";

// A text, or {"value": text}.
std::string_view value_at(const json::Object& object, std::string_view name) noexcept {
  const json::Object* wrapped = object_at(object, name);
  return wrapped ? text_at(*wrapped, "value") : text_at(object, name);
}

std::string json_or_text(const json::Object& object, std::string_view name) {
  const json::Value* value = object.if_contains(name);
  if (!value || value->is_null()) return {};
  return value->is_string() ? std::string(text_of(*value)) : json::write(*value);
}

void read_tool_call(const json::Object& call, std::size_t place, PartList& parts) {
  // Calls of OpenAI's assistants hold what was called one level deeper, under the type's name.
  const std::string_view type = text_at(call, "type");
  const json::Object* within = object_at(call, type.empty() ? "function" : type);
  const json::Object& called = within ? *within : call;
  std::string name(text_at(called, "name"));
  if (name.empty()) name = type;
  std::string id(text_at(call, "id"));
  if (id.empty()) id = fmt::format("call_{}", place);
  std::string arguments = json_or_text(called, "args");
  for (const std::string_view other : {"arguments", "input"})
    if (arguments.empty()) arguments = json_or_text(called, other);
  parts.tool_call(id, name, arguments);
  std::string output = json_or_text(called, "output");
  if (output.empty()) output = json_or_text(called, "outputs");
  if (!output.empty()) parts.tool_result(id, name, output);
}

void read_part(const json::Object& part, std::size_t place, PartList& parts) {
  const std::string_view type = text_at(part, "type");
  if (type == "text") {
    parts.text(value_at(part, "text"));
  } else if (type == "think") {
    parts.reasoning(value_at(part, "think"));
  } else if (type == "tool_call") {
    if (const json::Object* call = object_at(part, "tool_call")) read_tool_call(*call, place, parts);
  } else if (type == "error") {
    const std::string_view text = value_at(part, "error");
    parts.failure("failed", text.empty() ? value_at(part, "text") : text);
  } else if (type == "image_file" || type == "image_url") {
    const json::Object* image = object_at(part, type);
    parts.mention("image", image ? text_at(*image, "filename") : std::string_view());
  } else if (type == "input_audio") {
    parts.mention("sound", "");
  } else if (type == "video_url") {
    parts.mention("video", "");
  } else {
    parts.skip("content", type);
  }
}

void read_text(std::string_view text, PartList& parts) {
  if (text.starts_with(kThinkingBegins))
    if (const std::size_t end = text.find(kThinkingEnds, kThinkingBegins.size() - 1); end != std::string_view::npos) {
      parts.reasoning(trim(text.substr(kThinkingBegins.size() - 1, end - kThinkingBegins.size() + 1)));
      text = trim(text.substr(end + kThinkingEnds.size()));
    }
  parts.text(text);
}

void read_files(const json::Object& message, PartList& parts) {
  if (const json::Array* files = array_at(message, "files"))
    for (const json::Value& value : *files)
      if (const json::Object* file = value.if_object())
        parts.mention(text_at(*file, "type").starts_with("image/") ? "image" : "file", text_at(*file, "filename"));
}

std::optional<ThreadMessage> read_message(const json::Object& message, const std::string& where, Skips& skips) {
  const bool is_user = is_true_at(message, "isCreatedByUser") ||
                       (!message.contains("isCreatedByUser") && text_at(message, "sender") == "User");
  PartList parts(skips, where);
  ThreadMessage read{.role = is_user ? MessageRole::user : MessageRole::assistant,
                     .parts = {},
                     .created_ms = time_at(message, "createdAt")};
  read_files(message, parts);
  const bool is_error = !is_user && is_true_at(message, "error");
  const json::Array* content = array_at(message, "content");
  bool has_content = false;
  for (std::size_t place = 0; content && place < content->size(); ++place) {
    const json::Value& part = (*content)[place];
    if (part.is_null()) continue;  // a place that the product left empty
    has_content = true;
    if (const json::Object* object = part.if_object())
      read_part(*object, place, parts);
    else
      parts.skip("content", "");
  }
  if (!has_content && is_error)
    parts.failure("failed", text_at(message, "text"));
  else if (!has_content)
    read_text(text_at(message, "text"), parts);
  if (parts.is_empty()) return std::nullopt;
  if (!is_user) {
    read.model = text_at(message, "model");
    read.report.finish = text_at(message, "finish_reason");
    if (is_true_at(message, "unfinished")) read.state = MessageState::interrupted;
    if (is_error) read.state = MessageState::failed;
  }
  read.parts = parts.take();
  if (is_error) end_with_failure(read.parts);
  return read;
}

struct Level {
  const json::Array* messages;
  std::size_t next = 0;
  std::string where;
  std::string parent;

  // Pointers grow with each level, and all of them together with its square: below some levels the id must do.
  static constexpr std::size_t kPointerBytesMax = 512;
  bool is_deep() const noexcept { return where.size() > kPointerBytesMax; }
  std::string where_is(std::size_t index, std::string_view id) const {
    return is_deep() ? fmt::format("{} and below, message {}", where, quoted(id)) : pointer_to(where, index);
  }
};

// All of them, children after their parents; false: there are too many. The nesting is as deep as the file has it.
bool read_nodes(const json::Array& messages, const std::string& where, std::vector<Node>& nodes, Skips& skips) {
  std::vector<Level> open;
  open.push_back({.messages = &messages, .where = where, .parent = {}});
  while (!open.empty()) {
    Level& level = open.back();
    if (level.next == level.messages->size()) {
      open.pop_back();
      continue;
    }
    const std::size_t index = level.next++;
    if (nodes.size() == kThreadMessagesMax) return false;
    const json::Object* message = (*level.messages)[index].if_object();
    if (!message) {
      skips.add(level.where_is(index, ""), "must be an object with a text or content");
      continue;
    }
    Node node{.id = std::string(text_at(*message, "messageId")), .parent = level.parent, .where = {}};
    node.where = level.where_is(index, node.id);
    if (node.id.empty()) node.id = fmt::format("#{}", nodes.size());
    if (open.size() == 1) {
      const std::string_view parent = text_at(*message, "parentMessageId");
      if (parent != kNoParent) node.parent = parent;
    }
    node.message = read_message(*message, node.where, skips);
    const json::Array* children = array_at(*message, "children");
    if (children && !children->empty()) {
      std::string below = level.is_deep() ? level.where : pointer_to(node.where, "children");
      open.push_back({.messages = children, .where = std::move(below), .parent = node.id});
    }
    nodes.push_back(std::move(node));
  }
  return true;
}

const json::Array* messages_of(const json::Object& object, std::string_view& name) noexcept {
  for (const std::string_view each : {"messagesTree", "messages"})
    if (const json::Array* messages = array_at(object, each)) {
      name = each;
      return messages;
    }
  return nullptr;
}

}  // namespace

bool is_librechat(const json::Object& object) noexcept {
  std::string_view name;
  return object.contains("conversationId") && messages_of(object, name);
}

std::optional<ImportedThread> read_librechat(const json::Object& object, const std::string& where, Skips& skips) {
  std::string_view name;
  const json::Array& messages = *messages_of(object, name);
  ImportedThread thread{.title = std::string(text_at(object, "title"))};
  if (const json::Object* options = object_at(object, "options")) {
    thread.model = text_at(*options, "model");
    for (const std::string_view prompt : {"promptPrefix", "system", "instructions"})
      if (thread.system.empty()) thread.system = text_at(*options, prompt);
  }
  if (const json::Array* tags = array_at(object, "tags"))
    for (const json::Value& tag : *tags) add_tag(thread, text_of(tag));
  std::vector<Node> nodes;
  if (!read_nodes(messages, pointer_to(where, name), nodes, skips)) {
    skips.add(where, fmt::format("has more than {} messages", kThreadMessagesMax));
    return std::nullopt;
  }
  plant(std::move(nodes), "", "", thread, skips);
  if (thread.messages.empty()) {
    skips.add(where, "has no message that can be shown");
    return std::nullopt;
  }
  complete(thread, where, skips);
  return thread;
}

}  // namespace atelier::studio::exchange
