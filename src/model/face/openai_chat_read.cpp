#include <fmt/format.h>

#include <limits>

#include "base/text.hpp"
#include "model/face/openai_chat_parts.hpp"
#include "model/loose_json.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::size_t kMessagesMax = 100'000;
constexpr std::size_t kToolsMax = 10'000;
constexpr std::size_t kStopsMax = 64;  // OpenAI takes 4, others more
constexpr std::int64_t kAnswersMax = 128;
constexpr std::int64_t kTopKMax = 1'000'000;

json::Object rest_of_request(const json::Object& body) {
  return loose::rest_of(body, {"model",
                               "messages",
                               "stream",
                               "stream_options",
                               "max_completion_tokens",
                               "max_tokens",
                               "temperature",
                               "top_p",
                               "top_k",
                               "n",
                               "stop",
                               "presence_penalty",
                               "frequency_penalty",
                               "seed",
                               "logprobs",
                               "top_logprobs",
                               "user",
                               "safety_identifier",
                               "reasoning",
                               "reasoning_effort",
                               "response_format",
                               "tools",
                               "tool_choice",
                               "parallel_tool_calls",
                               "functions",
                               "function_call"});
}

void read_limit(json::ObjectReader& reader, ChatRequest& request) {
  const auto now = read_token_limit(reader, "max_completion_tokens"), before = read_token_limit(reader, "max_tokens");
  if (now && before && *now != *before)
    reader.complain("max_tokens", "differs from max_completion_tokens: give one of them");
  request.output_tokens_max = now ? now : before;
}

void read_numbers(json::ObjectReader& reader, ChatRequest& request) {
  request.presence_penalty = reader.optional_number("presence_penalty", -2, 2);
  request.frequency_penalty = reader.optional_number("frequency_penalty", -2, 2);
  request.top_k = reader.optional_integer("top_k", 0, kTopKMax);
  request.seed = reader.optional_integer("seed", std::numeric_limits<std::int64_t>::min(),
                                         std::numeric_limits<std::int64_t>::max());
  request.answer_count = reader.optional_integer("n", 1, kAnswersMax).value_or(1);
  request.has_logprobs = reader.optional_bool("logprobs");
}

void read_stops(const json::Object& body, const Place& root, Complaint& complaint, ChatRequest& request) {
  const json::Value* stop = body.if_contains("stop");
  if (!stop || stop->is_null()) return;
  const Place at{&root, "stop"};
  if (stop->is_string()) {
    request.stop.emplace_back(loose::view_of(*stop));
    return;
  }
  const json::Array* list = stop->if_array();
  if (!list) return complaint.add(at, "must be a string or a list of strings");
  if (list->size() > kStopsMax)
    complaint.add(at, fmt::format("has {} entries, more than the {} allowed", list->size(), kStopsMax));
  for (std::size_t i = 0; i < list->size(); ++i) {
    if ((*list)[i].is_string())
      request.stop.emplace_back(loose::view_of((*list)[i]));
    else
      complaint.add(Place{&at, {}, i}, "must be a string");
  }
}

void read_stream_options(const json::Object& body, const Place& root, Complaint& complaint, ChatRequest& request) {
  const json::Value* value = body.if_contains("stream_options");
  if (!value || value->is_null()) return;
  const Place at{&root, "stream_options"};
  const json::Object* options = value->if_object();
  if (!options) return complaint.add(at, "must be an object");
  request.wants_usage = request.is_streamed && optional_flag(*options, at, "include_usage", complaint).value_or(false);
  json::Object rest = loose::rest_of(*options, {"include_usage"});
  if (!rest.empty() && request.is_streamed) request.extra["stream_options"] = std::move(rest);
}

