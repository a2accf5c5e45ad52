#include "studio/chat/thread_exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/async.hpp"
#include "base/file_name.hpp"
#include "studio/chat/chat_parts.hpp"

namespace atelier::studio {
namespace {

using chat_parts::write_tags;

constexpr std::size_t kSliceMessages = 500;
constexpr std::int64_t kReadSlice = 1'000;
// A thread that is being taken in counts as deleted until it is whole: should we die meanwhile, it is forgotten.
constexpr UnixMs kTakingInMs = UnixMs{60} * 60 * 1000;

std::vector<std::string> read_tags(const std::string& text) {
  std::vector<std::string> tags;
  if (const auto value = json::parse(text); value && value->is_array())
    for (const json::Value& tag : value->get_array())
      if (tag.is_string()) tags.emplace_back(tag.get_string());
  return tags;
}

std::optional<AssetId> asset_of(const MessagePart& one) {
  if (const auto* image = std::get_if<part::Image>(&one)) return image->asset;
  if (const auto* file = std::get_if<part::File>(&one)) return file->asset;
  return std::nullopt;
}

}  // namespace

Task<Result<ThreadExchange::Taken>> ThreadExchange::take_in(Principal principal, std::string bytes) {
  const auto file = std::make_shared<const std::string>(std::move(bytes));
  const auto read = [file](std::size_t) { return read_export(*file); };
  auto import = co_await store::run_in(&parts_.pool, read);
  if (!import) co_return error_of(import);
  Taken taken;
  taken.skipped = std::move(import->skipped);
  for (ImportedThread& thread : import->threads) {
    auto row = co_await store_thread(principal, std::move(thread));
    if (!row) co_return error_of(row);
    taken.threads.push_back(std::move(*row));
  }
  co_return taken;
}

// An id in a file means something only in the studio it came from: whatever is not the principal's own becomes a word
// of it.
Task<Result<>> ThreadExchange::drop_foreign_assets(Principal principal, ImportedThread* thread) {
  std::set<AssetId> named;
  for (const ThreadMessage& message : thread->messages)
    for (const MessagePart& one : message.parts)
      if (const auto id = asset_of(one)) named.insert(*id);
  if (named.empty()) co_return Result<>{};
  const std::vector<AssetId> all(named.begin(), named.end());
  for (std::size_t from = 0; from < all.size(); from += kSliceMessages) {
    std::vector<AssetId> some(all.begin() + static_cast<std::ptrdiff_t>(from),
                              all.begin() + static_cast<std::ptrdiff_t>(std::min(from + kSliceMessages, all.size())));
    auto found = co_await assets_.find_all(principal, std::move(some));
    if (!found) co_return error_of(found);
    for (const store::Asset& asset : *found) named.erase(asset.id);
  }
  for (ThreadMessage& message : thread->messages)
    for (MessagePart& one : message.parts) {
      const auto id = asset_of(one);
      if (!id || !named.contains(*id)) continue;
      const auto* lost = std::get_if<part::File>(&one);
      std::string mention = lost != nullptr ? fmt::format("[file: {}]", lost->name) : std::string("[image]");
      one = part::Text{std::move(mention)};
    }
  co_return Result<>{};
}

Task<Result<store::ThreadRow>> ThreadExchange::store_thread(Principal principal, ImportedThread thread) {
  if (auto dropped = co_await drop_foreign_assets(principal, &thread); !dropped) co_return error_of(dropped);
  const UnixMs now_ms = parts_.clock.wall_ms();
  store::ThreadRow row;
  row.id = ThreadId::make();
  row.owner = principal.owner;
  row.title = std::move(thread.title);
  row.has_own_title = !row.title.empty();
  row.model = std::move(thread.model);
  row.system = std::move(thread.system);
  row.tags = write_tags(thread.tags);
  row.is_pinned = thread.is_pinned;
  row.is_archived = thread.is_archived;
  row.head = thread.head;
  row.message_count = static_cast<std::int64_t>(thread.messages.size());
  row.created_ms = thread.created_ms > 0 ? thread.created_ms : now_ms;
  row.used_ms = std::max(thread.used_ms, row.created_ms);
  for (const ThreadMessage& message : thread.messages)
    if (row.title.empty() && message.role == MessageRole::user) row.title = title_of_words(text_of(message));
  std::vector<store::Statement> batch;
  batch.push_back(store::Threads::insert(row));
  batch.push_back(store::Threads::remove(principal, row.id, now_ms + kTakingInMs));
  auto begun = co_await parts_.database.write(std::move(batch));
  if (!begun) co_return error_of(begun);
  for (std::size_t from = 0; from < thread.messages.size(); from += kSliceMessages) {
    std::vector<store::Statement> slice;
    const std::size_t to = std::min(from + kSliceMessages, thread.messages.size());
    for (std::size_t index = from; index < to; ++index) {
      const store::MessageRow message = to_row(thread.messages[index], row.id, principal.owner);
      for (store::Statement& statement : store::Messages::insert(message)) slice.push_back(std::move(statement));
    }
    auto written = co_await parts_.database.write(std::move(slice));
    if (!written) co_return error_of(written);
  }
  std::vector<store::Statement> end;
  end.push_back(store::Threads::restore(principal, row.id));
  auto shown =
      co_await write_with_event(&parts_.database, &parts_.events, principal, std::move(end), thread_changed(row));
  if (!shown) co_return error_of(shown);
  co_return row;
}

Task<Result<ImportedThread>> ThreadExchange::read_thread(Principal principal, ThreadId id) {
  auto row = co_await parts_.threads.find(principal, id);
  if (!row) co_return error_of(row);
  if (row->message_count > static_cast<std::int64_t>(kThreadMessagesMax))
    co_return fail(ErrorCode::too_large, fmt::format("the thread has more than {} messages", kThreadMessagesMax),
                   {.reason = "export_too_large", .where = {}});
  ImportedThread thread;
  thread.title = row->title;
  thread.system = row->system;
  thread.model = row->model;
  thread.tags = read_tags(row->tags);
  thread.is_pinned = row->is_pinned;
  thread.is_archived = row->is_archived;
  thread.created_ms = row->created_ms;
  thread.used_ms = row->used_ms;
  thread.head = row->head;
  for (std::int64_t after = 0; after < row->message_count; after += kReadSlice) {
    auto messages = co_await parts_.threads.numbered(principal, id, after, kReadSlice);
    if (!messages) co_return error_of(messages);
    std::ranges::move(*messages, std::back_inserter(thread.messages));
  }
  co_return thread;
}

Task<Result<ThreadExchange::File>> ThreadExchange::give_out(Principal principal, ThreadId id, Form form) {
  auto thread = co_await read_thread(principal, id);
  if (!thread) co_return error_of(thread);
  const auto whole = std::make_shared<const ImportedThread>(std::move(*thread));
  const auto write = [whole, form](std::size_t) -> Result<std::string> {
    return form == Form::markdown ? to_markdown(*whole) : json::write(to_export_json(*whole));
  };
  auto bytes = co_await store::run_in(&parts_.pool, write);
  if (!bytes) co_return error_of(bytes);
  const bool is_markdown = form == Form::markdown;
  File file;
  file.bytes = std::move(*bytes);
  file.name = file_name_of(whole->title, "thread") + (is_markdown ? ".md" : ".json");
  file.media_type = is_markdown ? "text/markdown; charset=utf-8" : "application/json";
  co_return file;
}

}  // namespace atelier::studio
