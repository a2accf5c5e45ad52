#include "studio/chat/threads.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/async.hpp"
#include "store/chat/client_chats.hpp"
#include "store/chat/summaries.hpp"
#include "studio/chat/chat_parts.hpp"
#include "studio/create_key.hpp"

namespace atelier::studio {
namespace {

using chat_parts::append;
using chat_parts::invalid;
using chat_parts::write_tags;

constexpr std::string_view kTopic = "threads";
constexpr int kTriesMax = 5;
constexpr std::size_t kFoldersMax = 1'000;
constexpr std::int64_t kSliceMessages = 500;
constexpr UnixMs kKeysKeptMs = UnixMs{7} * 24 * 60 * 60 * 1000;

std::unexpected<Error> no_such_message(std::int64_t number) {
  return fail(ErrorCode::not_found, fmt::format("the thread has no message {}", number),
              {.reason = "message_not_found", .where = {}});
}

Result<std::vector<ThreadMessage>> messages_of(const store::Rows& rows, ThreadId thread, UserId owner,
                                               const Answers& answers) {
  std::vector<ThreadMessage> messages;
  for (const store::MessageRow& row : store::Messages::read(rows, thread, owner)) {
    auto message = from_row(row);
    if (!message) return error_of(message);
    if (message->state == MessageState::answering) answers.overlay(thread, *message);
    messages.push_back(std::move(*message));
  }
  return messages;
}

Announcement thread_deleted(ThreadId id) {
  return {.topic = std::string(kTopic), .type = "thread.deleted", .data = json::Object{{"id", id.to_string()}}};
}

}  // namespace

Announcement thread_changed(const store::ThreadRow& thread) {
  return {.topic = std::string(kTopic), .type = "thread.changed", .data = to_json(thread)};
}

Task<Result<>> Threads::require_folder(Principal principal, std::string folder) {
  if (folder.empty()) co_return Result<>{};
  auto id = FolderId::parse(folder);
  if (!id) co_return invalid("/folder", "there is no such folder");
  auto rows = co_await parts_.database.read(store::Threads::find_folder(principal, *id));
  if (!rows) co_return error_of(rows);
  if (rows->empty()) co_return invalid("/folder", "there is no such folder");
  co_return Result<>{};
}

Task<Result<store::ThreadRow>> Threads::create(Principal principal, NewThread wanted) {
  std::optional<CreateKey> key;
  if (!wanted.idempotency_key.empty()) {
    key.emplace(principal, "thread", wanted.idempotency_key,
                json::Array{wanted.title, wanted.model, wanted.system, wanted.folder, to_json(wanted.parameters),
                            write_tags(wanted.tags), wanted.is_temporary});
    auto known = co_await parts_.database.read(key->select());
    if (!known) co_return error_of(known);
    auto made = key->read(*known);
    if (!made) co_return error_of(made);
    if (*made) co_return co_await find(principal, ThreadId{**made});
  }
  if (auto found = co_await require_folder(principal, wanted.folder); !found) co_return error_of(found);
  if (auto known = check_tools(parts_.tools, wanted.parameters.tools, "/parameters/tools"); !known)
    co_return error_of(known);
  const UnixMs now_ms = parts_.clock.wall_ms();
  store::ThreadRow row;
  row.id = ThreadId::make();
  row.owner = principal.owner;
  row.title = std::move(wanted.title);
  row.has_own_title = !row.title.empty();
  row.model = std::move(wanted.model);
  row.system = std::move(wanted.system);
  row.parameters = json::write(to_json(wanted.parameters));
  row.folder = std::move(wanted.folder);
  row.tags = write_tags(wanted.tags);
  row.created_ms = row.used_ms = now_ms;
  if (wanted.is_temporary) row.expires_ms = now_ms + milliseconds(parts_.temporary_life).count();
  std::vector<store::Statement> batch;
  batch.push_back(store::Threads::insert(row));
  if (!wanted.client_id.empty())
    batch.push_back(store::ClientChats::insert(principal, std::move(wanted.client_id), row.id));
  if (key) {
    batch.push_back(key->insert(row.id.value, now_ms));
    batch.push_back(CreateKey::forget_old(now_ms));
  }
  auto written =
      co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), thread_changed(row));
  if (written) co_return row;
  if (key && written.error().code == ErrorCode::conflict) {
    // The same call, sent twice at once: the other was first.
    auto known = co_await parts_.database.read(key->select());
    if (!known) co_return error_of(known);
    auto made = key->read(*known);
    if (made && *made) co_return co_await find(principal, ThreadId{**made});
  }
  co_return error_of(written);
}

