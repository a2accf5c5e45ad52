// A chat's history is "messages" by id, each with its parent, and "currentId". Chats from before branches have a list.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "studio/chat/exchange/fields.hpp"
#include "studio/chat/exchange/message_tree.hpp"
#include "studio/chat/exchange/open_webui_blocks.hpp"
#include "studio/chat/exchange/readers.hpp"

namespace atelier::studio::exchange {
namespace {

// Texts of a list of {"text": ...}, or a text alone.
std::string texts_at(const json::Object& object, std::string_view name) {
  std::string all(text_at(object, name));
  if (const json::Array* pieces = array_at(object, name))
    for (const json::Value& piece : *pieces)
      if (const json::Object* text = piece.if_object()) all += text_at(*text, "text");
  return all;
}

std::string arguments_at(const json::Object& object) {
  const json::Object* arguments = object_at(object, "arguments");
  return arguments ? json::write(*arguments) : std::string(text_at(object, "arguments"));
}

// One of an answer's "output", which newer versions keep beside its text.
void read_output(const json::Object& item, PartList& parts) {
  const std::string_view type = text_at(item, "type");
  if (type == "message") {
    parts.text(texts_at(item, "content"));
  } else if (type == "reasoning") {
    const std::string summary = texts_at(item, "summary");
    parts.reasoning(summary.empty() ? texts_at(item, "content") : summary);
  } else if (type == "function_call") {
    parts.tool_call(text_at(item, "call_id"), text_at(item, "name"), arguments_at(item));
  } else if (type == "function_call_output") {
    parts.tool_result(text_at(item, "call_id"), text_at(item, "name"), texts_at(item, "output"));
  } else if (type == "open_webui:code_interpreter") {
    parts.tool_call(text_at(item, "id"), "code_interpreter", text_at(item, "code"));
    if (const json::Object* output = object_at(item, "output"))
      parts.tool_result(text_at(item, "id"), "code_interpreter", json::write(*output));
    else if (!text_at(item, "output").empty())
      parts.tool_result(text_at(item, "id"), "code_interpreter", text_at(item, "output"));
  } else {
    parts.skip("output", type);
  }
}

void read_content(const json::Object& message, MessageRole role, PartList& parts) {
  if (role == MessageRole::assistant) {
    if (const json::Array* output = array_at(message, "output"))
      for (const json::Value& item : *output)
        if (const json::Object* object = item.if_object()) read_output(*object, parts);
    if (parts.is_empty()) read_blocks(text_at(message, "content"), parts);
  } else {
    parts.text(text_at(message, "content"));
  }
  const json::Array* pieces = array_at(message, "content");
  if (!pieces) return;
  for (const json::Value& piece : *pieces) {
    const json::Object* object = piece.if_object();
    const std::string_view type = object ? text_at(*object, "type") : std::string_view();
    if (object && type == "text")
      parts.text(text_at(*object, "text"));
    else if (type == "image_url")
      parts.mention("image", "");
    else
      parts.skip("content", type);
  }
}

void read_files(const json::Object& message, PartList& parts) {
  if (const json::Array* files = array_at(message, "files"))
    for (const json::Value& value : *files)
      if (const json::Object* file = value.if_object())
        parts.mention(text_at(*file, "type") == "image" ? "image" : "file", text_at(*file, "name"));
}

void read_sources(const json::Object& message, PartList& parts) {
  for (const std::string_view name : {"sources", "citations"})
    if (const json::Array* sources = array_at(message, name))
      for (const json::Value& value : *sources) {
        const json::Object* entry = value.if_object();
        if (!entry) continue;
        const json::Object* source = object_at(*entry, "source");
        const std::string_view title = source ? text_at(*source, "name") : std::string_view();
        if (source) parts.citation(title, text_at(*source, "url"));
        if (const json::Array* documents = array_at(*entry, "metadata"))
          for (const json::Value& document : *documents)
            if (const json::Object* facts = document.if_object()) {
              const std::string_view own = text_at(*facts, "title");
              parts.citation(own.empty() ? title : own, text_at(*facts, "source"));
            }
      }
}

// {"error": {"content": "..."}}, a text, or true where the content is the error.
bool read_error(const json::Object& message, PartList& parts) {
  const json::Value* error = message.if_contains("error");
  if (!error || error->is_null() || (error->is_bool() && !error->get_bool())) return false;
  std::string_view said = text_of(*error);
  if (const json::Object* object = error->if_object())
    said = text_at(*object, text_at(*object, "content").empty() ? "message" : "content");
  parts.failure("failed", said.empty() ? "The answer ended with an error." : said);
  return true;
}

// OpenAI's names, and Ollama's.
std::optional<model::Usage> usage_of(const json::Object& message) {
  const json::Object* told = object_at(message, "usage");
  if (!told) told = object_at(message, "info");
  if (!told) return std::nullopt;
  const auto first = [&](std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names)
      if (const std::int64_t count = count_at(*told, name)) return count;
    return std::int64_t{0};
  };
  model::Usage usage;
  usage.input = first({"prompt_tokens", "input_tokens", "prompt_eval_count"});
  usage.output = first({"completion_tokens", "output_tokens", "eval_count"});
  return usage.is_nothing() ? std::nullopt : std::optional(usage);
}

std::optional<ThreadMessage> read_message(const json::Object& message, const std::string& where, Skips& skips) {
  const auto role = parse_message_role(text_at(message, "role"));
  if (!role) {
    skips.add(pointer_to(where, "role"),
              fmt::format("is {}, none of user, assistant and system", quoted(text_at(message, "role"))));
    return std::nullopt;
  }
  PartList parts(skips, where);
  ThreadMessage read{.role = *role, .parts = {}, .created_ms = time_at(message, "timestamp")};
  read_files(message, parts);
  read_content(message, *role, parts);
  read_sources(message, parts);
  const json::Value* done = message.if_contains("done");
  if (*role == MessageRole::assistant) {
    if (done && done->is_bool() && !done->get_bool()) read.state = MessageState::interrupted;
    read.model = text_at(message, "model");
    read.report.usage = usage_of(message);
  }
  const bool is_failed = read_error(message, parts) && *role == MessageRole::assistant;
  if (parts.is_empty()) return std::nullopt;
  read.parts = parts.take();
  if (is_failed) {
    read.state = MessageState::failed;
    end_with_failure(read.parts);
  }
  return read;
}

Node read_node(const json::Value& value, std::string id, const std::string& where, Skips& skips) {
  Node node{.id = std::move(id), .parent = {}, .where = where};
  const json::Object* message = value.if_object();
  if (!message) {
    skips.add(where, "must be an object with a role and content");
    return node;
  }
  node.parent = text_at(*message, "parentId");
  node.message = read_message(*message, where, skips);
  return node;
}

// By id, siblings in the order that their parents tell.
std::vector<Node> read_history(const json::Object& messages, const std::string& where, Skips& skips) {
  std::vector<Node> nodes;
  for (const auto& field : messages)
    nodes.push_back(read_node(field.value(), std::string(field.key()), pointer_to(where, field.key()), skips));
  return nodes;
}

// A list: each follows the one before it where it does not say otherwise.
std::vector<Node> read_list(const json::Array& messages, const std::string& where, Skips& skips) {
  std::vector<Node> nodes;
  for (std::size_t index = 0; index < messages.size(); ++index) {
    const json::Object* message = messages[index].if_object();
    std::string id(message ? text_at(*message, "id") : std::string_view());
    if (id.empty()) id = fmt::format("#{}", index);
    nodes.push_back(read_node(messages[index], std::move(id), pointer_to(where, index), skips));
    if (index > 0 && (!message || !message->contains("parentId"))) nodes.back().parent = nodes[index - 1].id;
  }
  return nodes;
}

std::string system_of(const json::Object& chat) {
  if (const json::Object* parameters = object_at(chat, "params"))
    if (const auto system = text_at(*parameters, "system"); !system.empty()) return std::string(system);
  return std::string(text_at(chat, "system"));
}

void read_tags(const json::Object& holder, ImportedThread& thread) {
  if (const json::Array* tags = array_at(holder, "tags"))
    for (const json::Value& tag : *tags) {
      const json::Object* object = tag.if_object();
      add_tag(thread, object ? text_at(*object, "name") : text_of(tag));
    }
}

// The chat within the row that exports hold; a row's chat alone is one, too.
const json::Object* chat_of(const json::Object& object) noexcept {
  const json::Object* chat = object_at(object, "chat");
  return chat ? chat : object_at(object, "history") ? &object : nullptr;
}

}  // namespace

