#include "store/chat/messages.hpp"

namespace atelier::store {
namespace {

// The columns of read(), of `m` and its text `x`, as a macro since SQL is literals alone.
#define ATELIER_MESSAGE_COLUMNS \
  "m.number, m.parent, m.role, m.state, m.model, m.tokens, m.created_ms, x.parts, x.report "

}  // namespace

std::vector<Statement> Messages::insert(const MessageRow& row) {
  std::vector<Statement> batch;
  batch.push_back(
      {"INSERT INTO messages (thread, number, owner, parent, role, state, model, tokens, created_ms) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
       {row.thread.to_string(), row.number, row.owner.to_string(), row.parent, row.role, row.state, row.model,
        row.tokens, row.created_ms}});
  batch.push_back({"INSERT INTO message_texts (thread, number, parts, report) VALUES ($1, $2, $3, $4)",
                   {row.thread.to_string(), row.number, row.parts, row.report}});
  return batch;
}

std::vector<Statement> Messages::replace(const MessageRow& row) {
  std::vector<Statement> batch;
  batch.push_back({"UPDATE messages SET state = $3, model = $4, tokens = $5 WHERE thread = $1 AND number = $2",
                   {row.thread.to_string(), row.number, row.state, row.model, row.tokens}});
  batch.push_back({"UPDATE message_texts SET parts = $3, report = $4 WHERE thread = $1 AND number = $2",
                   {row.thread.to_string(), row.number, row.parts, row.report}});
  batch.push_back(
      {"DELETE FROM message_deltas WHERE thread = $1 AND number = $2", {row.thread.to_string(), row.number}});
  return batch;
}

std::vector<Statement> Messages::put(const MessageRow& row) {
  std::vector<Statement> batch;
  // One that is being answered has a writer already: no row is touched then, and the batch fails.
  batch.push_back(
      {"INSERT INTO messages (thread, number, owner, parent, role, state, model, tokens, created_ms) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (thread, number) DO UPDATE SET parent = $4, role = $5, "
       "state = $6, model = $7, tokens = $8, created_ms = $9 WHERE messages.state NOT IN ('queued', 'answering')",
       {row.thread.to_string(), row.number, row.owner.to_string(), row.parent, row.role, row.state, row.model,
        row.tokens, row.created_ms},
       Expect::exactly_one});
  batch.push_back(
      {"INSERT INTO message_texts (thread, number, parts, report) VALUES ($1, $2, $3, $4) "
       "ON CONFLICT (thread, number) DO UPDATE SET parts = $3, report = $4",
       {row.thread.to_string(), row.number, row.parts, row.report}});
  return batch;
}

Statement Messages::set_state(ThreadId thread, std::int64_t number, std::string from, std::string to) {
  return {"UPDATE messages SET state = $4 WHERE thread = $1 AND number = $2 AND state = $3",
          {thread.to_string(), number, std::move(from), std::move(to)},
          Expect::exactly_one};
}

Statement Messages::set_parts(const MessageRow& row, std::string from) {
  return {"UPDATE message_texts SET parts = $4, report = $5 WHERE thread = $1 AND number = $2 AND parts = $3",
          {row.thread.to_string(), row.number, std::move(from), row.parts, row.report},
          Expect::exactly_one};
}

Statement Messages::set_report(ThreadId thread, std::int64_t number, std::string from, std::string to) {
  return {"UPDATE message_texts SET report = $4 WHERE thread = $1 AND number = $2 AND report = $3",
          {thread.to_string(), number, std::move(from), std::move(to)},
          Expect::exactly_one};
}

Statement Messages::stop_queued_of(UserId owner) {
  return {
      "UPDATE messages SET state = 'stopped' WHERE (thread, number) IN "
      "(SELECT thread, number FROM messages WHERE state IN ('queued', 'answering') AND state = 'queued' AND owner = "
      "$1)",
      {owner.to_string()}};
}

Statement Messages::insert_delta(ThreadId thread, std::int64_t number, const DeltaRow& delta) {
  return {"INSERT INTO message_deltas (thread, number, seq, deltas) VALUES ($1, $2, $3, $4)",
          {thread.to_string(), number, delta.seq, delta.deltas}};
}

std::vector<Statement> Messages::copy_branch(ThreadId from, ThreadId to, std::int64_t message, UserId owner) {
  std::vector<Statement> batch;
  batch.push_back(
      {"INSERT INTO messages (thread, number, owner, parent, role, state, model, tokens, created_ms) "
       "WITH RECURSIVE branch (number, parent, step) AS ("
       "SELECT number, parent, 1 FROM messages WHERE thread = $1 AND number = $3 "
       "UNION ALL SELECT m.number, m.parent, b.step + 1 FROM branch b JOIN messages m "
       "ON m.thread = $1 AND m.number = b.parent), "
       "placed AS (SELECT number, (SELECT max(step) FROM branch) - step + 1 AS place FROM branch) "
       "SELECT $2, p.place, $4, p.place - 1, m.role, CASE WHEN m.state IN ('queued', 'answering', 'waiting') "
       "THEN 'interrupted' ELSE m.state END, m.model, m.tokens, m.created_ms "
       "FROM placed p JOIN messages m ON m.thread = $1 AND m.number = p.number",
       {from.to_string(), to.to_string(), message, owner.to_string()},
       Expect::at_least_one});
  batch.push_back(
      {"INSERT INTO message_texts (thread, number, parts, report) "
       "WITH RECURSIVE branch (number, parent, step) AS ("
       "SELECT number, parent, 1 FROM messages WHERE thread = $1 AND number = $3 "
       "UNION ALL SELECT m.number, m.parent, b.step + 1 FROM branch b JOIN messages m "
       "ON m.thread = $1 AND m.number = b.parent), "
       "placed AS (SELECT number, (SELECT max(step) FROM branch) - step + 1 AS place FROM branch) "
       "SELECT $2, p.place, x.parts, x.report FROM placed p JOIN message_texts x "
       "ON x.thread = $1 AND x.number = p.number",
       {from.to_string(), to.to_string(), message}});
  return batch;
}

std::vector<Statement> Messages::copy_all(ThreadId from, ThreadId to, UserId owner) {
  std::vector<Statement> batch;
  batch.push_back(
      {"INSERT INTO messages (thread, number, owner, parent, role, state, model, tokens, created_ms) "
       "SELECT $2, number, $3, parent, role, CASE WHEN state IN ('queued', 'answering', 'waiting') THEN 'interrupted' "
       "ELSE state END, model, tokens, created_ms FROM messages WHERE thread = $1",
       {from.to_string(), to.to_string(), owner.to_string()}});
  batch.push_back(
      {"INSERT INTO message_texts (thread, number, parts, report) "
       "SELECT $2, number, parts, report FROM message_texts WHERE thread = $1",
       {from.to_string(), to.to_string()}});
  return batch;
}

// CROSS JOIN: SQLite, which knows nothing of how long a branch is, would otherwise read all of the thread's messages
// and look each up in the branch.
Statement Messages::branch(Principal principal, ThreadId thread, std::int64_t number, std::int64_t count_max) {
  return {
      "WITH RECURSIVE branch (number, parent, step) AS ("
      "SELECT number, parent, 1 FROM messages WHERE thread = $1 AND number = $3 AND owner = $2 "
      "UNION ALL SELECT m.number, m.parent, b.step + 1 FROM branch b JOIN messages m "
      "ON m.thread = $1 AND m.number = b.parent WHERE b.step < $4) "
      "SELECT " ATELIER_MESSAGE_COLUMNS
      "FROM branch b CROSS JOIN messages m CROSS JOIN message_texts x "
      "WHERE m.thread = $1 AND m.number = b.number AND x.thread = $1 AND x.number = b.number ORDER BY b.step DESC",
      {thread.to_string(), principal.owner.to_string(), number, count_max}};
}

Statement Messages::branch_length(Principal principal, ThreadId thread, std::int64_t number) {
  return {
      "WITH RECURSIVE branch (number, parent) AS ("
      "SELECT number, parent FROM messages WHERE thread = $1 AND number = $3 AND owner = $2 "
      "UNION ALL SELECT m.number, m.parent FROM branch b JOIN messages m "
      "ON m.thread = $1 AND m.number = b.parent) "
      "SELECT count(*) FROM branch",
      {thread.to_string(), principal.owner.to_string(), number}};
}

Statement Messages::context(Principal principal, ThreadId thread, std::int64_t number, std::int64_t tokens_max,
                            std::int64_t count_max) {
  return {
      "WITH RECURSIVE branch (number, parent, step, total) AS ("
      "SELECT number, parent, 1, tokens FROM messages WHERE thread = $1 AND number = $3 AND owner = $2 "
      "UNION ALL SELECT m.number, m.parent, b.step + 1, b.total + m.tokens FROM branch b JOIN messages m "
      "ON m.thread = $1 AND m.number = b.parent WHERE b.step < $5 AND b.total + m.tokens <= $4) "
      "SELECT " ATELIER_MESSAGE_COLUMNS
      "FROM branch b CROSS JOIN messages m CROSS JOIN message_texts x "
      "WHERE m.thread = $1 AND m.number = b.number AND x.thread = $1 AND x.number = b.number ORDER BY b.step DESC",
      {thread.to_string(), principal.owner.to_string(), number, tokens_max, count_max}};
}

Statement Messages::numbered(Principal principal, ThreadId thread, std::int64_t after, std::int64_t count_max) {
  return {"SELECT " ATELIER_MESSAGE_COLUMNS
          "FROM messages m JOIN message_texts x ON x.thread = m.thread AND x.number = m.number "
          "WHERE m.thread = $1 AND m.owner = $2 AND m.number > $3 ORDER BY m.number LIMIT $4",
          {thread.to_string(), principal.owner.to_string(), after, count_max}};
}

Statement Messages::one(Principal principal, ThreadId thread, std::int64_t number) {
  return {"SELECT " ATELIER_MESSAGE_COLUMNS
          "FROM messages m JOIN message_texts x ON x.thread = m.thread AND x.number = m.number "
          "WHERE m.thread = $1 AND m.number = $2 AND m.owner = $3",
          {thread.to_string(), number, principal.owner.to_string()}};
}

Statement Messages::shape(Principal principal, ThreadId thread) {
  return {"SELECT parent, role FROM messages WHERE thread = $1 AND owner = $2 ORDER BY number",
          {thread.to_string(), principal.owner.to_string()}};
}

Statement Messages::newest_leaf(Principal principal, ThreadId thread, std::int64_t number) {
  return {
      "WITH RECURSIVE path (number) AS ("
      "SELECT number FROM messages WHERE thread = $1 AND number = $3 AND owner = $2 "
      "UNION ALL SELECT (SELECT max(m.number) FROM messages m WHERE m.thread = $1 AND m.parent = p.number) "
      "FROM path p WHERE p.number IS NOT NULL) "
      "SELECT max(number) FROM path",
      {thread.to_string(), principal.owner.to_string(), number}};
}

Statement Messages::queued_after(ThreadId thread, std::int64_t number) {
  return {
      "SELECT a.number FROM messages u JOIN messages a ON a.thread = $1 AND a.parent = u.number "
      "WHERE u.thread = $1 AND u.parent = $2 AND a.state = 'queued' ORDER BY a.number",
      {thread.to_string(), number}};
}

Statement Messages::deltas(ThreadId thread, std::int64_t number) {
  return {"SELECT seq, deltas FROM message_deltas WHERE thread = $1 AND number = $2 ORDER BY seq",
          {thread.to_string(), number}};
}

Statement Messages::open_of(ThreadId thread) {
  return {
      "SELECT number, state FROM messages WHERE thread = $1 AND state IN ('queued', 'answering') ORDER BY number DESC",
      {thread.to_string()}};
}

Statement Messages::waiting_of(ThreadId thread) {
  return {"SELECT number FROM messages WHERE thread = $1 AND state = 'waiting' ORDER BY number", {thread.to_string()}};
}

Statement Messages::open(UnixMs before_ms) {
  return {
      "SELECT thread, number, owner FROM messages WHERE state IN ('queued', 'answering') AND created_ms < $1 "
      "ORDER BY thread, number",
      {before_ms}};
}

std::vector<MessageRow> Messages::read(const Rows& rows, ThreadId thread, UserId owner) {
  std::vector<MessageRow> messages;
  messages.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row)
    messages.push_back({.thread = thread,
                        .number = rows.integer(row, 0),
                        .owner = owner,
                        .parent = rows.integer(row, 1),
                        .role = rows.text(row, 2),
                        .state = rows.text(row, 3),
                        .model = rows.text(row, 4),
                        .tokens = rows.integer(row, 5),
                        .created_ms = rows.integer(row, 6),
                        .parts = rows.text(row, 7),
                        .report = rows.text(row, 8)});
  return messages;
}