Task<Result<ThreadView>> Threads::open(Principal principal, ThreadId id, std::int64_t window) {
  auto row = co_await find(principal, id);
  if (!row) co_return error_of(row);
  std::vector<store::Statement> questions;
  questions.push_back(store::Messages::branch(principal, id, row->head, window));
  questions.push_back(store::Messages::shape(principal, id));
  auto rows = co_await parts_.database.read_all(std::move(questions));
  if (!rows) co_return error_of(rows);
  auto messages = messages_of((*rows)[0], id, principal.owner, parts_.answers);
  if (!messages) co_return error_of(messages);
  ThreadView view;
  view.row = std::move(*row);
  view.messages = std::move(*messages);
  view.shape = store::Messages::read_shape((*rows)[1]);
  co_return view;
}

Task<Result<store::ThreadRow>> Threads::change(Principal principal, ThreadId id, ThreadChange change) {
  // Each field stands for itself: whoever changed another one meanwhile is no conflict.
  for (int tries = 1;; ++tries) {
    auto changed = co_await try_change(principal, id, change);
    if (changed || changed.error().code != ErrorCode::conflict || tries == kTriesMax) co_return changed;
  }
}

Task<Result<store::ThreadRow>> Threads::try_change(Principal principal, ThreadId id, ThreadChange change) {
  auto row = co_await find(principal, id);
  if (!row) co_return error_of(row);
  if (change.title) {
    row->title = std::move(*change.title);
    row->has_own_title = true;
  }
  if (change.model) row->model = std::move(*change.model);
  if (change.system) row->system = std::move(*change.system);
  if (change.parameters)
    if (auto known = check_tools(parts_.tools, change.parameters->tools, "/parameters/tools"); !known)
      co_return error_of(known);
  if (change.parameters) row->parameters = json::write(to_json(*change.parameters));
  if (change.folder) {
    if (auto found = co_await require_folder(principal, *change.folder); !found) co_return error_of(found);
    row->folder = std::move(*change.folder);
  }
  if (change.tags) row->tags = write_tags(*change.tags);
  if (change.is_pinned) row->is_pinned = *change.is_pinned;
  if (change.is_archived) row->is_archived = *change.is_archived;
  if (change.head) {
    auto leaf = co_await parts_.database.read(store::Messages::newest_leaf(principal, id, *change.head));
    if (!leaf) co_return error_of(leaf);
    if (leaf->empty() || leaf->is_null(0, 0))
      co_return invalid("/head", fmt::format("there is no message {}", *change.head));
    row->head = leaf->integer(0, 0);
  }
  ++row->revision;
  std::vector<store::Statement> batch;
  batch.push_back(store::Threads::update(*row));
  auto written =
      co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), thread_changed(*row));
  if (!written) co_return error_of(written);
  co_return std::move(*row);
}

Task<Result<>> Threads::name(Principal principal, ThreadId id, std::string first_words, std::string title) {
  for (int tries = 1;; ++tries) {
    auto row = co_await find(principal, id);
    if (!row) co_return error_of(row);
    if (row->has_own_title || row->title != first_words) co_return Result<>{};
    row->title = title;
    ++row->revision;
    std::vector<store::Statement> batch;
    batch.push_back(store::Threads::update(*row));
    auto written =
        co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), thread_changed(*row));
    if (written || written.error().code != ErrorCode::conflict || tries == kTriesMax) co_return written;
  }
}

Task<Result<>> Threads::remove(Principal principal, ThreadId id) {
  auto row = co_await find(principal, id);
  if (!row) co_return error_of(row);
  std::vector<store::Statement> batch;
  batch.push_back(store::Threads::remove(principal, id, parts_.clock.wall_ms()));
  co_return co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch),
                                      thread_deleted(id));
}

Task<Result<std::vector<ThreadMessage>>> Threads::branch(Principal principal, ThreadId id, std::int64_t number,
                                                         std::int64_t count, bool has_it) {
  auto row = co_await find(principal, id);
  if (!row) co_return error_of(row);
  if (number < 1 || number > row->message_count) co_return no_such_message(number);
  const std::int64_t read_count = has_it ? count : count + 1;
  auto rows = co_await parts_.database.read(store::Messages::branch(principal, id, number, read_count));
  if (!rows) co_return error_of(rows);
  auto messages = messages_of(*rows, id, principal.owner, parts_.answers);
  if (messages && !has_it && !messages->empty()) messages->pop_back();
  co_return messages;
}

