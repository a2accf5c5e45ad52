#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>

#include "base/json.hpp"
#include "tests/double/client.hpp"

namespace atelier::doubles {
namespace {

const json::Value* find(const json::Value& value, std::string_view pointer) {
  boost::json::error_code ec;
  return value.find_pointer(boost::json::string_view(pointer.data(), pointer.size()), ec);
}
std::string text_of(const json::Value& value, std::string_view pointer) {
  const json::Value* found = find(value, pointer);
  return found && found->is_string() ? std::string(found->as_string()) : std::string();
}
std::int64_t number_of(const json::Value& value, std::string_view pointer) {
  const json::Value* found = find(value, pointer);
  return found && found->is_int64()    ? found->as_int64()
         : found && found->is_uint64() ? static_cast<std::int64_t>(found->as_uint64())
                                       : 0;
}
bool has(const json::Value& value, std::string_view pointer) {
  const json::Value* found = find(value, pointer);
  return found && !found->is_null();
}

// What one event or whole answer tells a client. One for each answer.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void take(std::string_view event, const json::Value& data) = 0;
  virtual void take_whole(const json::Value& body) = 0;
  virtual bool take_marker(std::string_view) { return false; }  // data that is no JSON, such as [DONE]
  Heard heard;

 protected:
  void complain(std::string what) {
    if (heard.complaints.size() < 8) heard.complaints.push_back(std::move(what));
  }
  void demand(bool is_so, std::string_view what) {
    if (!is_so) complain(std::string(what));
  }
  bool take_error(const json::Value& data) {
    if (!has(data, "/error")) return false;
    const std::string bare = text_of(data, "/error"), message = text_of(data, "/error/message");
    heard.errors.push_back(!message.empty() ? message : bare);
    demand(!heard.errors.back().empty(), "an error says nothing");
    return true;
  }
};

class ChatListener final : public Listener {
 public:
  bool take_marker(std::string_view marker) override {
    if (marker != "[DONE]") return false;
    ++heard.end_count;
    return true;
  }

  void take(std::string_view event, const json::Value& data) override {
    demand(event.empty(), "a chat stream's events have no names");
    demand(heard.end_count == 0, "an event after [DONE]");
    if (take_error(data)) return;
    demand(text_of(data, "/object") == "chat.completion.chunk", "a chunk is no chat.completion.chunk");
    heard.start_count = 1;
    heard.ids.insert(text_of(data, "/id"));
    const json::Value* choices = find(data, "/choices");
    if (!choices || !choices->is_array()) return complain("a chunk without choices");
    if (has(data, "/usage")) take_usage(data);
    const bool says_something =
        !choices->as_array().empty() || has(data, "/usage") || has(data, "/prompt_filter_results");
    demand(says_something, "a chunk that says nothing");
    for (const json::Value& choice : choices->as_array())
      if (number_of(choice, "/index") == 0) take_choice(choice);
  }

  void take_whole(const json::Value& body) override {
    if (take_error(body)) return;
    demand(text_of(body, "/object") == "chat.completion", "it is no chat.completion");
    demand(!text_of(body, "/id").empty(), "it has no id");
    heard.text = text_of(body, "/choices/0/message/content");
    heard.reasoning = text_of(body, "/choices/0/message/reasoning_content");
    heard.finish = text_of(body, "/choices/0/finish_reason");
    if (const json::Value* calls = find(body, "/choices/0/message/tool_calls"); calls && calls->is_array())
      for (const json::Value& call : calls->as_array())
        heard.calls.push_back(
            {text_of(call, "/id"), text_of(call, "/function/name"), text_of(call, "/function/arguments")});
    if (has(body, "/usage")) take_usage(body);
    heard.end_count = 1;
  }

 private:
  void take_usage(const json::Value& data) {
    ++heard.usage_count;
    heard.input_tokens = number_of(data, "/usage/prompt_tokens");
    heard.output_tokens = number_of(data, "/usage/completion_tokens");
  }