std::vector<TreePlace> Messages::read_shape(const Rows& rows) {
  std::vector<TreePlace> shape;
  shape.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row)
    shape.push_back({.parent = rows.integer(row, 0), .role = rows.text(row, 1)});
  return shape;
}

std::vector<DeltaRow> Messages::read_deltas(const Rows& rows) {
  std::vector<DeltaRow> deltas;
  for (std::size_t row = 0; row < rows.size(); ++row)
    deltas.push_back({.seq = rows.integer(row, 0), .deltas = rows.text(row, 1)});
  return deltas;
}

Statement Messages::find_key(ThreadId thread, std::string key) {
  return {"SELECT wanted, number FROM message_keys WHERE thread = $1 AND key = $2",
          {thread.to_string(), std::move(key)}};
}

Statement Messages::insert_key(ThreadId thread, std::string key, std::string wanted, std::int64_t number,
                               UnixMs now_ms) {
  return {"INSERT INTO message_keys (thread, key, wanted, number, created_ms) VALUES ($1, $2, $3, $4, $5)",
          {thread.to_string(), std::move(key), std::move(wanted), number, now_ms}};
}

Statement Messages::forget_keys(UnixMs before_ms) {
  return {"DELETE FROM message_keys WHERE created_ms < $1", {before_ms}};
}

}  // namespace atelier::store