Task<Result<ThreadMessage>> Threads::message(Principal principal, ThreadId id, std::int64_t number) {
  auto messages = co_await branch(principal, id, number, 1, true);
  if (!messages) co_return error_of(messages);
  if (messages->empty()) co_return no_such_message(number);
  co_return std::move(messages->front());
}

Task<Result<std::vector<ThreadMessage>>> Threads::numbered(Principal principal, ThreadId id, std::int64_t after,
                                                           std::int64_t count) {
  auto rows = co_await parts_.database.read(store::Messages::numbered(principal, id, after, count));
  if (!rows) co_return error_of(rows);
  co_return messages_of(*rows, id, principal.owner, parts_.answers);
}

Task<Result<store::ThreadRow>> Threads::put(Principal principal, ThreadId id, std::vector<ThreadMessage> messages) {
  auto row = co_await find(principal, id);
  if (!row) co_return error_of(row);
  const std::int64_t count_before = row->message_count;
  std::vector<bool> is_there(static_cast<std::size_t>(count_before) + messages.size() + 1);
  std::fill_n(is_there.begin(), static_cast<std::size_t>(count_before) + 1, true);
  std::vector<store::Statement> batch;
  batch.reserve(2 * messages.size() + 1);
  for (std::size_t index = 0; index < messages.size(); ++index) {
    ThreadMessage& message = messages[index];
    const std::string where = fmt::format("/messages/{}", index);
    const auto number = static_cast<std::size_t>(message.number);
    if (message.number < 1 || number >= is_there.size() || !is_there[number - 1])
      co_return invalid(where + "/number", fmt::format("must follow a message that is there: the next is {}",
                                                       std::ranges::find(is_there, false) - is_there.begin()));
    if (message.parent < 0 || message.parent >= message.number)
      co_return invalid(where + "/parent", "must be the number of an earlier message, or 0");
    is_there[number] = true;
    row->message_count = std::max(row->message_count, message.number);
    append(batch, store::Messages::put(to_row(message, id, principal.owner)));
  }
  if (!row->has_own_title && count_before == 0)
    for (const ThreadMessage& message : messages)
      if (message.role == MessageRole::user && row->title.empty()) row->title = title_of_words(text_of(message));
  if (row->message_count > count_before) row->head = row->message_count;
  use(*row);
  batch.insert(batch.begin(), store::Threads::advance(*row, count_before));
  const auto lowest = std::ranges::min_element(messages, {}, &ThreadMessage::number);
  if (lowest != messages.end() && lowest->number <= count_before)
    append(batch, store::Summaries::forget_with(id, lowest->number));
  ++row->revision;
  auto written =
      co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), thread_changed(*row));
  if (!written) co_return error_of(written);
  co_return std::move(*row);
}

Task<Result<store::ThreadRow>> Threads::fork(Principal principal, ThreadId id, std::int64_t number, ForkScope scope) {
  auto row = co_await find(principal, id);
  if (!row) co_return error_of(row);
  if (number < 1 || number > row->message_count)
    co_return invalid("/message", fmt::format("there is no message {}", number));
  store::ThreadRow copy = std::move(*row);
  copy.id = ThreadId::make();
  copy.is_answering = false;
  copy.revision = 1;
  use(copy);
  copy.created_ms = copy.used_ms;
  std::vector<store::Statement> batch;
  if (scope == ForkScope::branch) {
    auto branch = co_await parts_.database.read(store::Messages::branch_length(principal, id, number));
    if (!branch) co_return error_of(branch);
    copy.message_count = copy.head = branch->integer(0, 0);
    append(batch, store::Messages::copy_branch(id, copy.id, number, principal.owner));
  } else {
    copy.head = number;
    append(batch, store::Messages::copy_all(id, copy.id, principal.owner));
  }
  batch.insert(batch.begin(), store::Threads::insert(copy));
  auto written =
      co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), thread_changed(copy));
  if (!written) co_return error_of(written);
  co_return copy;
}

Task<Result<store::FolderRow>> Threads::create_folder(Principal principal, std::string name) {
  auto there = co_await rows_.folders(principal);
  if (!there) co_return error_of(there);
  if (there->size() >= kFoldersMax)
    co_return fail(ErrorCode::invalid_argument, fmt::format("there are {} folders already", kFoldersMax),
                   {.reason = "too_many_folders", .where = {}});
  store::FolderRow folder{.id = FolderId::make(),
                          .name = std::move(name),
                          .place = there->empty() ? 1 : there->back().place + 1,
                          .created_ms = parts_.clock.wall_ms()};
  std::vector<store::Statement> batch;
  batch.push_back(store::Threads::insert_folder(principal, folder));
  Announcement told{.topic = std::string(kTopic), .type = "folder.changed", .data = to_json(folder)};
  auto written =
      co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), std::move(told));
  if (!written) co_return error_of(written);
  co_return folder;
}