  void take_choice(const json::Value& choice) {
    demand(heard.finish.empty(), "a choice goes on after its finish");
    heard.text += text_of(choice, "/delta/content");
    heard.reasoning += text_of(choice, "/delta/reasoning_content");
    if (const json::Value* calls = find(choice, "/delta/tool_calls"); calls && calls->is_array())
      for (const json::Value& call : calls->as_array()) take_call(call);
    const std::string finish = text_of(choice, "/finish_reason");
    if (!finish.empty()) heard.finish = finish;
  }

  void take_call(const json::Value& call) {
    if (!has(call, "/index")) return complain("a tool call without index");
    const auto index = static_cast<std::size_t>(number_of(call, "/index"));
    if (index > heard.calls.size() || index > 1000) return complain("a tool call's index skips one");
    const std::string id = text_of(call, "/id"), name = text_of(call, "/function/name");
    if (index == heard.calls.size()) {
      demand(!id.empty() && !name.empty(), "a tool call begins without id or name");
      heard.calls.push_back({id, name, text_of(call, "/function/arguments")});
      return;
    }
    demand(id.empty() || id == heard.calls[index].id, "a tool call's id changes");
    demand(name.empty() || name == heard.calls[index].name, "a tool call's name changes");
    heard.calls[index].arguments += text_of(call, "/function/arguments");
  }
};

class ResponsesListener final : public Listener {
 public:
  void take(std::string_view event, const json::Value& data) override {
    const std::string type = text_of(data, "/type");
    demand(event == type, fmt::format("an event {} of type {}", event, type));
    demand(heard.end_count == 0, "an event after the end");
    if (type == "error") {
      const std::string nested = text_of(data, "/error/message");
      heard.errors.push_back(nested.empty() ? text_of(data, "/message") : nested);
      demand(!heard.errors.back().empty(), "an error says nothing");
      return;
    }
    if (type == "response.failed") {
      // The service tells the same failure twice, the second time within the response.
      if (heard.errors.empty()) heard.errors.push_back(text_of(data, "/response/error/message"));
      demand(!heard.errors.back().empty(), "an error says nothing");
      return;
    }
    const std::int64_t number = has(data, "/sequence_number") ? number_of(data, "/sequence_number") : -1;
    demand(number == next_number_, fmt::format("sequence number {} where {} is next", number, next_number_));
    next_number_ = number + 1;
    demand((type == "response.created") == (number == 0), "a stream begins with response.created, once");
    if (has(data, "/response")) heard.ids.insert(text_of(data, "/response/id"));
    if (type == "response.created") ++heard.start_count;
    if (type == "response.output_item.added") add_item(data);
    if (type == "response.output_text.delta") heard.text += said(data, "/delta");
    if (type == "response.content_part.added")
      demand(parts_.insert(part_of(data)).second, "a part of an item is added twice");
    if (type == "response.content_part.done")
      demand(parts_.erase(part_of(data)) == 1, "a part of an item ends that is not open");
    if (type == "response.output_text.done")
      demand(heard.text.ends_with(text_of(data, "/text")), "the text's end says other words than its deltas");
    if (type == "response.reasoning_summary_text.delta" || type == "response.reasoning_text.delta")
      heard.reasoning += said(data, "/delta");
    if (type == "response.function_call_arguments.delta") call_of(data).arguments += said(data, "/delta");
    if (type == "response.function_call_arguments.done")
      demand(call_of(data).arguments == text_of(data, "/arguments"),
             "the arguments' end says other words than their deltas");
    if (type == "response.output_item.done") open_.erase(number_of(data, "/output_index"));
    if (type == "response.completed" || type == "response.incomplete") take_end(data);
  }

  void take_whole(const json::Value& body) override {
    if (take_error(body)) return;
    demand(text_of(body, "/object") == "response", "it is no response");
    demand(!text_of(body, "/id").empty(), "it has no id");
    heard.finish = text_of(body, "/status");
    heard.text = text_in(body);
    if (const json::Value* output = find(body, "/output"); output && output->is_array())
      for (const json::Value& item : output->as_array())
        if (text_of(item, "/type") == "function_call")
          heard.calls.push_back({text_of(item, "/call_id"), text_of(item, "/name"), text_of(item, "/arguments")});
    take_usage(body);
    heard.end_count = 1;
  }

