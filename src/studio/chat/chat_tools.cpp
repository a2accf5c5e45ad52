// Tools in the course of an answer: what may be called, what is asked of the reader, and what comes of it.
#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "store/chat/summaries.hpp"
#include "store/chat/tool_grants.hpp"
#include "studio/chat/chat_parts.hpp"
#include "studio/chat/chat_turn.hpp"
#include "studio/chat/running_answer.hpp"
#include "studio/chat/tool_rounds.hpp"
#include "studio/tool/arguments.hpp"

namespace atelier::studio {
namespace {

using chat_parts::append;

constexpr int kTriesMax = 5;
constexpr std::string_view kDenied = "The user did not allow this call.";

std::vector<std::string> tools_of(const store::ThreadRow& thread) {
  if (auto value = json::parse(thread.parameters))
    if (auto parameters = parse_chat_parameters(*value, {})) return std::move(parameters->tools);
  return {};
}

// Why a call cannot be carried out, for the model; nullopt: it can.
std::optional<std::string> refusal_of(const ToolBox& tools, const std::vector<std::string>& offered,
                                      const part::ToolCall& call, std::size_t number) {
  const Tool* tool = tools.find(call.name);
  if (tool == nullptr || std::ranges::find(offered, call.name) == offered.end())
    return fmt::format("There is no tool named \"{}\" here.", call.name);
  if (number > kToolCallsMax)
    return fmt::format("Not run: one answer may call tools {} times. Answer with what you have.", kToolCallsMax);
  if (auto read = read_arguments(tool->about().parameters, call.arguments); !read)
    return "Not run: " + read.error().describe();
  return std::nullopt;
}

std::unexpected<Error> not_waiting() {
  return fail(ErrorCode::conflict, "nothing is to be decided about this call",
              {.reason = "call_not_waiting", .where = {}});
}

part::ToolCall* find_call(std::vector<MessagePart>& parts, std::string_view id) {
  for (MessagePart& one : parts)
    if (auto* call = std::get_if<part::ToolCall>(&one); call != nullptr && call->id == id) return call;
  return nullptr;
}

bool is_waiting(const MessagePart& one) {
  const auto* call = std::get_if<part::ToolCall>(&one);
  return call != nullptr && call->approval == part::Approval::waiting;
}

}  // namespace

void Chat::offer_tools(const store::ThreadRow& thread, bool may_call, model::ChatRequest& request) const {
  for (const std::string& name : tools_of(thread))
    if (const Tool* tool = parts_.tools.find(name))
      request.tools.push_back(
          {.name = name, .description = tool->about().description, .parameters = tool->about().parameters});
  // Named all the same: what was called stays explained.
  if (!may_call && !request.tools.empty())
    request.tool_choice = model::ToolChoice{.mode = model::ToolChoice::Mode::none};
}

// Says what each new call will do, and whether it is allowed. True: something is to be decided.
Task<Result<bool>> Chat::look_at_calls(RunningAnswer* answer, const std::vector<std::string>* offered) {
  std::vector<store::Statement> questions;
  questions.push_back(store::ToolGrants::of(answer->principal));
  questions.push_back(store::ToolGrants::of(answer->thread));
  auto rows = co_await parts_.database.read_all(std::move(questions));
  if (!rows) co_return error_of(rows);
  const auto always = store::ToolGrants::read((*rows)[0]), here = store::ToolGrants::read((*rows)[1]);
  const std::vector<MessagePart> parts = answer->whole().parts;
  bool is_to_decide = false;
  for (const std::size_t at : open_calls(parts)) {
    part::ToolCall call = std::get<part::ToolCall>(parts[at]);
    if (call.approval == part::Approval::none && !refusal_of(parts_.tools, *offered, call, call_number(parts, at))) {
      const Tool* tool = parts_.tools.find(call.name);
      auto arguments = read_arguments(tool->about().parameters, call.arguments);
      if (!arguments) continue;
      call.title = tool->about().title;
      call.effect = tool->effect(*arguments);
      const bool is_granted = always.contains(call.name) || here.contains(call.name);
      call.approval = is_granted ? part::Approval::allowed : part::Approval::waiting;
      answer->note(at, call);
    }
    is_to_decide = is_to_decide || call.approval == part::Approval::waiting;
  }
  answer->changed.notify_all();
  co_return is_to_decide;
}

Task<Result<>> Chat::run_calls(RunningAnswer* answer, const std::vector<std::string>* offered) {
  const std::vector<MessagePart> parts = answer->whole().parts;
  for (const std::size_t at : open_calls(parts)) {
    const auto& call = std::get<part::ToolCall>(parts[at]);
    part::ToolResult result{.id = call.id, .name = call.name, .text = {}, .is_error = true};
    if (auto refusal = refusal_of(parts_.tools, *offered, call, call_number(parts, at))) {
      result.text = std::move(*refusal);
    } else if (call.approval != part::Approval::allowed) {
      result.text = kDenied;
    } else {
      auto outcome = co_await parts_.tools.run(answer->principal, call.name, call.arguments);
      if (!outcome) co_return error_of(outcome);
      result.text = std::move(outcome->text);
      result.is_error = outcome->is_error;
    }
    answer->add_result(std::move(result));
    answer->changed.notify_all();
  }
  co_return Result<>{};
}

Task<Result<AnswerStep>> Chat::take_calls(RunningAnswer* answer) {
  auto thread = co_await parts_.threads.find(answer->principal, answer->thread);
  if (!thread) co_return error_of(thread);
  const std::vector<std::string> offered = tools_of(*thread);
  if (count_tools(answer->whole().parts).rounds > kToolRoundsMax)
    co_return fail(ErrorCode::too_large,
                   fmt::format("the model wanted to call tools more than {} times in a row", kToolRoundsMax),
                   {.reason = "tool_limit", .where = {}});
  auto is_to_decide = co_await look_at_calls(answer, &offered);
  if (!is_to_decide) co_return error_of(is_to_decide);
  AnswerStep step;
  step.kind = AnswerStep::Kind::waits;
  if (*is_to_decide) co_return step;
  auto done = co_await run_calls(answer, &offered);
  if (!done) co_return error_of(done);

  ThreadMessage so_far = answer->whole();
  std::string model = so_far.model.empty() ? thread->model : so_far.model;
  auto context = co_await context_of(answer->principal, &*thread, so_far.parent, &model, &so_far.parts);
  if (!context) co_return error_of(context);
  const ToolCounts counts = count_tools(so_far.parts);
  const bool may_call = counts.rounds < kToolRoundsMax && counts.calls < kToolCallsMax;
  context->push_back(std::move(so_far));
  auto call = co_await call_for(answer->principal, &*thread, std::move(*context), std::move(model), may_call);
  if (!call) co_return error_of(call);
  step.kind = AnswerStep::Kind::goes_on;
  step.call = std::move(*call);
  co_return step;
}

Task<Result<ThreadMessage>> Chat::decide(Principal principal, ThreadId id, std::int64_t number, ToolDecision decision) {
  // Somebody who decides about another call of it at the same time is no reason to refuse this.
  for (int tries = 1;; ++tries) {
    auto decided = co_await try_decide(principal, id, number, decision);
    const bool is_race =
        !decided && decided.error().code == ErrorCode::conflict && decided.error().reason != "call_not_waiting";
    if (!is_race || tries == kTriesMax) co_return decided;
  }
}

Task<Result<ThreadMessage>> Chat::try_decide(Principal principal, ThreadId id, std::int64_t number,
                                             ToolDecision decision) {
  auto thread = co_await parts_.threads.find(principal, id);
  if (!thread) co_return error_of(thread);
  auto rows = co_await parts_.database.read(store::Messages::one(principal, id, number));
  if (!rows) co_return error_of(rows);
  const std::vector<store::MessageRow> stored = store::Messages::read(*rows, id, principal.owner);
  if (stored.empty())
    co_return fail(ErrorCode::not_found, fmt::format("there is no message {}", number),
                   {.reason = "message_not_found", .where = {}});
  auto read = from_row(stored.front());
  if (!read) co_return error_of(read);
  ThreadMessage answer = std::move(*read);
  part::ToolCall* call = find_call(answer.parts, decision.call);
  if (call == nullptr)
    co_return fail(ErrorCode::not_found, "there is no such call", {.reason = "tool_call_not_found", .where = {}});
  if (answer.state != MessageState::waiting || call->approval != part::Approval::waiting) co_return not_waiting();
  const std::string tool = call->name;
  call->approval = decision.is_allowed ? part::Approval::allowed : part::Approval::denied;
  std::vector<store::Statement> batch;
  if (decision.is_allowed && decision.remember != ToolDecision::Remember::no) {
    const UnixMs now_ms = parts_.clock.wall_ms();
    batch.push_back(decision.remember == ToolDecision::Remember::always
                        ? store::ToolGrants::put(principal, tool, now_ms)
                        : store::ToolGrants::put(id, tool, now_ms));
    for (MessagePart& one : answer.parts)
      if (is_waiting(one) && std::get<part::ToolCall>(one).name == tool)
        std::get<part::ToolCall>(one).approval = part::Approval::allowed;
  }
  const bool is_decided = std::ranges::none_of(answer.parts, is_waiting);
  if (is_decided) answer.state = MessageState::answering;
  batch.push_back(store::Messages::set_state(id, number, "waiting", std::string(to_string(answer.state))));
  batch.push_back(store::Messages::set_parts(to_row(answer, id, principal.owner), stored.front().parts));
  std::vector<Announcement> told;
  told.push_back(message_changed(id, answer));
  if (!is_decided) {
    auto written =
        co_await write_with_events(&parts_.database, &parts_.events, principal, std::move(batch), std::move(told));
    if (!written) co_return error_of(written);
    co_return answer;
  }
  parts_.threads.use(*thread);
  batch.push_back(store::Threads::use(*thread));
  append(batch, store::Summaries::forget_with(id, number));
  thread->is_answering = true;
  ++thread->revision;
  told.push_back(thread_changed(*thread));
  Turn turn{.principal = principal,
            .thread = id,
            .answer = answer,
            .call = {},
            .batch = std::move(batch),
            .announcements = std::move(told)};
  auto begun = co_await begin(std::move(turn));
  if (!begun) co_return error_of(begun);
  co_return answer;
}

Task<Result<ThreadMessage>> Chat::stop_waiting(Principal principal, ThreadId id, ThreadMessage answer) {
  answer.state = MessageState::stopped;
  std::vector<Announcement> told;
  told.push_back(message_changed(id, answer));
  std::vector<store::Statement> batch;
  batch.push_back(store::Messages::set_state(id, answer.number, "waiting", "stopped"));
  auto written =
      co_await write_with_events(&parts_.database, &parts_.events, principal, std::move(batch), std::move(told));
  if (!written) co_return error_of(written);
  co_await begin_waiting(principal, id, answer.number);
  co_return answer;
}

}  // namespace atelier::studio