Task<Result<store::FolderRow>> Threads::change_folder(Principal principal, FolderId id, std::optional<std::string> name,
                                                      std::optional<std::int64_t> place) {
  auto there = co_await rows_.folders(principal);
  if (!there) co_return error_of(there);
  const auto found = std::ranges::find(*there, id, &store::FolderRow::id);
  if (found == there->end())
    co_return fail(ErrorCode::not_found, "there is no such folder", {.reason = "folder_not_found", .where = {}});
  store::FolderRow folder = *found;
  if (name) folder.name = std::move(*name);
  if (place) folder.place = *place;
  std::vector<store::Statement> batch;
  batch.push_back(store::Threads::update_folder(principal, folder));
  Announcement told{.topic = std::string(kTopic), .type = "folder.changed", .data = to_json(folder)};
  auto written =
      co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), std::move(told));
  if (!written) co_return error_of(written);
  co_return folder;
}

Task<Result<>> Threads::remove_folder(Principal principal, FolderId id) {
  auto there = co_await parts_.database.read(store::Threads::find_folder(principal, id));
  if (!there) co_return error_of(there);
  if (there->empty())
    co_return fail(ErrorCode::not_found, "there is no such folder", {.reason = "folder_not_found", .where = {}});
  Announcement told{
      .topic = std::string(kTopic), .type = "folder.deleted", .data = json::Object{{"id", id.to_string()}}};
  co_return co_await write_with_event(&parts_.database, &parts_.events, principal,
                                      store::Threads::remove_folder(principal, id), std::move(told));
}

void Threads::use(store::ThreadRow& row) const {
  row.used_ms = parts_.clock.wall_ms();
  if (row.expires_ms != 0) row.expires_ms = row.used_ms + milliseconds(parts_.temporary_life).count();
}

// Those of `rows` (id, owner) that are still to go.
Task<Result<>> Threads::discard(store::Rows rows, UnixMs now_ms, UnixMs unused_since_ms) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto id = ThreadId::parse(rows.text(row, 0));
    auto owner = UserId::parse(rows.text(row, 1));
    if (!id || !owner) continue;
    const Principal principal{.owner = *owner};
    std::vector<store::Statement> batch;
    batch.push_back(store::Threads::discard(principal, *id, now_ms, unused_since_ms));
    auto gone =
        co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(batch), thread_deleted(*id));
    // Used, pinned or deleted meanwhile.
    if (!gone && gone.error().code != ErrorCode::conflict) co_return error_of(gone);
  }
  co_return Result<>{};
}

Task<Result<bool>> Threads::forget_some() {
  const UnixMs now_ms = parts_.clock.wall_ms();
  const bool has_end = parts_.unused_life.count() > 0;
  const UnixMs unused_since_ms = has_end ? now_ms - milliseconds(parts_.unused_life).count() : 0;
  auto over = co_await parts_.database.read(store::Threads::expired(now_ms));
  if (!over) co_return error_of(over);
  if (auto gone = co_await discard(std::move(*over), now_ms, unused_since_ms); !gone) co_return error_of(gone);
  if (has_end) {
    over = co_await parts_.database.read(store::Threads::unused(unused_since_ms));
    if (!over) co_return error_of(over);
    if (auto gone = co_await discard(std::move(*over), now_ms, unused_since_ms); !gone) co_return error_of(gone);
  }
  std::vector<store::Statement> batch = store::Threads::forget_removed(now_ms, kSliceMessages);
  const std::size_t slices = batch.size();
  batch.push_back(store::Messages::forget_keys(now_ms - kKeysKeptMs));
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  std::int64_t count = 0;
  for (std::size_t index = 0; index < slices; ++index) count += (*written)[index].changed_count;
  co_return count > 0;
}

Task<> Threads::tell_changed(Principal principal, ThreadId id) {
  auto row = co_await find(principal, id);
  if (!row) co_return;
  // What cannot be told now is read with the thread.
  (void)co_await write_with_event(&parts_.database, &parts_.events, principal, {}, thread_changed(*row));
}

}  // namespace atelier::studio
