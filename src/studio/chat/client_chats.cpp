#include "studio/chat/client_chats.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "base/text.hpp"
#include "store/chat/client_chats.hpp"

namespace atelier::studio {
namespace {

// How far back it is looked for the last message that is known: further than anything is left out.
constexpr std::size_t kLookBackMax = 1'000;

json::Value to_json(const std::vector<MessagePart>& parts) {
  json::Array list;
  for (const MessagePart& one : parts) list.push_back(studio::to_json(one));
  return list;
}

std::optional<std::int64_t> number_in(std::string_view id, std::int64_t count) {
  if (!id.starts_with('m')) return std::nullopt;
  const auto number = parse_integer(id.substr(1));
  return number && *number >= 1 && *number <= count ? number : std::nullopt;
}

}  // namespace

std::string ClientChats::id_of(std::int64_t number) { return fmt::format("m{}", number); }

Task<Result<std::optional<store::ThreadRow>>> ClientChats::find(Principal principal, std::string chat) {
  auto id = ThreadId::parse(chat);
  if (!id) {
    auto rows = co_await parts_.database.read(store::ClientChats::find(principal, std::move(chat)));
    if (!rows) co_return error_of(rows);
    if (rows->empty()) co_return std::optional<store::ThreadRow>();
    id = ThreadId::parse(rows->text(0, 0));
    if (!id) co_return error_of(id);
  }
  auto thread = co_await parts_.threads.find(principal, *id);
  if (!thread) co_return error_of(thread);
  co_return std::optional<store::ThreadRow>(std::move(*thread));
}

Task<Result<store::ThreadRow>> ClientChats::find_or_make(Principal principal, std::string chat) {
  auto found = co_await find(principal, chat);
  if (!found) co_return error_of(found);
  if (*found) co_return std::move(**found);
  NewThread wanted;
  wanted.client_id = chat;
  auto made = co_await parts_.threads.create(principal, std::move(wanted));
  if (made || made.error().code != ErrorCode::conflict) co_return made;
  // The same client, twice at once: the other was first.
  found = co_await find(principal, std::move(chat));
  if (!found) co_return error_of(found);
  if (!*found) co_return made;
  co_return std::move(**found);
}

// Of the ids in the turn that are known.
Task<Result<ClientChats::Numbers>> ClientChats::numbers_of(const store::ThreadRow* thread, const ClientTurn* turn) {
  std::vector<std::string> ids{turn->message, turn->answer};
  if (turn->before) {
    const auto& before = *turn->before;
    const std::size_t count = std::min(before.size(), kLookBackMax);
    ids.insert(ids.end(), before.end() - static_cast<std::ptrdiff_t>(count), before.end());
  }
  json::Array asked;
  Numbers numbers;
  for (std::string& id : ids) {
    asked.push_back(json::Value(id));
    if (const auto number = number_in(id, thread->message_count)) numbers.emplace(std::move(id), *number);
  }
  auto rows = co_await parts_.database.read(store::ClientChats::numbers(thread->id, json::write(asked)));
  if (!rows) co_return error_of(rows);
  for (std::size_t row = 0; row < rows->size(); ++row) numbers[rows->text(row, 0)] = rows->integer(row, 1);
  co_return numbers;
}

Task<Result<AnswerPlace>> ClientChats::take(Principal principal, ClientTurn turn) {
  auto thread = co_await find_or_make(principal, turn.chat);
  if (!thread) co_return error_of(thread);
  auto numbers = co_await numbers_of(&*thread, &turn);
  if (!numbers) co_return error_of(numbers);
  const ThreadId id = thread->id;
  if (!turn.decisions.empty()) co_return co_await decide(principal, id, std::move(turn), std::move(*numbers));
  const auto known = numbers->find(turn.message);
  if (known != numbers->end() && !turn.is_again && !turn.is_edit) {
    auto before = co_await parts_.threads.message(principal, id, known->second);
    if (!before) co_return error_of(before);
    // Anything but the same is an edit that does not say so; the same was answered already.
    turn.is_edit = json::write(to_json(before->parts)) != json::write(to_json(turn.parts));
    auto answer = co_await parts_.threads.message(principal, id, known->second + 1);
    if (!turn.is_edit && answer && answer->parent == known->second)
      co_return AnswerPlace{.thread = id, .number = answer->number};
    turn.is_again = !turn.is_edit;
  }
  const auto running = parts_.answers.newest(id);
  auto place = co_await add(principal, id, turn, *numbers);
  if (!place && place.error().reason == "thread_busy") {
    co_await parts_.answers.stop_thread(id);
    place = co_await add(principal, id, std::move(turn), std::move(*numbers));
  } else if (place && running && *running != place->number) {
    // It ends by itself where it cannot be stopped.
    (void)co_await parts_.talk.stop(principal, id, *running);
  }
  co_return place;
}

// The same again changes nothing: the answer is followed.
Task<Result<AnswerPlace>> ClientChats::decide(Principal principal, ThreadId thread, ClientTurn turn, Numbers numbers) {
  const auto known = numbers.find(turn.message);
  if (known == numbers.end())
    co_return fail(ErrorCode::invalid_argument, "there is no such answer to decide about",
                   {.reason = "field_invalid", .where = "/messageId"});
  auto before = co_await parts_.threads.message(principal, thread, known->second);
  if (!before) co_return error_of(before);
  for (ClientTurn::Decision& one : turn.decisions) {
    ToolDecision decision{.call = std::move(one.call), .is_allowed = one.is_allowed};
    auto decided = co_await parts_.talk.decide(principal, thread, known->second, std::move(decision));
    if (!decided && decided.error().reason != "call_not_waiting") co_return error_of(decided);
  }
  co_return AnswerPlace{.thread = thread, .number = known->second, .known = std::move(before->parts)};
}

Task<Result<AnswerPlace>> ClientChats::add(Principal principal, ThreadId thread, ClientTurn turn, Numbers numbers) {
  if (turn.is_again) {
    auto known = numbers.find(turn.message);
    if (known == numbers.end()) known = numbers.find(turn.answer);
    if (known != numbers.end()) {
      auto said = co_await parts_.talk.answer_again(principal, thread, known->second, std::move(turn.model));
      if (!said) co_return error_of(said);
      co_return AnswerPlace{.thread = thread, .number = said->messages.back().number};
    }
    if (turn.parts.empty())
      co_return fail(ErrorCode::invalid_argument, "there is no such answer to give another for",
                     {.reason = "field_invalid", .where = "/messageId"});
  }
  NewMessage message;
  if (turn.before) {
    message.parent = 0;
    for (const std::string& id : *turn.before)
      if (const auto known = numbers.find(id); known != numbers.end()) message.parent = known->second;
  } else if (const auto known = numbers.find(turn.message); known != numbers.end()) {
    auto replaced = co_await parts_.threads.message(principal, thread, known->second);
    if (!replaced) co_return error_of(replaced);
    message.parent = replaced->parent;
  }
  message.parts = std::move(turn.parts);
  message.model = std::move(turn.model);
  // An edit is another message under the same id.
  if (!turn.is_edit) message.idempotency_key = turn.message;
  message.client_id = std::move(turn.message);
  auto said = co_await parts_.talk.send(principal, thread, std::move(message));
  if (!said) co_return error_of(said);
  co_return AnswerPlace{.thread = thread, .number = said->messages.back().number};
}

Task<Result<std::optional<AnswerPlace>>> ClientChats::active(Principal principal, std::string chat) {
  auto thread = co_await find(principal, std::move(chat));
  if (!thread) co_return error_of(thread);
  if (!*thread) co_return std::optional<AnswerPlace>();
  const auto number = parts_.answers.newest((*thread)->id);
  if (!number) co_return std::optional<AnswerPlace>();
  co_return std::optional<AnswerPlace>(AnswerPlace{.thread = (*thread)->id, .number = *number});
}

Task<Result<>> ClientChats::stop(Principal principal, std::string chat) {
  auto running = co_await active(principal, std::move(chat));
  if (!running) co_return error_of(running);
  if (!*running) co_return Result<>{};
  auto stopped = co_await parts_.talk.stop(principal, (*running)->thread, (*running)->number);
  if (!stopped) co_return error_of(stopped);
  co_return Result<>{};
}

}  // namespace atelier::studio
