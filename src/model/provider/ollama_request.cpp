#include <fmt/format.h>

#include <map>

#include "model/loose_json.hpp"
#include "model/provider/ollama_parts.hpp"
#include "model/tool_text.hpp"

namespace atelier::model::ollama {
namespace {

std::unexpected<Error> refuse(std::string message, std::size_t index) {
  return fail(ErrorCode::invalid_argument, std::move(message),
              {.reason = "content_unsupported", .where = fmt::format("/messages/{}", index)});
}

// A message holds one text, so that a message of ours becomes several where it holds several tool results.
class MessageWriter {
 public:
  explicit MessageWriter(const ChatRequest& request) : request_(request) {}
  Result<json::Array> write();

 private:
  Result<> take(const Message& message, std::size_t index, bool is_current);
  Result<> append_image(json::Array& images, const Media& media, std::size_t index);
  Result<> append_result(const ToolResult& result, std::size_t index);

  const ChatRequest& request_;
  json::Array out_;
  std::map<std::string, std::string, std::less<>> call_names_;  // by id
};

std::string_view role_of(Role role) noexcept {
  switch (role) {
    case Role::system:
    case Role::developer:
      return "system";
    case Role::assistant:
      return "assistant";
    case Role::user:
    case Role::tool:
      return "user";  // results have messages of their own
  }
  return "user";
}

void append_line(std::string& text, std::string_view line) {
  if (!text.empty() && !line.empty()) text += '\n';
  text += line;
}

Result<> MessageWriter::append_image(json::Array& images, const Media& media, std::size_t index) {
  if (media.kind != Media::Kind::image) return refuse("Ollama takes text and images, no other files", index);
  if (media.base64.empty()) return refuse("Ollama takes images as bytes, not by their address", index);
  images.emplace_back(media.base64);
  return {};
}

Result<> MessageWriter::append_result(const ToolResult& result, std::size_t index) {
  std::string text;
  json::Array images;
  for (const auto& part : result.parts) {
    if (const auto* piece = std::get_if<Text>(&part))
      append_line(text, piece->text);
    else if (auto done = append_image(images, std::get<Media>(part), index); !done)
      return done;
  }
  const auto name = call_names_.find(result.call_id);
  json::Object out{
      {"role", "tool"}, {"content", text}, {"tool_name", name == call_names_.end() ? result.name : name->second}};
  if (!result.call_id.empty()) out["tool_call_id"] = result.call_id;
  if (!images.empty()) out["images"] = std::move(images);
  out_.push_back(std::move(out));
  return {};
}

Result<> MessageWriter::take(const Message& message, std::size_t index, bool is_current) {
  std::string text, thought;
  json::Array images, calls;
  bool has_more = false;
  for (const Part& part : message.parts) {
    if (const auto* result = std::get_if<ToolResult>(&part)) {
      if (auto done = append_result(*result, index); !done) return done;
      continue;
    }
    has_more = true;
    if (const auto* piece = std::get_if<Text>(&part)) {
      append_line(text, piece->text);
    } else if (const auto* refusal = std::get_if<Refusal>(&part)) {
      append_line(text, refusal->text);
    } else if (const auto* reasoning = std::get_if<Reasoning>(&part)) {
      append_line(thought, reasoning->text);
    } else if (const auto* media = std::get_if<Media>(&part)) {
      if (message.role == Role::assistant) continue;  // a picture that another model made
      if (auto done = append_image(images, *media, index); !done) return done;
    } else if (const auto* call = std::get_if<ToolCall>(&part)) {
      call_names_.insert_or_assign(call->id, call->name);
      json::Object entry{{"function", json::Object{{"name", call->name}, {"arguments", arguments_object(*call)}}}};
      if (!call->id.empty()) entry["id"] = call->id;
      calls.push_back(std::move(entry));
    }
  }
  if (!has_more) return {};
  json::Object out{{"role", role_of(message.role)}, {"content", text}};
  // Templates want a turn's own thoughts while its tools run, and none of earlier turns.
  if (is_current && !thought.empty()) out["thinking"] = thought;
  if (!images.empty()) out["images"] = std::move(images);
  if (!calls.empty()) out["tool_calls"] = std::move(calls);
  out_.push_back(std::move(out));
  return {};
}

Result<json::Array> MessageWriter::write() {
  std::size_t turn = 0;  // where the turn that is going on begins
  for (std::size_t i = 0; i < request_.messages.size(); ++i)
    if (request_.messages[i].role == Role::user) turn = i;
  for (std::size_t i = 0; i < request_.messages.size(); ++i)
    if (auto done = take(request_.messages[i], i, i > turn); !done) return error_of(done);
  return std::move(out_);
}

json::Object write_options(const ChatRequest& request) {
  // Ollama's own, for callers who know whom they speak to: num_ctx and such.
  const json::Object* own = loose::object_at(request.extra, "options");
  json::Object options = own ? *own : json::Object();
  if (request.output_tokens_max) options["num_predict"] = *request.output_tokens_max;
  if (request.temperature) options["temperature"] = *request.temperature;
  if (request.top_p) options["top_p"] = *request.top_p;
  if (request.top_k) options["top_k"] = *request.top_k;
  if (request.seed) options["seed"] = *request.seed;
  if (request.presence_penalty) options["presence_penalty"] = *request.presence_penalty;
  if (request.frequency_penalty) options["frequency_penalty"] = *request.frequency_penalty;
  if (!request.stop.empty()) {
    json::Array stops;
    for (const std::string& stop : request.stop) stops.emplace_back(stop);
    options["stop"] = std::move(stops);
  }
  return options;
}

// Whether it may be called: there is no tool_choice, and a tool that is left out is not.
bool is_offered(const Tool& tool, const ChatRequest& request) {
  if (tool.foreign || !is_allowed(tool, request)) return false;
  if (!request.tool_choice) return true;
  const bool is_other = request.tool_choice->mode == ToolChoice::Mode::named && request.tool_choice->name != tool.name;
  return !is_other && request.tool_choice->mode != ToolChoice::Mode::none;
}

json::Array write_tools(const ChatRequest& request) {
  json::Array tools;
  for (const Tool& tool : request.tools) {
    if (!is_offered(tool, request)) continue;
    json::Object function{{"name", tool.name}};
    if (!tool.description.empty()) function["description"] = tool.description;
    function["parameters"] = parameters_object(tool);
    tools.push_back(json::Object{{"type", "function"}, {"function", std::move(function)}});
  }
  return tools;
}

json::Value think_for(const ReasoningWish& wish) {
  if (wish.effort == "none" || wish.budget_tokens == 0) return false;
  if (wish.effort == "minimal" || wish.effort == "low") return "low";
  if (wish.effort == "medium" || wish.effort == "high" || wish.effort == "max") return json::Value(wish.effort);
  if (wish.effort == "xhigh") return "high";
  return true;
}

// Models are good at what they are told before all else.
void demand(const Tool& tool, json::Object& body) {
  std::string words = fmt::format("Answer with the arguments of the tool \"{}\" as JSON, and nothing else.", tool.name);
  if (!tool.description.empty()) words += fmt::format(" What it does: {}", tool.description);
  json::Array& messages = body["messages"].as_array();
  messages.insert(messages.begin(), json::Object{{"role", "system"}, {"content", words}});
  body["format"] = parameters_object(tool);
}

}  // namespace

const Tool* demanded_tool(const ChatRequest& request) {
  if (!request.tool_choice || request.format) return nullptr;
  if (request.tool_choice->mode != ToolChoice::Mode::named && request.tool_choice->mode != ToolChoice::Mode::required)
    return nullptr;
  const Tool* only = nullptr;
  for (const Tool& tool : request.tools) {
    if (!is_offered(tool, request)) continue;
    if (only) return nullptr;  // which of them nobody knows
    only = &tool;
  }
  return only && !only->is_custom ? only : nullptr;
}

Result<json::Object> write_request(const ChatRequest& request, const Target& target) {
  if (request.answer_count > 1)
    return fail(ErrorCode::invalid_argument, "Ollama gives one answer to a request",
                {.reason = "field_invalid", .where = "/n"});
  auto messages = MessageWriter(request).write();
  if (!messages) return error_of(messages);
  json::Object body{{"model", target.model}, {"messages", std::move(*messages)}, {"stream", request.is_streamed}};
  if (json::Object options = write_options(request); !options.empty()) body["options"] = std::move(options);
  const Tool* demanded = demanded_tool(request);
  if (demanded)
    demand(*demanded, body);
  else if (json::Array tools = write_tools(request); !tools.empty())
    body["tools"] = std::move(tools);
  if (request.reasoning) body["think"] = think_for(*request.reasoning);
  if (request.format && request.format->kind == AnswerFormat::Kind::json) body["format"] = "json";
  if (request.format && request.format->kind == AnswerFormat::Kind::json_schema)
    body["format"] = request.format->schema;
  if (const json::Value* kept = request.extra.if_contains("keep_alive");
      kept && (kept->is_number() || kept->is_string()))
    body["keep_alive"] = *kept;
  return body;
}

}  // namespace atelier::model::ollama