// OpenAI's reasoning_effort, and OpenRouter's reasoning{effort, max_tokens, summary, enabled}.
void read_reasoning(json::ObjectReader& reader, const json::Object& body, const Place& root, Complaint& complaint,
                    ChatRequest& request) {
  const auto effort = reader.optional_string("reasoning_effort");
  ReasoningWish wish{.effort = effort.value_or("")};
  const json::Value* value = body.if_contains("reasoning");
  const bool has_object = value && !value->is_null();
  if (has_object) {
    const Place at{&root, "reasoning"};
    const json::Object* object = value->if_object();
    if (!object) return complaint.add(at, "must be an object");
    const std::string_view inner = loose::view_at(*object, "effort");
    if (effort && !inner.empty() && *effort != inner)
      complaint.add(Place{&at, "effort"}, "differs from reasoning_effort: give one of them");
    if (!inner.empty()) wish.effort = inner;
    if (const json::Value* budget = object->if_contains("max_tokens"); budget && budget->is_number())
      wish.budget_tokens = loose::integer_at(*object, "max_tokens");
    wish.summary = loose::text_at(*object, "summary");
    const auto is_enabled = optional_flag(*object, at, "enabled", complaint);
    if (is_enabled && !*is_enabled) wish.effort = "none";
    json::Object rest = loose::rest_of(*object, {"effort", "max_tokens", "summary", "enabled"});
    if (!rest.empty()) request.extra["reasoning"] = std::move(rest);
  }
  if (effort || has_object) request.reasoning = std::move(wish);
}

void read_tools(json::ObjectReader& reader, const Place& root, Complaint& complaint, ChatRequest& request) {
  const json::Array* tools = reader.optional_array("tools", kToolsMax);
  const Place at{&root, "tools"};
  for (std::size_t i = 0; tools && i < tools->size(); ++i)
    request.tools.push_back(read_tool((*tools)[i], Place{&at, {}, i}, Spelling::nested, complaint));
  if (const json::Value* choice = reader.optional_value("tool_choice"))
    request.tool_choice = read_tool_choice(*choice, Place{&root, "tool_choice"}, Spelling::nested, complaint);
}

// As it was before there were tools: functions[] and function_call. The answer must speak of functions too.
void read_functions(json::ObjectReader& reader, const Place& root, Complaint& complaint, ChatRequest& request) {
  const json::Array* functions = reader.optional_array("functions", kToolsMax);
  if (!functions) return;
  const Place at{&root, "functions"};
  for (std::size_t i = 0; i < functions->size(); ++i) {
    const json::Value tool = json::Object{{"type", "function"}, {"function", (*functions)[i]}};
    request.tools.push_back(read_tool(tool, Place{&at, {}, i}, Spelling::nested, complaint));
  }
  request.extra["functions"] = true;
  const json::Value* choice = reader.optional_value("function_call");
  if (!choice) return;
  json::Value said = *choice;
  if (said.is_object()) said = json::Object{{"type", "function"}, {"function", *choice}};
  request.tool_choice = read_tool_choice(said, Place{&root, "function_call"}, Spelling::nested, complaint);
}

void read_messages(json::ObjectReader& reader, const Place& root, Complaint& complaint, ChatRequest& request) {
  const json::Array* messages = reader.required_array("messages", kMessagesMax);
  if (!messages) return;
  const Place at{&root, "messages"};
  if (messages->empty()) complaint.add(at, "must not be empty");
  ChatMessageReader message_reader(complaint);
  request.messages.reserve(messages->size());
  for (std::size_t i = 0; i < messages->size(); ++i)
    request.messages.push_back(message_reader.read((*messages)[i], Place{&at, {}, i}));
}

}  // namespace

bool is_of_functions(const ChatRequest& request) { return request.extra.contains("functions"); }

Result<ChatRequest> read_chat_request(const json::Value& body) {
  ChatRequest request{.protocol = Protocol::openai_chat, .model = {}, .messages = {}};
  json::ObjectReader reader(body);
  const json::Object* object = body.if_object();
  if (!object) return error_of(reader.finish());
  Complaint complaint;
  const Place root;
  read_common_settings(reader, *object, request);
  read_limit(reader, request);
  read_numbers(reader, request);
  read_reasoning(reader, *object, root, complaint, request);
  if (const json::Value* format = reader.optional_value("response_format"))
    request.format = read_format(*format, Place{&root, "response_format"}, Spelling::nested, complaint);
  read_stops(*object, root, complaint, request);
  read_stream_options(*object, root, complaint, request);
  read_tools(reader, root, complaint, request);
  read_functions(reader, root, complaint, request);
  read_messages(reader, root, complaint, request);
  for (auto& [name, value] : rest_of_request(*object)) request.extra[name] = value;
  if (auto done = reader.finish_lenient(); !done) return error_of(done);
  if (complaint.error()) return std::unexpected(*complaint.error());
  return request;
}

}  // namespace atelier::model::openai
