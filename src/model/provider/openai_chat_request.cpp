#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "model/face/face.hpp"
#include "model/loose_json.hpp"
#include "model/provider/json_patch.hpp"
#include "model/provider/openai_chat_parts.hpp"
#include "model/provider/openai_tools.hpp"
#include "model/provider/openai_wire.hpp"
#include "model/tool_text.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::string_view kPath = "/chat/completions";
constexpr std::size_t kShortIdSize = 9;

Streamed streamed(const ChatRequest& request) { return request.is_streamed ? Streamed::yes : Streamed::no; }

template <class T>
void put(json::Object& body, std::string_view name, const std::optional<T>& value) {
  if (value) body[name] = *value;
}

void write_sampling(const ChatRequest& request, const Quirks& quirks, json::Object& body) {
  put(body, quirks.token_limit_name == Quirks::TokenLimitName::max_tokens ? "max_tokens" : "max_completion_tokens",
      request.output_tokens_max);
  put(body, "temperature", request.temperature);
  put(body, "top_p", request.top_p);
  // A wish of another protocol's caller is left out where this server would refuse it.
  if (quirks.has_top_k || request.protocol == Protocol::openai_chat) put(body, "top_k", request.top_k);
  put(body, "presence_penalty", request.presence_penalty);
  put(body, "frequency_penalty", request.frequency_penalty);
  put(body, quirks.seed_name, request.seed);
  put(body, "logprobs", request.has_logprobs);
  put(body, "top_logprobs", request.top_logprobs);
  if (request.answer_count != 1) body["n"] = request.answer_count;
  if (!request.stop.empty()) {
    json::Array stop;
    for (const std::string& sequence : request.stop) stop.emplace_back(sequence);
    body["stop"] = std::move(stop);
  }
}

void write_tooling(const ChatRequest& request, const Quirks& quirks, json::Object& body) {
  const bool is_same = request.protocol == Protocol::openai_chat;
  json::Array tools = write_tools(request.tools, {.spelling = Spelling::nested,
                                                  .protocol = Protocol::openai_chat,
                                                  .has_extra = is_same,
                                                  .has_cache_control = quirks.takes_cache_control});
  // Neither is legal without tools.
  if (tools.empty()) return;
  body["tools"] = std::move(tools);
  if (request.tool_choice)
    body["tool_choice"] = write_tool_choice(*request.tool_choice, request.tools, Spelling::nested);
  put(body, "parallel_tool_calls", request.has_parallel_tool_calls);
}

// What of a caller's fields this adapter writes itself.
bool is_written_here(std::string_view name) {
  return name == "functions" || name == "stream_options" || name == "reasoning";
}

const json::Object* own_extra(const ChatRequest& request, std::string_view name) {
  return request.protocol == Protocol::openai_chat ? loose::object_at(request.extra, name) : nullptr;
}

void write_reasoning(const ChatRequest& request, const Quirks& quirks, json::Object& body) {
  const json::Object* rest = own_extra(request, "reasoning");
  if (!quirks.has_reasoning_object && !rest) {
    const std::string effort = request.reasoning ? effort_of(*request.reasoning) : std::string();
    if (!effort.empty()) body["reasoning_effort"] = effort;
    return;
  }
  json::Object wish = rest ? *rest : json::Object();
  if (request.reasoning) {
    // One or the other.
    if (request.reasoning->budget_tokens)
      wish["max_tokens"] = *request.reasoning->budget_tokens;
    else if (!request.reasoning->effort.empty())
      wish["effort"] = request.reasoning->effort;
    if (!request.reasoning->summary.empty() && request.protocol != Protocol::anthropic)
      wish["summary"] = request.reasoning->summary;
    if (wish.empty()) wish["enabled"] = true;
  }
  if (!wish.empty()) body["reasoning"] = std::move(wish);
}

void write_stream(const ChatRequest& request, const Quirks& quirks, json::Object& body) {
  if (!request.is_streamed) return;
  body["stream"] = true;
  if (!quirks.has_stream_options) return;
  const json::Object* rest = own_extra(request, "stream_options");
  json::Object options = rest ? *rest : json::Object();
  options["include_usage"] = true;
  body["stream_options"] = std::move(options);
}

void write_extra(const ChatRequest& request, json::Object& body) {
  const json::Value* safety =
      request.protocol == Protocol::openai_chat ? request.extra.if_contains("safety_identifier") : nullptr;
  const bool is_said_already = safety && loose::view_of(*safety) == request.end_user;
  if (!request.end_user.empty() && !is_said_already) body["user"] = request.end_user;
  if (request.protocol != Protocol::openai_chat) return;
  for (const auto& [name, value] : request.extra)
    if (!is_written_here(name)) body.emplace(name, value);
}