bool is_open_webui(const json::Object& object) noexcept {
  const json::Object* chat = chat_of(object);
  return chat && (object_at(*chat, "history") || array_at(*chat, "messages"));
}

std::optional<ImportedThread> read_open_webui(const json::Object& object, const std::string& where, Skips& skips) {
  const json::Object& chat = *chat_of(object);
  const std::string chat_where = &chat == &object ? where : pointer_to(where, "chat");
  const json::Object* history = object_at(chat, "history");
  const json::Object* messages = history ? object_at(*history, "messages") : nullptr;
  const json::Array* list = messages ? nullptr : array_at(chat, "messages");
  const std::size_t count = messages ? messages->size() : list ? list->size() : 0;
  if (count > kThreadMessagesMax) {
    skips.add(where, fmt::format("has {} messages, more than {}", count, kThreadMessagesMax));
    return std::nullopt;
  }
  const std::string_view title = text_at(object, "title");
  ImportedThread thread{.title = std::string(title.empty() ? text_at(chat, "title") : title),
                        .system = system_of(chat),
                        .is_pinned = is_true_at(object, "pinned"),
                        .is_archived = is_true_at(object, "archived"),
                        .created_ms = time_at(object, "created_at"),
                        .used_ms = time_at(object, "updated_at")};
  if (thread.created_ms == 0) thread.created_ms = time_at(chat, "timestamp");
  if (const json::Array* models = array_at(chat, "models"); models && !models->empty())
    thread.model = text_of(models->front());
  if (const json::Object* meta = object_at(object, "meta")) read_tags(*meta, thread);
  read_tags(chat, thread);
  const std::string history_where = pointer_to(chat_where, "history");
  if (messages)
    plant(read_history(*messages, pointer_to(history_where, "messages"), skips), text_at(*history, "currentId"),
          pointer_to(history_where, "currentId"), thread, skips);
  else if (list)
    plant(read_list(*list, pointer_to(chat_where, "messages"), skips), "", "", thread, skips);
  if (thread.messages.empty()) {
    skips.add(where, "has no message that can be shown");
    return std::nullopt;
  }
  complete(thread, where, skips);
  return thread;
}

}  // namespace atelier::studio::exchange