 private:
  static std::string text_in(const json::Value& response) {
    std::string text;
    const json::Value* output = find(response, "/output");
    if (!output || !output->is_array()) return text;
    for (const json::Value& item : output->as_array())
      if (const json::Value* content = find(item, "/content");
          content && content->is_array() && text_of(item, "/type") == "message")
        for (const json::Value& part : content->as_array()) text += text_of(part, "/text");
    return text;
  }

  std::string said(const json::Value& data, std::string_view pointer) {
    const auto item = open_.find(number_of(data, "/output_index"));
    if (item == open_.end())
      complain("a delta of an item that is not open");
    else
      demand(item->second.id == text_of(data, "/item_id"), "a delta names another item than its place");
    return text_of(data, pointer);
  }

  static std::string part_of(const json::Value& data) {
    return fmt::format("{}/{}", number_of(data, "/output_index"), number_of(data, "/content_index"));
  }

  void add_item(const json::Value& data) {
    const std::int64_t index = number_of(data, "/output_index");
    demand(index == next_index_++, "an item's index skips one");
    demand(open_.emplace(index, Item{text_of(data, "/item/id"), heard.calls.size()}).second, "an item is added twice");
    if (text_of(data, "/item/type") == "function_call")
      heard.calls.push_back({text_of(data, "/item/call_id"), text_of(data, "/item/name"), {}});
  }

  Heard::Call& call_of(const json::Value& data) {
    static Heard::Call nobody;
    const auto found = open_.find(number_of(data, "/output_index"));
    if (found != open_.end() && found->second.call < heard.calls.size()) return heard.calls[found->second.call];
    complain("arguments of no call");
    nobody = {};
    return nobody;
  }

  void take_usage(const json::Value& response) {
    if (!has(response, "/usage")) return;
    ++heard.usage_count;
    heard.input_tokens = number_of(response, "/usage/input_tokens");
    heard.output_tokens = number_of(response, "/usage/output_tokens");
  }

  void take_end(const json::Value& data) {
    ++heard.end_count;
    heard.finish = text_of(data, "/response/status");
    demand(open_.empty(), "the response ends with an item still open");
    demand(text_in(*find(data, "/response")) == heard.text, "the whole response says other words than its deltas");
    take_usage(*find(data, "/response"));
  }

  struct Item {
    std::string id;
    std::size_t call;  // it would be
  };
  std::int64_t next_number_ = 0, next_index_ = 0;
  std::map<std::int64_t, Item> open_;  // by output index
  std::set<std::string> parts_;        // that are open
};

class AnthropicListener final : public Listener {
 public:
  void take(std::string_view event, const json::Value& data) override {
    const std::string type = text_of(data, "/type");
    demand(event == type, fmt::format("an event {} of type {}", event, type));
    if (type == "ping") return;
    demand(heard.end_count == 0, "an event after message_stop");
    if (type == "error") {
      (void)take_error(data);
      return;
    }
    demand((type == "message_start") == (heard.start_count == 0), "a stream begins with message_start, once");
    if (type == "message_start") {
      ++heard.start_count;
      heard.ids.insert(text_of(data, "/message/id"));
      take_usage(data, "/message/usage");
    }
    if (type == "content_block_start") start_block(data);
    if (type == "content_block_delta") take_delta(data);
    if (type == "content_block_stop") {
      demand(open_ == number_of(data, "/index"), "a block ends that is not open");
      open_.reset();
    }
    if (type == "message_delta") {
      demand(!open_, "message_delta with a block still open");
      heard.finish = text_of(data, "/delta/stop_reason");
      take_usage(data, "/usage");
    }
    if (type == "message_stop") ++heard.end_count;
  }