// Nine letters and digits. The same id gives the same one, so that calls and results still meet.
std::string short_call_id(const std::string& id) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const auto is_plain = [&](char c) { return kDigits.find(c) != std::string_view::npos; };
  if (id.size() == kShortIdSize && std::ranges::all_of(id, is_plain)) return id;
  std::uint64_t hash = quick_hash(id);
  std::string out(kShortIdSize, '0');
  for (char& c : out) {
    c = kDigits[hash % kDigits.size()];
    hash /= kDigits.size();
  }
  return out;
}

ChatRequest with_short_call_ids(ChatRequest request) {
  for (Message& message : request.messages) {
    for (Part& part : message.parts) {
      if (auto* call = std::get_if<ToolCall>(&part)) call->id = short_call_id(call->id);
      if (auto* result = std::get_if<ToolResult>(&part)) result->call_id = short_call_id(result->call_id);
    }
  }
  return request;
}

// Tools of free text as functions with one text. Calls of them come back as such: face/custom_calls.hpp.
ChatRequest with_functions_alone(ChatRequest request) {
  for (Tool& tool : request.tools) {
    if (!tool.is_custom) continue;
    tool.parameters = parameters_object(tool);
    tool.is_custom = false;
    tool.extra.erase("format");
  }
  for (Message& message : request.messages)
    for (Part& part : message.parts)
      if (auto* call = std::get_if<ToolCall>(&part); call && call->is_custom) {
        call->arguments = json::write(arguments_object(*call));
        call->is_custom = false;
      }
  return request;
}

bool has_custom_tools(const ChatRequest& request) {
  const auto has_call = [](const Message& message) {
    return std::ranges::any_of(message.parts, [](const Part& part) {
      const auto* call = std::get_if<ToolCall>(&part);
      return call && call->is_custom;
    });
  };
  return std::ranges::any_of(request.tools, &Tool::is_custom) || std::ranges::any_of(request.messages, has_call);
}

// Whether these bytes hold what this provider would refuse or misread. A quote inside a text is escaped, so that these
// are names and whole values.
bool must_be_rewritten(std::string_view body, const Quirks& quirks) {
  const auto has = [&](std::string_view name) { return body.find(name) != std::string_view::npos; };
  if (quirks.token_limit_name == Quirks::TokenLimitName::max_tokens && has("\"max_completion_tokens\"")) return true;
  if (!quirks.has_developer_role && has("\"developer\"")) return true;
  if (quirks.seed_name != "seed" && has("\"seed\"")) return true;
  if (quirks.has_short_call_ids && has("\"tool_calls\"")) return true;
  // Thoughts that an earlier answer brought, from us or from others.
  if (quirks.has_reasoning_object) return false;
  return (!quirks.takes_reasoning_back && has("\"reasoning_content\"")) || has("\"reasoning_details\"");
}

}  // namespace

Result<WireRequest> write_chat_request(const ChatRequest& request, const Target& target) {
  const Quirks& quirks = target.quirks;
  if (!quirks.has_custom_tools && has_custom_tools(request))
    return write_chat_request(with_functions_alone(request), target);
  auto messages = quirks.has_short_call_ids ? write_messages(with_short_call_ids(request), quirks)
                                            : write_messages(request, quirks);
  if (!messages) return error_of(messages);
  json::Object body{{"model", target.model}, {"messages", std::move(*messages)}};
  write_sampling(request, quirks, body);
  write_tooling(request, quirks, body);
  if (request.format) body["response_format"] = write_format(*request.format, Spelling::nested);
  write_reasoning(request, quirks, body);
  write_stream(request, quirks, body);
  write_extra(request, body);
  return post(target, kPath, json::write(body), streamed(request));
}

Result<WireRequest> relay_chat(std::string_view body, const ChatRequest& request, const Target& target) {
  if (must_be_rewritten(body, target.quirks)) {
    auto value = json::parse(body);
    if (!value) return error_of(value);
    auto read = openai_chat_face().read_request(*value);
    if (!read) return error_of(read);
    return write_chat_request(*read, target);
  }
  const std::string model = json::write(json::Value(target.model));
  const bool wants_options = request.is_streamed && target.quirks.has_stream_options;
  std::vector<MemberChange> changes{{"model", model}};
  std::string options = R"({"include_usage":true})";
  if (wants_options && !request.wants_usage) {
    auto given = find_member(body, "stream_options");
    if (!given) return error_of(given);
    if (*given && (*given)->starts_with('{')) {
      auto added = set_member(**given, "include_usage", "true");
      if (!added) return error_of(added);
      options = std::move(*added);
    }
    changes.push_back({"stream_options", options});
  }
  auto patched = set_members(body, changes);
  if (!patched) return error_of(patched);
  if (request.is_streamed && !target.quirks.has_stream_options) patched = remove_member(*patched, "stream_options");
  if (!patched) return error_of(patched);
  return post(target, kPath, std::move(*patched), streamed(request));
}

}  // namespace atelier::model::openai
