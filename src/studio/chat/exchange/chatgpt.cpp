// A conversation is a "mapping" of nodes by id, each with its parent, its children in order, and a message or none.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.hpp"
#include "studio/chat/exchange/chatgpt_content.hpp"
#include "studio/chat/exchange/fields.hpp"
#include "studio/chat/exchange/message_tree.hpp"
#include "studio/chat/exchange/readers.hpp"

namespace atelier::studio::exchange {
namespace {

// How far up a tool's result looks for the call it answers: past hidden and thinking messages.
constexpr int kStepsToCallMax = 64;

const json::Object* message_of(const json::Object& mapping, std::string_view id) noexcept {
  const json::Object* node = object_at(mapping, id);
  return node ? object_at(*node, "message") : nullptr;
}

// The id of the call that a tool's message answers: what comes right before it. "": there is none.
std::string_view call_before(const json::Object& mapping, const json::Object& result) noexcept {
  std::string_view id = text_at(result, "parent");
  for (int step = 0; step < kStepsToCallMax && !id.empty(); ++step) {
    const json::Object* node = object_at(mapping, id);
    if (!node) return {};
    const json::Object* message = object_at(*node, "message");
    if (message && !chatgpt::is_hidden(*message) && !chatgpt::is_reasoning(*message)) {
      const bool is_call = chatgpt::role_of(*message) == "assistant" && !chatgpt::tool_called(*message).empty();
      if (!is_call) return {};
      if (!trim(chatgpt::plain_text(*message)).empty()) return id;
    }
    id = text_at(*node, "parent");
  }
  return {};
}

void read_tool_result(const json::Object& mapping, const std::string& id, const json::Object& node,
                      const json::Object& message, PartList& parts) {
  const json::Object* author = object_at(message, "author");
  const std::string_view tool = author ? text_at(*author, "name") : std::string_view();
  const std::string_view call = call_before(mapping, node);
  const std::string text = chatgpt::plain_text(message);
  if (!call.empty() || !trim(text).empty()) {
    // A result that nobody asked for gets a call of its own: models take none without.
    if (call.empty()) parts.tool_call(id, tool, "");
    parts.tool_result(call.empty() ? id : call, tool, text, chatgpt::content_type(message) == "system_error");
  }
  chatgpt::read_found(message, parts);
}

MessageState state_of(std::string_view status) noexcept {
  if (status == "in_progress") return MessageState::interrupted;
  if (status == "finished_partial_completion") return MessageState::stopped;
  if (status == "error") return MessageState::failed;
  return MessageState::complete;
}

ThreadMessage answer_of(const json::Object& message, PartList parts) {
  ThreadMessage answer{.role = MessageRole::assistant, .state = state_of(text_at(message, "status")), .parts = {}};
  if (const json::Object* metadata = object_at(message, "metadata")) {
    answer.model = text_at(*metadata, "model_slug");
    if (const json::Object* finish = object_at(*metadata, "finish_details"))
      answer.report.finish = text_at(*finish, "type");
  }
  answer.parts = parts.take();
  if (answer.state == MessageState::failed) end_with_failure(answer.parts);
  return answer;
}

std::optional<ThreadMessage> read_message(const json::Object& mapping, const std::string& id, const json::Object& node,
                                          const std::string& where, Skips& skips) {
  const json::Object* message = object_at(node, "message");
  if (!message) return std::nullopt;
  const std::string_view role = chatgpt::role_of(*message);
  PartList parts(skips, pointer_to(where, "message"));
  ThreadMessage read;
  if (role == "tool") {
    // Hidden or not: a call that is shown needs its result.
    if (chatgpt::is_hidden(*message) && call_before(mapping, node).empty()) return std::nullopt;
    read_tool_result(mapping, id, node, *message, parts);
    if (parts.is_empty()) return std::nullopt;
    read = answer_of(*message, std::move(parts));
  } else if (role.empty()) {
    skips.add(pointer_to(where, "message"), "has no author's role of system, user, assistant or tool");
    return std::nullopt;
  } else if (chatgpt::is_hidden(*message)) {
    return std::nullopt;
  } else if (role == "assistant") {
    if (const std::string_view tool = chatgpt::tool_called(*message); tool.empty()) {
      chatgpt::read_said(*message, parts);
    } else if (const std::string asked = chatgpt::plain_text(*message); !trim(asked).empty()) {
      parts.tool_call(id, tool, asked);
    }
    if (parts.is_empty()) return std::nullopt;
    read = answer_of(*message, std::move(parts));
  } else {
    chatgpt::read_said(*message, parts);
    if (parts.is_empty()) return std::nullopt;
    read.role = role == "user" ? MessageRole::user : MessageRole::system;
    read.parts = parts.take();
  }
  read.created_ms = time_at(*message, "create_time");
  return read;
}

// What the user wants every answer to know.
std::string instructions_of(const json::Object& message) {
  std::string all;
  if (chatgpt::content_type(message) != "user_editable_context") return all;
  const json::Object& content = *object_at(message, "content");
  for (const std::string_view name : {"user_profile", "user_instructions"})
    if (const auto text = trim(text_at(content, name)); !text.empty())
      all += fmt::format("{}{}", all.empty() ? "" : "\n\n", text);
  return all;
}

// Its place among its siblings, as its parent tells it; the last where it does not.
std::unordered_map<std::string_view, std::size_t> places_among_siblings(const json::Object& mapping) {
  std::unordered_map<std::string_view, std::size_t> places;
  for (const auto& field : mapping)
    if (const json::Object* node = field.value().if_object())
      if (const json::Array* children = array_at(*node, "children"))
        for (std::size_t place = 0; place < children->size(); ++place)
          places.emplace(text_of((*children)[place]), place);
  return places;
}

}  // namespace

bool is_chatgpt(const json::Object& object) noexcept { return object.contains("mapping"); }

std::optional<ImportedThread> read_chatgpt(const json::Object& object, const std::string& where, Skips& skips) {
  const json::Object* mapping = object_at(object, "mapping");
  if (!mapping) {
    skips.add(pointer_to(where, "mapping"), "must be an object of messages");
    return std::nullopt;
  }
  if (mapping->size() > kThreadMessagesMax) {
    skips.add(where, fmt::format("has {} messages, more than {}", mapping->size(), kThreadMessagesMax));
    return std::nullopt;
  }
  ImportedThread thread{.title = std::string(text_at(object, "title")),
                        .model = std::string(text_at(object, "default_model_slug")),
                        .is_pinned = is_true_at(object, "is_starred") || number_at(object, "pinned_time").has_value(),
                        .is_archived = is_true_at(object, "is_archived"),
                        .created_ms = time_at(object, "create_time"),
                        .used_ms = time_at(object, "update_time")};
  std::vector<Node> nodes;
  nodes.reserve(mapping->size());
  for (const auto& field : *mapping) {
    const std::string id(field.key());
    Node made{.id = id, .parent = {}, .where = pointer_to(pointer_to(where, "mapping"), id)};
    if (const json::Object* node = field.value().if_object()) {
      made.parent = text_at(*node, "parent");
      made.message = read_message(*mapping, id, *node, made.where, skips);
      made.continues = made.message && made.message->role == MessageRole::assistant;
      const json::Object* message = message_of(*mapping, id);
      made.is_open = made.continues && !is_true_at(*message, "end_turn");
      if (message && thread.system.empty()) thread.system = instructions_of(*message);
    } else {
      skips.add(made.where, "must be an object with a message");
    }
    nodes.push_back(std::move(made));
  }
  const auto places = places_among_siblings(*mapping);
  std::ranges::stable_sort(nodes, {}, [&](const Node& node) {
    const auto found = places.find(node.id);
    return found == places.end() ? kThreadMessagesMax : found->second;
  });
  plant(std::move(nodes), text_at(object, "current_node"), pointer_to(where, "current_node"), thread, skips);
  if (thread.messages.empty()) {
    skips.add(where, "has no message that can be shown");
    return std::nullopt;
  }
  complete(thread, where, skips);
  return thread;
}

}  // namespace atelier::studio::exchange