  void take_whole(const json::Value& body) override {
    if (take_error(body)) {
      demand(text_of(body, "/type") == "error", "an error without its type");
      return;
    }
    demand(text_of(body, "/type") == "message" && text_of(body, "/role") == "assistant",
           "it is no message of the assistant");
    demand(!text_of(body, "/id").empty(), "it has no id");
    heard.finish = text_of(body, "/stop_reason");
    const json::Value* content = find(body, "/content");
    if (!content || !content->is_array()) return complain("a message without content");
    for (const json::Value& block : content->as_array()) {
      heard.text += text_of(block, "/text");
      heard.reasoning += text_of(block, "/thinking");
      if (text_of(block, "/type") == "tool_use")
        heard.calls.push_back({text_of(block, "/id"), text_of(block, "/name"), json::write(*find(block, "/input"))});
    }
    take_usage(body, "/usage");
    heard.end_count = 1;
  }

 private:
  void take_usage(const json::Value& data, const std::string& pointer) {
    if (!has(data, pointer)) return;
    ++heard.usage_count;
    if (has(data, pointer + "/input_tokens")) heard.input_tokens = number_of(data, pointer + "/input_tokens");
    heard.output_tokens = number_of(data, pointer + "/output_tokens");
  }

  void start_block(const json::Value& data) {
    demand(!open_, "a block begins within another");
    open_ = number_of(data, "/index");
    demand(*open_ == next_index_++, "a block's index skips one");
    type_ = text_of(data, "/content_block/type");
    if (type_ == "tool_use")
      heard.calls.push_back({text_of(data, "/content_block/id"), text_of(data, "/content_block/name"), {}});
    heard.text += text_of(data, "/content_block/text");
  }

  void take_delta(const json::Value& data) {
    demand(open_ == number_of(data, "/index"), "a delta of a block that is not open");
    const std::string type = text_of(data, "/delta/type");
    if (type == "text_delta") demand(type_ == "text", "a text delta in a block of another type");
    if (type == "input_json_delta" && (type_ != "tool_use" || heard.calls.empty()))
      return complain("arguments in a block of another type");
    heard.text += text_of(data, "/delta/text");
    heard.reasoning += text_of(data, "/delta/thinking");
    if (type == "input_json_delta") heard.calls.back().arguments += text_of(data, "/delta/partial_json");
  }

  std::optional<std::int64_t> open_;
  std::int64_t next_index_ = 0;
  std::string type_;
};

class GeminiListener final : public Listener {
 public:
  void take(std::string_view event, const json::Value& data) override {
    demand(event.empty(), "a Gemini stream's events have no names");
    demand(heard.end_count == 0, "an event after the finish");
    take_response(data);
    if (heard.errors.empty()) heard.start_count = 1;
  }
  void take_whole(const json::Value& body) override { take_response(body); }

