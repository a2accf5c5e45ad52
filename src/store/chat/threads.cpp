#include "store/chat/threads.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "base/text.hpp"

namespace atelier::store {
namespace {

Result<ThreadRow> thread_of(const Rows& rows, std::size_t row) {
  auto id = ThreadId::parse(rows.text(row, 0));
  if (!id) return error_of(id);
  auto owner = UserId::parse(rows.text(row, 1));
  if (!owner) return error_of(owner);
  return ThreadRow{.id = *id,
                   .owner = *owner,
                   .title = rows.text(row, 2),
                   .has_own_title = rows.integer(row, 3) != 0,
                   .model = rows.text(row, 4),
                   .system = rows.text(row, 5),
                   .parameters = rows.text(row, 6),
                   .folder = rows.text(row, 7),
                   .tags = rows.text(row, 8),
                   .is_pinned = rows.integer(row, 9) != 0,
                   .is_archived = rows.integer(row, 10) != 0,
                   .expires_ms = rows.integer(row, 11),
                   .head = rows.integer(row, 12),
                   .message_count = rows.integer(row, 13),
                   .revision = rows.integer(row, 14),
                   .created_ms = rows.integer(row, 15),
                   .used_ms = rows.integer(row, 16),
                   .is_answering = rows.integer(row, 17) != 0};
}

std::int64_t as_integer(bool value) { return value ? 1 : 0; }
Value expiry_of(const ThreadRow& row) { return row.expires_ms == 0 ? Value() : Value(row.expires_ms); }

// Where a page ended: "<pinned>-<used_ms>-<id>".
struct Place {
  std::int64_t is_pinned = 0, used_ms = 0;
  std::string id;
};
std::optional<Place> place_of(std::string_view after) {
  const std::size_t first = after.find('-');
  const std::size_t second = after.find('-', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto pinned = parse_integer(after.substr(0, first));
  const auto used = parse_integer(after.substr(first + 1, second - first - 1));
  if (!pinned || !used) return std::nullopt;
  return Place{.is_pinned = *pinned, .used_ms = *used, .id = std::string(after.substr(second + 1))};
}
std::string place_after(const ThreadRow& row) {
  return fmt::format("{}-{}-{}", row.is_pinned ? 1 : 0, row.used_ms, row.id.to_string());
}

// The columns of thread_of(), as a macro since SQL is literals alone.
#define ATELIER_THREAD_COLUMNS                                                                                \
  "t.id, t.owner, t.title, t.has_own_title, t.model, t.system, t.parameters, t.folder, t.tags, t.is_pinned, " \
  "t.is_archived, t.expires_ms, t.head, t.message_count, t.revision, t.created_ms, t.used_ms, "               \
  "EXISTS (SELECT 1 FROM messages m WHERE m.thread = t.id AND m.state IN ('queued', 'answering')) "

#define ATELIER_NOT_ANSWERING                                             \
  "AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.thread = threads.id " \
  "AND m.state IN ('queued', 'answering')) "

// The lowest id that a thread made at that time can have. An imported thread's own times may be years old: its id says
// since when it is here.
std::string first_id_of(UnixMs time_ms) {
  Ulid id;
  for (std::size_t at = 0; at < 6; ++at)
    id.bytes[at] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(time_ms) >> (40 - 8 * at));
  return id.to_string();
}

// $1 owner, $2 archived, $3 to $5 the place before, $6 how many, $7 tag, $8 folder.
Statement list_of_all(std::vector<Value> values) {
  return {"SELECT " ATELIER_THREAD_COLUMNS
          "FROM threads t WHERE t.owner = $1 AND t.is_archived = $2 AND t.deleted_ms IS NULL "
          "AND (t.is_pinned, t.used_ms, t.id) < ($3, $4, $5) "
          "AND ($7 = '' OR EXISTS (SELECT 1 FROM json_each(t.tags) WHERE value = $7)) "
          "ORDER BY t.is_pinned DESC, t.used_ms DESC, t.id DESC LIMIT $6",
          std::move(values)};
}

Statement list_of_folder(std::vector<Value> values) {
  return {"SELECT " ATELIER_THREAD_COLUMNS
          "FROM threads t WHERE t.owner = $1 AND t.folder = $8 AND t.is_archived = $2 AND t.deleted_ms IS NULL "
          "AND (t.is_pinned, t.used_ms, t.id) < ($3, $4, $5) "
          "AND ($7 = '' OR EXISTS (SELECT 1 FROM json_each(t.tags) WHERE value = $7)) "
          "ORDER BY t.is_pinned DESC, t.used_ms DESC, t.id DESC LIMIT $6",
          std::move(values)};
}

}  // namespace

Statement Threads::insert(const ThreadRow& row) {
  return {
      "INSERT INTO threads (id, owner, title, has_own_title, model, system, parameters, folder, tags, is_pinned, "
      "is_archived, expires_ms, head, message_count, revision, created_ms, used_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
      {row.id.to_string(), row.owner.to_string(), row.title, as_integer(row.has_own_title), row.model, row.system,
       row.parameters, row.folder, row.tags, as_integer(row.is_pinned), as_integer(row.is_archived), expiry_of(row),
       row.head, row.message_count, row.revision, row.created_ms, row.used_ms}};
}

Statement Threads::update(const ThreadRow& row) {
  return {
      "UPDATE threads SET title = $3, has_own_title = $4, model = $5, system = $6, parameters = $7, folder = $8, "
      "tags = $9, is_pinned = $10, is_archived = $11, expires_ms = $12, head = $13, revision = $14 "
      "WHERE id = $1 AND owner = $2 AND revision = $14 - 1 AND deleted_ms IS NULL",
      {row.id.to_string(), row.owner.to_string(), row.title, as_integer(row.has_own_title), row.model, row.system,
       row.parameters, row.folder, row.tags, as_integer(row.is_pinned), as_integer(row.is_archived), expiry_of(row),
       row.head, row.revision},
      Expect::exactly_one};
}

Statement Threads::advance(const ThreadRow& row, std::int64_t count_before) {
  return {
      "UPDATE threads SET title = CASE WHEN title = '' AND has_own_title = 0 THEN $3 ELSE title END, "
      "head = $4, message_count = $5, used_ms = $6, expires_ms = $7, "
      "model = CASE WHEN model = '' THEN $9 ELSE model END, "
      "revision = revision + 1 WHERE id = $1 AND owner = $2 AND message_count = $8 AND deleted_ms IS NULL",
      {row.id.to_string(), row.owner.to_string(), row.title, row.head, row.message_count, row.used_ms, expiry_of(row),
       count_before, row.model},
      Expect::exactly_one};
}

Statement Threads::remove(Principal principal, ThreadId id, UnixMs now_ms) {
  return {"UPDATE threads SET deleted_ms = $3 WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
          {id.to_string(), principal.owner.to_string(), now_ms},
          Expect::exactly_one};
}

Statement Threads::expired(UnixMs now_ms) {
  return {"SELECT id, owner FROM threads WHERE expires_ms <= $1 AND deleted_ms IS NULL " ATELIER_NOT_ANSWERING
          "LIMIT 100",
          {now_ms}};
}

Statement Threads::unused(UnixMs since_ms) {
  return {
      "SELECT id, owner FROM threads WHERE used_ms < $1 AND id < $2 AND is_pinned = 0 AND deleted_ms IS "
      "NULL " ATELIER_NOT_ANSWERING "LIMIT 100",
      {since_ms, first_id_of(since_ms)}};
}

Statement Threads::discard(Principal principal, ThreadId id, UnixMs now_ms, UnixMs unused_since_ms) {
  return {
      "UPDATE threads SET deleted_ms = $3 WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL "
      "AND (expires_ms <= $3 OR (is_pinned = 0 AND used_ms < $4 AND id < $5)) " ATELIER_NOT_ANSWERING,
      {id.to_string(), principal.owner.to_string(), now_ms, unused_since_ms, first_id_of(unused_since_ms)},
      Expect::exactly_one};
}

Statement Threads::use(const ThreadRow& row) {
  return {
      "UPDATE threads SET used_ms = $3, expires_ms = $4, revision = revision + 1 "
      "WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
      {row.id.to_string(), row.owner.to_string(), row.used_ms, expiry_of(row)},
      Expect::exactly_one};
}

Statement Threads::restore(Principal principal, ThreadId id) {
  return {"UPDATE threads SET deleted_ms = NULL WHERE id = $1 AND owner = $2",
          {id.to_string(), principal.owner.to_string()},
          Expect::exactly_one};
}

std::vector<Statement> Threads::forget_removed(UnixMs now_ms, std::int64_t count_max) {
  std::vector<Statement> batch;
  batch.push_back(
      {"DELETE FROM message_deltas WHERE thread IN (SELECT id FROM threads WHERE deleted_ms <= $1)", {now_ms}});
  batch.push_back(
      {"DELETE FROM message_keys WHERE thread IN (SELECT id FROM threads WHERE deleted_ms <= $1)", {now_ms}});
  batch.push_back(
      {"DELETE FROM thread_summaries WHERE thread IN (SELECT id FROM threads WHERE deleted_ms <= $1)", {now_ms}});
  batch.push_back(
      {"DELETE FROM thread_tool_grants WHERE thread IN (SELECT id FROM threads WHERE deleted_ms <= $1)", {now_ms}});
  batch.push_back(
      {"DELETE FROM client_messages WHERE thread IN (SELECT id FROM threads WHERE deleted_ms <= $1)", {now_ms}});
  batch.push_back(
      {"DELETE FROM client_chats WHERE thread IN (SELECT id FROM threads WHERE deleted_ms <= $1)", {now_ms}});
  batch.push_back(
      {"DELETE FROM message_texts WHERE rowid IN (SELECT x.rowid FROM threads t JOIN message_texts x ON x.thread = "
       "t.id "
       "WHERE t.deleted_ms <= $1 LIMIT $2)",
       {now_ms, count_max}});
  batch.push_back(
      {"DELETE FROM messages WHERE (thread, number) IN (SELECT m.thread, m.number FROM threads t JOIN messages m "
       "ON m.thread = t.id WHERE t.deleted_ms <= $1 AND NOT EXISTS "
       "(SELECT 1 FROM message_texts x WHERE x.thread = m.thread AND x.number = m.number) LIMIT $2)",
       {now_ms, count_max}});
  batch.push_back(
      {"DELETE FROM threads WHERE deleted_ms <= $1 AND NOT EXISTS "
       "(SELECT 1 FROM messages m WHERE m.thread = threads.id)",
       {now_ms}});
  return batch;
}

Statement Threads::select(Principal principal, ThreadId id) {
  return {"SELECT " ATELIER_THREAD_COLUMNS "FROM threads t WHERE t.id = $1 AND t.owner = $2 AND t.deleted_ms IS NULL",
          {id.to_string(), principal.owner.to_string()}};
}

Result<ThreadRow> Threads::read(const Rows& rows) {
  if (rows.empty())
    return fail(ErrorCode::not_found, "there is no such thread", {.reason = "thread_not_found", .where = {}});
  return thread_of(rows, 0);
}

Task<Result<ThreadRow>> Threads::find(Principal principal, ThreadId id) {
  auto rows = co_await database_.read(select(principal, id));
  if (!rows) co_return error_of(rows);
  co_return read(*rows);
}

Result<Statement> Threads::select_page(Principal principal, ThreadFilter filter, std::string after,
                                       std::size_t count_max) {
  // Larger than any row there is, where the list is to begin.
  Place place{.is_pinned = 2, .used_ms = 0, .id = {}};
  if (!after.empty()) {
    auto given = place_of(after);
    if (!given)
      return fail(ErrorCode::invalid_argument, "is no place in this list",
                  {.reason = "parameter_invalid", .where = "after"});
    place = std::move(*given);
  }
  std::vector<Value> values{principal.owner.to_string(),
                            as_integer(filter.is_archived),
                            place.is_pinned,
                            place.used_ms,
                            place.id,
                            static_cast<std::int64_t>(count_max + 1),
                            filter.tag};
  if (!filter.folder) return list_of_all(std::move(values));
  values.emplace_back(*filter.folder);
  return list_of_folder(std::move(values));
}

Task<Result<ThreadPage>> Threads::list(Principal principal, ThreadFilter filter, std::string after,
                                       std::size_t count_max) {
  auto query = select_page(principal, std::move(filter), std::move(after), count_max);
  if (!query) co_return error_of(query);
  auto rows = co_await database_.read(std::move(*query));
  if (!rows) co_return error_of(rows);
  ThreadPage page;
  for (std::size_t row = 0; row < rows->size() && row < count_max; ++row) {
    auto thread = thread_of(*rows, row);
    if (!thread) co_return error_of(thread);
    page.items.push_back(std::move(*thread));
  }
  if (rows->size() > count_max) page.next = place_after(page.items.back());
  co_return page;
}

Statement Threads::insert_folder(Principal principal, const FolderRow& folder) {
  return {"INSERT INTO thread_folders (id, owner, name, place, created_ms) VALUES ($1, $2, $3, $4, $5)",
          {folder.id.to_string(), principal.owner.to_string(), folder.name, folder.place, folder.created_ms}};
}

Statement Threads::update_folder(Principal principal, const FolderRow& folder) {
  return {"UPDATE thread_folders SET name = $3, place = $4 WHERE id = $1 AND owner = $2",
          {folder.id.to_string(), principal.owner.to_string(), folder.name, folder.place},
          Expect::exactly_one};
}

std::vector<Statement> Threads::remove_folder(Principal principal, FolderId id) {
  std::vector<Statement> batch;
  batch.push_back(
      {"UPDATE threads SET folder = '', revision = revision + 1 "
       "WHERE owner = $2 AND folder = $1 AND deleted_ms IS NULL",
       {id.to_string(), principal.owner.to_string()}});
  batch.push_back({"DELETE FROM thread_folders WHERE id = $1 AND owner = $2",
                   {id.to_string(), principal.owner.to_string()},
                   Expect::exactly_one});
  return batch;
}

Statement Threads::find_folder(Principal principal, FolderId id) {
  return {"SELECT id, name, place, created_ms FROM thread_folders WHERE id = $1 AND owner = $2",
          {id.to_string(), principal.owner.to_string()}};
}

Task<Result<std::vector<FolderRow>>> Threads::folders(Principal principal) {
  Statement query{"SELECT id, name, place, created_ms FROM thread_folders WHERE owner = $1 ORDER BY place, id",
                  {principal.owner.to_string()}};
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  std::vector<FolderRow> folders;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto id = FolderId::parse(rows->text(row, 0));
    if (!id) co_return error_of(id);
    folders.push_back(
        {.id = *id, .name = rows->text(row, 1), .place = rows->integer(row, 2), .created_ms = rows->integer(row, 3)});
  }
  co_return folders;
}

}  // namespace atelier::store
