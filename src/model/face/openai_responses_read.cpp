#include <fmt/format.h>

#include "base/text.hpp"
#include "model/face/openai_responses_parts.hpp"
#include "model/loose_json.hpp"

namespace atelier::model::openai {
namespace {

constexpr std::size_t kItemsMax = 100'000;
constexpr std::size_t kToolsMax = 10'000;
constexpr std::size_t kInstructionsBytesMax = std::size_t{32} << 20;

json::Object rest_of_request(const json::Object& body) {
  return loose::rest_of(body, {"model", "input", "instructions", "stream", "max_output_tokens", "temperature", "top_p",
                               "top_logprobs", "user", "safety_identifier", "reasoning", "text", "tools", "tool_choice",
                               "parallel_tool_calls", "background", "previous_response_id", "conversation", "prompt"});
}

// A conversation that is kept elsewhere cannot be told to another protocol. Its items must be in the request by now:
// those of responses kept here are put there by with_earlier_items().
Result<> check_state(const json::Object& body) {
  if (present(body, "previous_response_id"))
    return fail(ErrorCode::invalid_argument,
                fmt::format("there is no response \"{}\" kept here",
                            printable(loose::view_at(body, "previous_response_id"), 80)),
                {.reason = "previous_response_not_found", .where = "/previous_response_id"});
  for (const std::string_view name : {"conversation", "prompt"})
    if (present(body, name))
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("\"{}\" names what the provider keeps, and this model's provider keeps nothing: send the items",
                      name),
          {.reason = "not_supported_by_protocol", .where = fmt::format("/{}", name)});
  if (loose::is_true_at(body, "background"))
    return fail(ErrorCode::invalid_argument, "answers of this model come while one waits: \"background\" must be false",
                {.reason = "not_supported_by_protocol", .where = "/background"});
  return {};
}

void read_reasoning(const json::Object& body, const Place& root, Complaint& complaint, ChatRequest& request) {
  const json::Value* value = present(body, "reasoning");
  if (!value) return;
  const json::Object* object = value->if_object();
  if (!object) return complaint.add(Place{&root, "reasoning"}, "must be an object");
  ReasoningWish wish{.effort = loose::text_at(*object, "effort"), .summary = loose::text_at(*object, "summary")};
  if (wish.summary.empty()) wish.summary = loose::text_at(*object, "generate_summary");  // its name of before
  if (!wish.effort.empty() || !wish.summary.empty()) request.reasoning = std::move(wish);
  json::Object rest = loose::rest_of(*object, {"effort", "summary", "generate_summary"});
  if (!rest.empty()) request.extra["reasoning"] = std::move(rest);
}

void read_text(const json::Object& body, const Place& root, Complaint& complaint, ChatRequest& request) {
  const json::Value* value = present(body, "text");
  if (!value) return;
  const Place at{&root, "text"};
  const json::Object* object = value->if_object();
  if (!object) return complaint.add(at, "must be an object");
  if (const json::Value* format = present(*object, "format"))
    request.format = read_format(*format, Place{&at, "format"}, Spelling::flat, complaint);
  json::Object rest = loose::rest_of(*object, {"format"});
  if (!rest.empty()) request.extra["text"] = std::move(rest);
}

void read_tools(json::ObjectReader& reader, const json::Object& body, const Place& root, Complaint& complaint,
                ChatRequest& request) {
  const json::Array* tools = reader.optional_array("tools", kToolsMax);
  const Place at{&root, "tools"};
  for (std::size_t i = 0; tools && i < tools->size(); ++i)
    request.tools.push_back(read_tool((*tools)[i], Place{&at, {}, i}, Spelling::flat, complaint));
  const json::Value* choice = present(body, "tool_choice");
  if (!choice) return;
  request.tool_choice = read_tool_choice(*choice, Place{&root, "tool_choice"}, Spelling::flat, complaint);
  if (!request.tool_choice) request.extra["tool_choice"] = *choice;  // of a hosted tool
}

// Log probabilities are asked for among what is to be included.
void read_include(json::ObjectReader& reader, const Place& root, Complaint& complaint, ChatRequest& request) {
  const json::Array* include = reader.optional_array("include", 64);
  const Place at{&root, "include"};
  for (std::size_t i = 0; include && i < include->size(); ++i) {
    if (!(*include)[i].is_string()) complaint.add(Place{&at, {}, i}, "must be a string");
    if (loose::view_of((*include)[i]) == "message.output_text.logprobs") request.has_logprobs = true;
  }
}

void read_input(const json::Object& body, const Place& root, Complaint& complaint, ChatRequest& request) {
  const Place at{&root, "input"};
  const json::Value* input = present(body, "input");
  if (!input) return complaint.add(at, "is required");
  if (input->is_string()) {
    Message& message = request.messages.emplace_back(Message{.role = Role::user, .parts = {}});
    message.parts.emplace_back(Text{.text = std::string(loose::view_of(*input))});
    return;
  }
  const json::Array* items = input->if_array();
  if (!items) return complaint.add(at, "must be a string or a list of items");
  if (items->empty()) return complaint.add(at, "must not be empty");
  if (items->size() > kItemsMax)
    return complaint.add(at, fmt::format("has {} items, more than the {} allowed", items->size(), kItemsMax));
  InputReader reader(complaint, request.messages);
  for (std::size_t i = 0; i < items->size(); ++i) reader.read((*items)[i], Place{&at, {}, i});
  reader.finish();
}

}  // namespace

Result<ChatRequest> read_responses_request(const json::Value& body) {
  ChatRequest request{.protocol = Protocol::openai_responses, .model = {}, .messages = {}};
  json::ObjectReader reader(body);
  const json::Object* object = body.if_object();
  if (!object) return error_of(reader.finish());
  if (auto fine = check_state(*object); !fine) return error_of(fine);
  Complaint complaint;
  const Place root;
  read_common_settings(reader, *object, request);
  request.wants_usage = true;  // this protocol always tells it
  request.output_tokens_max = read_token_limit(reader, "max_output_tokens");
  if (auto instructions = reader.optional_string("instructions", {.bytes_max = kInstructionsBytesMax})) {
    Message& message = request.messages.emplace_back(Message{.role = Role::system, .parts = {}});
    message.parts.emplace_back(Text{.text = std::move(*instructions)});
    message.extra["instructions"] = true;
  }
  read_reasoning(*object, root, complaint, request);
  read_text(*object, root, complaint, request);
  read_tools(reader, *object, root, complaint, request);
  read_include(reader, root, complaint, request);
  read_input(*object, root, complaint, request);
  for (auto& [name, value] : rest_of_request(*object)) request.extra[name] = value;
  if (auto done = reader.finish_lenient(); !done) return error_of(done);
  if (complaint.error()) return std::unexpected(*complaint.error());
  return request;
}

}  // namespace atelier::model::openai
