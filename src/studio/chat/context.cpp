#include "studio/chat/context.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "studio/chat/attachments.hpp"
#include "studio/chat/tool_turns.hpp"

namespace atelier::studio {
namespace {

constexpr std::string_view kGoOn =
    "Your last answer broke off. Go on with it exactly where it ends: repeat nothing of it, and say nothing about that "
    "it broke off.";
constexpr std::int64_t kRoomMin = 1'024;

model::Role role_of(MessageRole role) noexcept {
  switch (role) {
    case MessageRole::user:
      return model::Role::user;
    case MessageRole::assistant:
      return model::Role::assistant;
    case MessageRole::system:
      return model::Role::system;
  }
  return model::Role::user;
}

std::optional<model::Protocol> protocol_named(std::string_view name) {
  using enum model::Protocol;
  for (const model::Protocol one : {openai_chat, openai_responses, anthropic, gemini, ollama})
    if (to_string(one) == name) return one;
  return std::nullopt;
}

// The model called tools, and is to be told what they gave.
bool has_results_last(const ThreadMessage& message) {
  return !message.parts.empty() && std::holds_alternative<part::ToolResult>(message.parts.back());
}

class Assembly {
 public:
  Assembly(Library* library, Principal principal) : library_(library), principal_(principal) {}

  // With what the model thought where it goes on from what its calls gave: some take no result without it.
  Task<Result<>> add(const ThreadMessage* message, bool has_thoughts) {
    std::vector<model::Part> parts;
    for (const MessagePart& one : message->parts) {
      if (const auto* text = std::get_if<part::Text>(&one)) {
        if (!text->text.empty()) parts.emplace_back(model::Text{.text = text->text});
      } else if (std::holds_alternative<part::Image>(one) || std::holds_alternative<part::File>(one)) {
        auto attached = co_await sent_attachment(library_, principal_, one);
        if (!attached) co_return error_of(attached);
        parts.emplace_back(std::move(*attached));
      } else if (const auto* call = std::get_if<part::ToolCall>(&one)) {
        model::ToolCall made{.id = call->id, .name = plain_tool_name(call->name), .arguments = call->arguments};
        made.signature = call->signature;
        parts.emplace_back(std::move(made));
      } else if (const auto* result = std::get_if<part::ToolResult>(&one)) {
        parts.emplace_back(result_of(*result));
      } else if (const auto* thought = std::get_if<part::Reasoning>(&one); thought != nullptr && has_thoughts) {
        parts.emplace_back(reasoning_of(*thought));
      }
    }
    std::ranges::move(turns_of(role_of(message->role), std::move(parts)), std::back_inserter(messages_));
    co_return Result<>{};
  }

  std::vector<model::Message> take() { return std::move(messages_); }

 private:
  static model::ToolResult result_of(const part::ToolResult& result) {
    model::ToolResult told{.call_id = result.id, .parts = {}, .is_error = result.is_error};
    told.parts.emplace_back(model::Text{.text = result.text});
    return told;  // turns_of() gives it its call's name
  }
  static model::Reasoning reasoning_of(const part::Reasoning& thought) {
    return {.text = thought.text,
            .signature = thought.signature,
            .is_redacted = thought.is_redacted,
            .id = thought.thought_id,
            .origin = protocol_named(thought.origin)};
  }

  Library* const library_;
  const Principal principal_;
  std::vector<model::Message> messages_;
};

}  // namespace

std::int64_t context_room(const model::Directory& directory, const std::string& model, const store::ThreadRow& thread,
                          const ContextLimits& limits) {
  std::int64_t window = 0;
  // Any of its candidates may be the one that answers: what fits the smallest fits all.
  if (const auto resolved = directory.resolve(model))
    for (const model::CandidatePtr& candidate : resolved->candidates)
      if (const model::ModelList* list = directory.list_of(candidate->provider->name)) {
        const auto listed = std::ranges::find(list->models, candidate->name, &model::ListedModel::id);
        if (listed != list->models.end() && listed->context_tokens > 0)
          window = window == 0 ? listed->context_tokens : std::min(window, listed->context_tokens);
      }
  if (window == 0) window = limits.tokens_unknown;
  std::int64_t answer = limits.answer_tokens;
  if (auto value = json::parse(thread.parameters))
    if (auto parameters = parse_chat_parameters(*value, {})) answer = parameters->max_tokens.value_or(answer);
  const auto system = static_cast<std::int64_t>(thread.system.size() / 4);
  return std::max(std::min(window, limits.tokens_max) - std::min(answer, window / 2) - system, kRoomMin);
}

Task<Result<model::ChatRequest>> chat_request(Library* library, Principal principal, const store::ThreadRow* thread,
                                              const std::vector<ThreadMessage>* messages, std::string model) {
  model::ChatRequest request;
  request.protocol = model::Protocol::openai_chat;
  request.model = std::move(model);
  request.is_streamed = true;
  request.wants_usage = true;
  if (auto value = json::parse(thread->parameters))
    if (auto parameters = parse_chat_parameters(*value, {})) {
      request.temperature = parameters->temperature;
      request.top_p = parameters->top_p;
      request.output_tokens_max = parameters->max_tokens;
      if (!parameters->reasoning_effort.empty())
        request.reasoning = model::ReasoningWish{.effort = parameters->reasoning_effort};
    }
  Assembly assembly(library, principal);
  for (const ThreadMessage& message : *messages) {
    const bool goes_on = &message == &messages->back() && has_results_last(message);
    if (auto added = co_await assembly.add(&message, goes_on); !added) co_return error_of(added);
  }
  if (!thread->system.empty()) request.messages.push_back(text_message(model::Role::system, thread->system));
  std::ranges::move(assembly.take(), std::back_inserter(request.messages));
  if (!request.messages.empty() && request.messages.back().role == model::Role::assistant)
    request.messages.push_back(text_message(model::Role::user, std::string(kGoOn)));
  co_return request;
}

model::Message text_message(model::Role role, std::string text) {
  model::Message message;
  message.role = role;
  message.parts.push_back(model::Text{.text = std::move(text)});
  return message;
}

static bool has_thoughts(const model::ChatRequest& request) {
  return std::ranges::any_of(request.messages, [](const model::Message& message) {
    return std::ranges::any_of(message.parts,
                               [](const model::Part& one) { return std::holds_alternative<model::Reasoning>(one); });
  });
}

Result<model::ChatCall> call_of(model::KeyStatePtr key, model::ChatRequest request, std::string request_id,
                                std::chrono::steady_clock::time_point deadline, const TraceContext& trace) {
  model::Target target{.base_url = {}, .model = request.model};
  // What the model thought goes along whole. Where it is relayed, a provider that takes none gets the request without.
  target.quirks.takes_reasoning_back = target.quirks.has_reasoning_object = has_thoughts(request);
  auto wire = model::openai_chat_adapter().request(request, target);
  if (!wire) return error_of(wire);
  model::ChatCall call{.face = &model::openai_chat_face(),
                       .body = std::move(wire->body),
                       .request = std::move(request),
                       .is_read = true,
                       .request_id = std::move(request_id),
                       .deadline = deadline};
  call.key = std::move(key);
  call.trace = trace;
  return call;
}

}  // namespace atelier::studio
