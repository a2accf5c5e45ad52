#include "store/chat/summaries.hpp"

namespace atelier::store {

std::vector<Statement> Summaries::insert(ThreadId thread, const SummaryRow& row, std::int64_t rewrite_count) {
  std::vector<Statement> batch;
  batch.push_back(
      {"INSERT INTO thread_summaries (thread, upto, model, tokens, text, created_ms) "
       "SELECT $1, $2, $3, $4, $5, $6 FROM threads WHERE id = $1 AND rewrite_count = $7 AND deleted_ms IS NULL "
       "ON CONFLICT (thread, upto) DO UPDATE SET model = $3, tokens = $4, text = $5, created_ms = $6",
       {thread.to_string(), row.upto, row.model, row.tokens, row.text, row.created_ms, rewrite_count},
       Expect::exactly_one});
  batch.push_back(
      {"DELETE FROM thread_summaries WHERE thread = $1 AND upto < "
       "(SELECT min(upto) FROM (SELECT upto FROM thread_summaries WHERE thread = $1 ORDER BY upto DESC LIMIT 50) AS "
       "kept)",
       {thread.to_string()}});
  return batch;
}

Statement Summaries::from(ThreadId thread, std::int64_t upto) {
  return {
      "SELECT upto, model, tokens, text, created_ms FROM thread_summaries WHERE thread = $1 AND upto >= $2 "
      "ORDER BY upto LIMIT 100",
      {thread.to_string(), upto}};
}

std::vector<Statement> Summaries::forget_with(ThreadId thread, std::int64_t number) {
  std::vector<Statement> batch;
  batch.push_back({"DELETE FROM thread_summaries WHERE thread = $1 AND upto >= $2", {thread.to_string(), number}});
  batch.push_back({"UPDATE threads SET rewrite_count = rewrite_count + 1 WHERE id = $1", {thread.to_string()}});
  return batch;
}

Statement Summaries::rewrite_count(Principal principal, ThreadId thread) {
  return {"SELECT rewrite_count FROM threads WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
          {thread.to_string(), principal.owner.to_string()}};
}

Statement Summaries::branch(Principal principal, ThreadId thread, std::int64_t number) {
  return {
      "WITH RECURSIVE branch (number, parent, tokens, role, state, step) AS ("
      "SELECT number, parent, tokens, role, state, 1 FROM messages WHERE thread = $1 AND number = $3 AND owner = $2 "
      "UNION ALL SELECT m.number, m.parent, m.tokens, m.role, m.state, b.step + 1 FROM branch b JOIN messages m "
      "ON m.thread = $1 AND m.number = b.parent) "
      "SELECT number, tokens, role, state FROM branch ORDER BY step DESC",
      {thread.to_string(), principal.owner.to_string(), number}};
}

std::vector<SummaryRow> Summaries::read(const Rows& rows) {
  std::vector<SummaryRow> summaries;
  for (std::size_t row = 0; row < rows.size(); ++row)
    summaries.push_back({.upto = rows.integer(row, 0),
                         .model = rows.text(row, 1),
                         .tokens = rows.integer(row, 2),
                         .text = rows.text(row, 3),
                         .created_ms = rows.integer(row, 4)});
  return summaries;
}

std::vector<BranchPlace> Summaries::read_branch(const Rows& rows) {
  std::vector<BranchPlace> branch;
  branch.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row)
    branch.push_back({.number = rows.integer(row, 0),
                      .tokens = rows.integer(row, 1),
                      .role = rows.text(row, 2),
                      .state = rows.text(row, 3)});
  return branch;
}

}  // namespace atelier::store
