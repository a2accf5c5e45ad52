#include "studio/chat/chat.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "store/chat/client_chats.hpp"
#include "store/chat/summaries.hpp"
#include "studio/chat/attachments.hpp"
#include "studio/chat/chat_parts.hpp"
#include "studio/chat/chat_turn.hpp"
#include "studio/chat/summaries.hpp"
#include "studio/chat/tool_rounds.hpp"

namespace atelier::studio {
namespace {

using chat_parts::append;
using chat_parts::invalid;
using chat_parts::is_open;

constexpr int kTriesMax = 5;

std::unexpected<Error> busy(std::int64_t number) {
  return fail(ErrorCode::conflict, fmt::format("message {} is being answered", number),
              {.reason = "thread_busy", .where = {}});
}

std::string digest_of(const NewMessage& message) {
  json::Array parts;
  for (const MessagePart& one : message.parts) parts.push_back(to_json(one));
  json::Array wanted{message.parent ? json::Value(*message.parent) : json::Value(), std::move(parts), message.model,
                     message.wants_answer};
  for (const std::string& model : message.models) wanted.push_back(json::Value(model));
  return sha256(json::write_canonical(wanted)).hex();
}

std::int64_t answer_count_of(const NewMessage& message) {
  if (!message.wants_answer) return 0;
  return std::max<std::int64_t>(static_cast<std::int64_t>(message.models.size()), 1);
}

ThreadMessage new_answer(std::int64_t number, std::int64_t parent, std::string model, UnixMs now_ms) {
  ThreadMessage answer;
  answer.number = number;
  answer.parent = parent;
  answer.role = MessageRole::assistant;
  answer.state = MessageState::answering;
  answer.model = std::move(model);
  answer.created_ms = now_ms;
  return answer;
}

// Calls that nothing came of: what was allowed and may have been done is asked for once more, unless it only reads.
// How many there are.
std::size_t ask_again_for_calls(const ToolBox& tools, std::vector<MessagePart>& parts) {
  const std::vector<std::size_t> open = open_calls(parts);
  for (const std::size_t at : open) {
    auto& call = std::get<part::ToolCall>(parts[at]);
    const Tool* tool = tools.find(call.name);
    const bool only_reads = tool != nullptr && tool->about().only_reads;
    if (call.approval == part::Approval::allowed && !only_reads) call.approval = part::Approval::waiting;
  }
  return open.size();
}

// What of the branch the answer's model is sent, for the reader to see.
void note_context(const std::vector<ThreadMessage>& context, ThreadMessage& answer) {
  const auto first = std::ranges::find_if(context, [](const ThreadMessage& one) { return one.number > 0; });
  if (first == context.end() || first->parent == 0) return;
  answer.report.context_from = first->number;
  if (first != context.begin()) answer.report.summarised_upto = first->parent;
}

}  // namespace

Chat::Chat(Parts parts) : parts_(std::move(parts)) {
  parts_.answers.set_on_end([this](Principal principal, ThreadId thread, std::int64_t number) -> Task<> {
    if (parts_.on_answered) parts_.on_answered(principal, thread, number);
    return begin_waiting(principal, thread, number);
  });
  parts_.answers.set_on_calls([this](RunningAnswer* answer) { return take_calls(answer); });
}

Task<Result<>> Chat::begin(Turn turn) {
  AnswerOrder order{.principal = turn.principal,
                    .thread = turn.thread,
                    .message = std::move(turn.answer),
                    .call = std::move(turn.call),
                    .batch = std::move(turn.batch),
                    .announcements = std::move(turn.announcements)};
  co_return co_await parts_.answers.begin(std::move(order));
}

// What there is room for of the branch that ends with the message `last`, oldest first; 0: nothing. `more` follows it.
Task<Result<std::vector<ThreadMessage>>> Chat::context_of(Principal principal, const store::ThreadRow* thread,
                                                          std::int64_t last, const std::string* model,
                                                          const std::vector<MessagePart>* more) {
  std::vector<ThreadMessage> messages;
  if (last == 0) co_return messages;
  const model::DirectoryPtr directory = parts_.gateway.models().directory();
  std::int64_t room = context_room(*directory, *model, *thread, parts_.limits);
  if (more != nullptr) room -= estimate_tokens(*more);
  auto rows = co_await parts_.database.read(store::Messages::context(
      principal, thread->id, last, std::max<std::int64_t>(room, 0), parts_.limits.messages_max));
  if (!rows) co_return error_of(rows);
  for (const store::MessageRow& row : store::Messages::read(*rows, thread->id, principal.owner)) {
    auto message = from_row(row);
    if (!message) co_return error_of(message);
    messages.push_back(std::move(*message));
  }
  if (messages.empty()) co_return invalid("/parent", fmt::format("there is no message {}", last));
  if (messages.front().parent == 0) co_return messages;
  // Not all of it: what is left out may have been summarised.
  rows = co_await parts_.database.read(store::Summaries::from(thread->id, messages.front().parent));
  if (!rows) co_return error_of(rows);
  if (auto summary = fitting_summary(store::Summaries::read(*rows), messages, room)) put_summary(*summary, messages);
  co_return messages;
}

// The call that answers what ends with these.
Task<Result<model::ChatCall>> Chat::call_for(Principal principal, const store::ThreadRow* thread,
                                             std::vector<ThreadMessage> messages, std::string model,
                                             bool may_call_tools) {
  const model::DirectoryPtr directory = parts_.gateway.models().directory();
  if (auto resolved = directory->resolve(model); !resolved) co_return error_of(resolved);
  auto request = co_await chat_request(&parts_.library, principal, thread, &messages, model);
  if (!request) co_return error_of(request);
  auto key = parts_.accounts.key_state_of(principal);
  if (!key) co_return error_of(key);
  offer_tools(*thread, may_call_tools, *request);
  co_return call_of(std::move(*key), std::move(*request), Ulid::make().to_string(), parts_.clock.now() + parts_.deadline,
                     principal.trace);
}

Task<Result<model::ChatCall>> Chat::call_at(Principal principal, const store::ThreadRow* thread, std::int64_t last,
                                            std::string model, ThreadMessage* answer) {
  auto context = co_await context_of(principal, thread, last, &model, nullptr);
  if (!context) co_return error_of(context);
  answer->report = {};
  note_context(*context, *answer);
  co_return co_await call_for(principal, thread, std::move(*context), std::move(model));
}

Task<Result<std::optional<Chat::Said>>> Chat::find_sent(Principal principal, const store::ThreadRow* thread,
                                                        const NewMessage* message) {
  auto known = co_await parts_.database.read(store::Messages::find_key(thread->id, message->idempotency_key));
  if (!known) co_return error_of(known);
  if (known->empty()) co_return std::optional<Said>();
  if (known->text(0, 0) != digest_of(*message))
    co_return fail(ErrorCode::invalid_argument, "the idempotency key was used for another message",
                   {.reason = "idempotency_key_reused", .where = {}});
  Said said{.messages = {}, .thread = *thread};
  const std::int64_t first = known->integer(0, 1);
  for (std::int64_t number = first; number <= first + answer_count_of(*message); ++number) {
    auto one = co_await parts_.threads.message(principal, thread->id, number);
    if (!one) co_return error_of(one);
    said.messages.push_back(std::move(*one));
  }
  co_return std::optional<Said>(std::move(said));
}

Task<Result<Chat::Said>> Chat::send(Principal principal, ThreadId id, NewMessage message) {
  // Somebody else who added a message to the thread at the same time is no reason to refuse this one.
  for (int tries = 1;; ++tries) {
    auto said = co_await try_send(principal, id, message);
    const bool is_race = !said && said.error().code == ErrorCode::conflict && said.error().reason != "thread_busy";
    if (!is_race || tries == kTriesMax) co_return said;
  }
}

// What is waited for may have ended before it could be known that somebody waits: then nobody else begins this.
Task<Result<Chat::Said>> Chat::begin_if_ended(Principal principal, Said said, std::int64_t awaited) {
  auto before = co_await parts_.threads.message(principal, said.thread.id, awaited);
  if (!before || is_open(before->state)) co_return said;
  co_await begin_waiting(principal, said.thread.id, awaited);
  for (ThreadMessage& one : said.messages) {
    auto now = co_await parts_.threads.message(principal, said.thread.id, one.number);
    if (now) one = std::move(*now);
  }
  co_return said;
}

Task<Result<Chat::Said>> Chat::try_send(Principal principal, ThreadId id, NewMessage message) {
  auto row = co_await parts_.threads.find(principal, id);
  if (!row) co_return error_of(row);
  store::ThreadRow thread = std::move(*row);
  if (!message.idempotency_key.empty()) {
    auto sent = co_await find_sent(principal, &thread, &message);
    if (!sent) co_return error_of(sent);
    if (*sent) co_return std::move(**sent);
  }
  const std::int64_t parent = message.parent.value_or(thread.head);
  if (parent < 0 || parent > thread.message_count)
    co_return invalid("/parent", fmt::format("there is no message {}", parent));
  std::vector<MessagePart> parts = message.parts;
  if (auto noted = co_await note_attachments(&parts_.library, principal, &parts); !noted) co_return error_of(noted);
  std::vector<std::string> models = message.models;
  if (models.empty()) models.push_back(message.model.empty() ? thread.model : message.model);
  if (message.wants_answer && models.front().empty()) co_return invalid("/model", "no model is chosen");
  std::vector<std::vector<ThreadMessage>> contexts;
  for (const std::string& model : models) {
    auto context = co_await context_of(principal, &thread, parent, &model, &parts);
    if (!context) co_return error_of(context);
    contexts.push_back(std::move(*context));
  }
  const bool must_wait = !contexts.front().empty() && is_open(contexts.front().back().state);
  if (must_wait && message.when_busy == NewMessage::Busy::refuse) co_return busy(parent);
  // Whoever goes on without deciding has not allowed it.
  const bool passes_over = !contexts.front().empty() && contexts.front().back().state == MessageState::waiting;

  const UnixMs now_ms = parts_.clock.wall_ms();
  const std::int64_t count_before = thread.message_count;
  ThreadMessage user;
  user.number = count_before + 1;
  user.parent = parent;
  user.parts = std::move(parts);
  user.created_ms = now_ms;
  Said said;
  said.messages.push_back(user);
  for (std::int64_t at = 0; at < answer_count_of(message); ++at) {
    said.messages.push_back(
        new_answer(user.number + 1 + at, user.number, models[static_cast<std::size_t>(at)], now_ms));
    note_context(contexts[static_cast<std::size_t>(at)], said.messages.back());
    if (must_wait) said.messages.back().state = MessageState::queued;
  }
  if (!thread.has_own_title && thread.title.empty()) thread.title = title_of_words(text_of(user));
  if (!message.model.empty() && thread.model.empty()) thread.model = message.model;
  thread.message_count = said.messages.back().number;
  thread.head = user.number + (message.wants_answer ? 1 : 0);
  parts_.threads.use(thread);
  ++thread.revision;
  thread.is_answering = thread.is_answering || message.wants_answer;

  std::vector<store::Statement> batch;
  batch.push_back(store::Threads::advance(thread, count_before));
  std::vector<Announcement> told;
  if (passes_over) {
    batch.push_back(store::Messages::set_state(id, parent, "waiting", "stopped"));
    ThreadMessage passed = contexts.front().back();
    passed.state = MessageState::stopped;
    told.push_back(message_changed(id, passed));
  }
  for (const ThreadMessage& one : said.messages) {
    append(batch, store::Messages::insert(to_row(one, id, principal.owner)));
    told.push_back(message_changed(id, one));
  }
  if (!message.idempotency_key.empty())
    batch.push_back(store::Messages::insert_key(id, message.idempotency_key, digest_of(message), user.number, now_ms));
  if (!message.client_id.empty()) batch.push_back(store::ClientChats::put_message(id, message.client_id, user.number));
  told.push_back(thread_changed(thread));
  said.thread = thread;

  if (!message.wants_answer || must_wait) {
    auto written =
        co_await write_with_events(&parts_.database, &parts_.events, principal, std::move(batch), std::move(told));
    if (!written) co_return error_of(written);
    if (must_wait) co_return co_await begin_if_ended(principal, std::move(said), parent);
    co_return said;
  }
  // All that can be refused is, before any is begun.
  std::vector<AnswerOrder> orders;
  for (std::size_t at = 0; at < models.size(); ++at) {
    contexts[at].push_back(user);
    auto call = co_await call_for(principal, &thread, std::move(contexts[at]), models[at]);
    if (!call) {
      Error error = call.error();
      if (!message.models.empty()) error.where = fmt::format("/models/{}", at);
      co_return std::unexpected(std::move(error));
    }
    AnswerOrder order{.principal = principal,
                      .thread = id,
                      .message = said.messages[1 + at],
                      .call = std::move(*call),
                      .batch = {},
                      .announcements = {}};
    orders.push_back(std::move(order));
  }
  AnswerOrder first = std::move(orders.front());
  orders.erase(orders.begin());
  first.batch = std::move(batch);
  first.announcements = std::move(told);
  first.together = std::move(orders);
  auto begun = co_await parts_.answers.begin(std::move(first));
  if (!begun) co_return error_of(begun);
  co_return said;
}

Task<Result<Chat::Said>> Chat::answer_again(Principal principal, ThreadId id, std::int64_t number, std::string model) {
  for (int tries = 1;; ++tries) {
    auto row = co_await parts_.threads.find(principal, id);
    if (!row) co_return error_of(row);
    store::ThreadRow thread = std::move(*row);
    auto asked = co_await parts_.threads.message(principal, id, number);
    if (!asked) co_return error_of(asked);
    // Beside an answer: another one of what it answers.
    const std::int64_t parent = asked->role == MessageRole::assistant ? asked->parent : number;
    std::string chosen = model.empty() ? asked->model : model;
    if (chosen.empty()) chosen = thread.model;
    if (chosen.empty()) co_return invalid("/model", "no model is chosen");
    if (parent == 0) co_return invalid("/number", fmt::format("message {} answers nothing", number));
    const std::int64_t count_before = thread.message_count;
    ThreadMessage answer = new_answer(count_before + 1, parent, chosen, parts_.clock.wall_ms());
    auto call = co_await call_at(principal, &thread, parent, std::move(chosen), &answer);
    if (!call) co_return error_of(call);

    Said said;
    said.messages.push_back(std::move(answer));
    thread.message_count = thread.head = count_before + 1;
    parts_.threads.use(thread);
    thread.is_answering = true;
    ++thread.revision;
    said.thread = thread;
    Turn turn{.principal = principal,
              .thread = id,
              .answer = said.messages.back(),
              .call = std::move(*call),
              .batch = {},
              .announcements = {}};
    turn.batch.push_back(store::Threads::advance(thread, count_before));
    append(turn.batch, store::Messages::insert(to_row(said.messages.back(), id, principal.owner)));
    turn.announcements.push_back(message_changed(id, said.messages.back()));
    turn.announcements.push_back(thread_changed(thread));
    auto begun = co_await begin(std::move(turn));
    if (begun) co_return said;
    if (begun.error().code != ErrorCode::conflict || tries == kTriesMax) co_return error_of(begun);
  }
}

Task<Result<ThreadMessage>> Chat::go_on(Principal principal, ThreadId id, std::int64_t number) {
  auto thread = co_await parts_.threads.find(principal, id);
  if (!thread) co_return error_of(thread);
  auto found = co_await parts_.threads.message(principal, id, number);
  if (!found) co_return error_of(found);
  ThreadMessage answer = std::move(*found);
  if (answer.role != MessageRole::assistant)
    co_return invalid("/number", fmt::format("message {} is no answer", number));
  if (is_open(answer.state)) co_return busy(number);
  if (answer.state == MessageState::waiting)
    co_return fail(ErrorCode::conflict, "it waits until the calls it shows are allowed or not",
                   {.reason = "message_waiting", .where = {}});
  std::string model = answer.model.empty() ? thread->model : answer.model;
  if (model.empty()) co_return invalid("/model", "no model is chosen");
  // Why it broke off is over, and what it said is to be gone on with.
  std::erase_if(answer.parts, [](const MessagePart& one) { return std::holds_alternative<part::Failure>(one); });
  auto context = co_await context_of(principal, &*thread, answer.parent, &model, &answer.parts);
  if (!context) co_return error_of(context);
  answer.report = {};
  note_context(*context, answer);
  std::optional<model::ChatCall> asked;
  if (ask_again_for_calls(parts_.tools, answer.parts) == 0) {
    if (estimate_tokens(answer.parts) > 0) context->push_back(answer);
    auto call = co_await call_for(principal, &*thread, std::move(*context), model);
    if (!call) co_return error_of(call);
    asked = std::move(*call);
  }
  answer.state = MessageState::answering;
  Turn turn{.principal = principal,
            .thread = id,
            .answer = answer,
            .call = std::move(asked),
            .batch = store::Messages::replace(to_row(answer, id, principal.owner)),
            .announcements = {}};
  parts_.threads.use(*thread);
  turn.batch.push_back(store::Threads::use(*thread));
  append(turn.batch, store::Summaries::forget_with(id, number));
  turn.announcements.push_back(message_changed(id, answer));
  auto begun = co_await begin(std::move(turn));
  if (!begun && begun.error().code == ErrorCode::conflict) co_return busy(number);
  if (!begun) co_return error_of(begun);
  co_return answer;
}

Task<Result<ThreadMessage>> Chat::stop(Principal principal, ThreadId id, std::int64_t number) {
  auto message = co_await parts_.threads.message(principal, id, number);
  if (!message) co_return error_of(message);
  if (message->state == MessageState::queued) {
    ThreadMessage stopped = std::move(*message);
    stopped.state = MessageState::stopped;
    std::vector<Announcement> told;
    told.push_back(message_changed(id, stopped));
    std::vector<store::Statement> batch;
    batch.push_back(store::Messages::set_state(id, number, "queued", "stopped"));
    auto written =
        co_await write_with_events(&parts_.database, &parts_.events, principal, std::move(batch), std::move(told));
    // It has begun meanwhile.
    if (!written && written.error().code != ErrorCode::conflict) co_return error_of(written);
    if (written) {
      co_await parts_.threads.tell_changed(principal, id);
      co_return stopped;
    }
  }
  if (message->state == MessageState::waiting) {
    auto stopped = co_await stop_waiting(principal, id, *message);
    // It goes on meanwhile.
    if (stopped || stopped.error().code != ErrorCode::conflict) co_return stopped;
  }
  auto done = co_await parts_.answers.stop(id, number);
  if (!done) co_return error_of(done);
  co_return co_await parts_.threads.message(principal, id, number);
}

Task<Result<store::ThreadRow>> Chat::stop_all(Principal principal, ThreadId id) {
  auto thread = co_await parts_.threads.find(principal, id);
  if (!thread) co_return error_of(thread);
  auto open = co_await parts_.database.read(store::Messages::open_of(id));
  if (!open) co_return error_of(open);
  auto waiting = co_await parts_.database.read(store::Messages::waiting_of(id));
  if (!waiting) co_return error_of(waiting);
  // Those that wait first, so that none of them begins when another has stopped.
  for (const bool is_queued : {true, false})
    for (std::size_t row = 0; row < open->size(); ++row) {
      if ((open->text(row, 1) == "queued") != is_queued) continue;
      auto stopped = co_await stop(principal, id, open->integer(row, 0));
      if (!stopped) co_return error_of(stopped);
    }
  for (std::size_t row = 0; row < waiting->size(); ++row) {
    auto stopped = co_await stop(principal, id, waiting->integer(row, 0));
    if (!stopped) co_return error_of(stopped);
  }
  co_return co_await parts_.threads.find(principal, id);
}

Task<Result<>> Chat::remove(Principal principal, ThreadId id) {
  auto thread = co_await parts_.threads.find(principal, id);
  if (!thread) co_return error_of(thread);
  auto removed = co_await parts_.threads.remove(principal, id);
  if (!removed) co_return error_of(removed);
  co_await parts_.answers.stop_thread(id);
  co_return Result<>{};
}

// What waited for this answer to end is answered now.
Task<> Chat::begin_waiting(Principal principal, ThreadId id, std::int64_t ended) {
  auto thread = co_await parts_.threads.find(principal, id);
  if (!thread) co_return;  // deleted
  auto before = co_await parts_.threads.message(principal, id, ended);
  if (before && before->state == MessageState::waiting) co_return co_await parts_.threads.tell_changed(principal, id);
  auto waiting = co_await parts_.database.read(store::Messages::queued_after(id, ended));
  for (std::size_t row = 0; waiting && row < waiting->size(); ++row) {
    const std::int64_t number = waiting->integer(row, 0);
    auto found = co_await parts_.threads.message(principal, id, number);
    if (!found) continue;
    ThreadMessage answer = std::move(*found);
    answer.state = MessageState::answering;
    auto call = co_await call_at(principal, &*thread, answer.parent, answer.model, &answer);
    Result<> begun;
    if (call) {
      Turn turn{.principal = principal,
                .thread = id,
                .answer = answer,
                .call = std::move(*call),
                .batch = {},
                .announcements = {}};
      turn.batch.push_back(store::Messages::set_state(id, number, "queued", "answering"));
      turn.announcements.push_back(message_changed(id, answer));
      begun = co_await begin(std::move(turn));
    } else {
      begun = error_of(call);
    }
    // Stopped meanwhile, or it says itself why it could not be answered.
    if (begun || begun.error().code == ErrorCode::conflict) continue;
    answer.state = MessageState::failed;
    answer.parts.push_back(
        part::Failure{.code = std::string(begun.error().stable_code()), .message = begun.error().message});
    std::vector<Announcement> told;
    told.push_back(message_changed(id, answer));
    auto written =
        co_await write_with_events(&parts_.database, &parts_.events, principal,
                                   store::Messages::replace(to_row(answer, id, principal.owner)), std::move(told));
    if (!written) log::warn("a waiting answer could not be begun", {{"error", written.error().describe()}});
  }
  co_await parts_.threads.tell_changed(principal, id);
}

}  // namespace atelier::studio