 private:
  void take_response(const json::Value& body) {
    if (take_error(body)) return;
    const json::Value* parts = find(body, "/candidates/0/content/parts");
    if (parts && parts->is_array())
      for (const json::Value& part : parts->as_array()) {
        const json::Value* thought = find(part, "/thought");
        const bool is_thought = thought && thought->is_bool() && thought->as_bool();
        (is_thought ? heard.reasoning : heard.text) += text_of(part, "/text");
        if (const json::Value* call = find(part, "/functionCall")) {
          const json::Value* arguments = find(*call, "/args");
          heard.calls.push_back(
              {text_of(*call, "/id"), text_of(*call, "/name"), arguments ? json::write(*arguments) : "{}"});
        }
      }
    if (has(body, "/usageMetadata")) {
      ++heard.usage_count;
      heard.input_tokens = number_of(body, "/usageMetadata/promptTokenCount");
      heard.output_tokens = number_of(body, "/usageMetadata/candidatesTokenCount");
    }
    heard.finish = text_of(body, "/candidates/0/finishReason");
    if (heard.finish.empty()) heard.finish = text_of(body, "/promptFeedback/blockReason");
    if (!heard.finish.empty()) ++heard.end_count;
  }
};

class OllamaListener final : public Listener {
 public:
  void take(std::string_view, const json::Value& data) override {
    demand(heard.end_count == 0, "a line after the last");
    take_whole(data);
    if (heard.errors.empty()) heard.start_count = 1;
  }
  void take_whole(const json::Value& body) override {
    if (take_error(body)) return;
    heard.text += text_of(body, "/message/content");
    heard.reasoning += text_of(body, "/message/thinking");
    if (const json::Value* calls = find(body, "/message/tool_calls"); calls && calls->is_array())
      for (const json::Value& call : calls->as_array())
        heard.calls.push_back(
            {text_of(call, "/id"), text_of(call, "/function/name"), json::write(*find(call, "/function/arguments"))});
    const json::Value* done = find(body, "/done");
    if (!done || !done->is_bool() || !done->as_bool()) return;
    ++heard.end_count;
    heard.finish = text_of(body, "/done_reason");
    if (!has(body, "/eval_count")) return;
    ++heard.usage_count;
    heard.input_tokens = number_of(body, "/prompt_eval_count");
    heard.output_tokens = number_of(body, "/eval_count");
  }
};

std::unique_ptr<Listener> make_listener(Wire wire) {
  switch (wire) {
    case Wire::openai_chat:
      return std::make_unique<ChatListener>();
    case Wire::openai_responses:
      return std::make_unique<ResponsesListener>();
    case Wire::anthropic:
      return std::make_unique<AnthropicListener>();
    case Wire::gemini:
      return std::make_unique<GeminiListener>();
    case Wire::ollama:
      return std::make_unique<OllamaListener>();
  }
  return nullptr;
}

void take_data(Listener& listener, std::string_view event, std::string_view data) {
  if (event.empty() && listener.take_marker(data)) return;
  const auto value = json::parse(data);
  if (value && value->is_object())
    listener.take(event, *value);
  else if (listener.heard.complaints.size() < 8)
    listener.heard.complaints.push_back(fmt::format("an event that is no JSON object: {}", data.substr(0, 80)));
}

// Server-sent events, their lines ended by LF, CR LF or CR.
void take_events(Listener& listener, std::string_view body) {
  std::string event, data;
  bool has_data = false;
  while (!body.empty()) {
    const std::size_t end = body.find_first_of("\r\n");
    if (end == std::string_view::npos) break;  // a line that was cut counts for nothing
    const std::string_view line = body.substr(0, end);
    body.remove_prefix(body.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    if (line.empty()) {
      if (has_data) take_data(listener, event, data);
      event.clear();
      data.clear();
      has_data = false;
    } else if (line.starts_with("data:")) {
      if (has_data) data += '\n';
      data += line.substr(line.starts_with("data: ") ? 6 : 5);
      has_data = true;
    } else if (line.starts_with("event:")) {
      event = line.substr(line.starts_with("event: ") ? 7 : 6);
    }
  }
}

void take_lines(Listener& listener, std::string_view body) {
  while (!body.empty()) {
    const std::size_t end = body.find('\n');
    if (end == std::string_view::npos) break;
    if (end > 0) take_data(listener, "", body.substr(0, end));
    body.remove_prefix(end + 1);
  }
}

}  // namespace

std::string Heard::describe() const {
  std::string out = fmt::format("text \"{}\" ({} bytes), finish {}, {} starts, {} ends", text.substr(0, 80),
                                text.size(), finish, start_count, end_count);
  for (const std::string& error : errors) out += "; error: " + error.substr(0, 200);
  for (const std::string& complaint : complaints) out += "; complaint: " + complaint;
  return out;
}

Heard hear(Wire wire, Delivery delivery, std::string_view body) {
  const auto listener = make_listener(wire);
  if (delivery == Delivery::streamed) {
    if (wire == Wire::ollama)
      take_lines(*listener, body);
    else
      take_events(*listener, body);
    return std::move(listener->heard);
  }
  const auto value = json::parse(body);
  if (value && value->is_object())
    listener->take_whole(*value);
  else
    listener->heard.complaints.push_back(fmt::format("a body that is no JSON object: {}", body.substr(0, 80)));
  return std::move(listener->heard);
}

}  // namespace atelier::doubles
