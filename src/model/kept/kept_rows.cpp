#include "model/kept/kept_rows.hpp"

#define ATELIER_KEPT_HEAD                                                                                             \
  "kept_responses.id, kept_responses.previous, kept_responses.root, kept_responses.turn, kept_responses.created_ms, " \
  "kept_responses.conversation_bytes"
// A slice of a conversation that nobody goes on with: the same turns in every statement of one transaction.
#define ATELIER_KEPT_SLICE                                                                                          \
  "SELECT id FROM kept_responses WHERE root = $1 AND EXISTS (SELECT 1 FROM kept_conversations WHERE root = $1 AND " \
  "used_ms = $2) ORDER BY id LIMIT $3"

namespace atelier::model::kept_rows {
namespace {

// A nil id is no id.
std::string key_text(const ResponseOwner& whose) { return whose.key.is_nil() ? std::string() : whose.key.to_string(); }

}  // namespace

std::vector<store::Statement> insert(const KeptResponse& kept) {
  const std::string owner = kept.whose.owner.to_string(), key = key_text(kept.whose);
  std::vector<store::Statement> batch;
  batch.push_back(
      {"INSERT INTO kept_responses (id, owner, key, previous, root, turn, created_ms, size_bytes, conversation_bytes) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING",
       {kept.id, owner, key, kept.previous, kept.root, kept.turn, kept.created_ms, kept.size_bytes(),
        kept.conversation_bytes}});
  batch.push_back(
      {"INSERT INTO kept_texts (id, owner, input, response) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
       {kept.id, owner, kept.input, kept.response}});
  // Two answers may hold one item, where a provider repeats itself: the newer one is found.
  for (const std::string& item : kept.item_ids)
    batch.push_back(
        {"INSERT INTO kept_items (key, item, owner, response) VALUES ($1, $2, $3, $4) "
         "ON CONFLICT (key, item) DO UPDATE SET response = excluded.response",
         {key, item, owner, kept.id}});
  batch.push_back(
      {"INSERT INTO kept_conversations (root, owner, used_ms) VALUES ($1, $2, $3) "
       "ON CONFLICT (root) DO UPDATE SET used_ms = excluded.used_ms",
       {kept.root, owner, kept.created_ms}});
  return batch;
}

std::vector<store::Statement> remove(const ResponseOwner& whose, std::string_view id) {
  const std::string text(id), key = key_text(whose);
  std::vector<store::Statement> batch;
  batch.push_back(
      {"DELETE FROM kept_texts WHERE id = $1 AND EXISTS (SELECT 1 FROM kept_responses WHERE id = $1 AND key = $2)",
       {text, key}});
  batch.push_back({"DELETE FROM kept_items WHERE response = $1 AND key = $2", {text, key}});
  batch.push_back({"DELETE FROM kept_responses WHERE id = $1 AND key = $2 RETURNING size_bytes", {text, key}});
  return batch;
}

store::Statement find_head(const ResponseOwner& whose, std::string_view id) {
  return {"SELECT " ATELIER_KEPT_HEAD " FROM kept_responses WHERE id = $1 AND key = $2",
          {std::string(id), key_text(whose)}};
}

store::Statement find(const ResponseOwner& whose, std::string_view id) {
  return {"SELECT " ATELIER_KEPT_HEAD
          ", kept_texts.input, kept_texts.response FROM kept_responses JOIN kept_texts ON "
          "kept_texts.id = kept_responses.id WHERE kept_responses.id = $1 AND kept_responses.key = $2",
          {std::string(id), key_text(whose)}};
}

store::Statement conversation(const ResponseOwner& whose, std::string_view id) {
  return {
      "WITH RECURSIVE chain (id, previous) AS (SELECT id, previous FROM kept_responses WHERE id = $1 AND key = $2 "
      "UNION ALL "
      "SELECT earlier.id, earlier.previous FROM chain JOIN kept_responses AS earlier ON earlier.id = chain.previous "
      "WHERE "
      "earlier.key = $2) SELECT " ATELIER_KEPT_HEAD
      ", kept_texts.input, kept_texts.response FROM chain JOIN kept_responses ON kept_responses.id = chain.id JOIN "
      "kept_texts ON "
      "kept_texts.id = chain.id ORDER BY kept_responses.turn",
      {std::string(id), key_text(whose)}};
}

KeptResponse read_head(const store::Rows& rows, std::size_t row, const ResponseOwner& whose) {
  KeptResponse kept{.id = rows.text(row, 0),
                    .whose = whose,
                    .previous = rows.text(row, 1),
                    .root = rows.text(row, 2),
                    .input = {},
                    .response = {}};
  kept.turn = rows.integer(row, 3);
  kept.created_ms = rows.integer(row, 4);
  kept.conversation_bytes = rows.integer(row, 5);
  return kept;
}

KeptResponse read(const store::Rows& rows, std::size_t row, const ResponseOwner& whose) {
  KeptResponse kept = read_head(rows, row, whose);
  kept.input = rows.text(row, 6);
  kept.response = rows.text(row, 7);
  return kept;
}

store::Statement find_item(const ResponseOwner& whose, std::string_view item) {
  return {"SELECT response FROM kept_items WHERE key = $1 AND item = $2", {key_text(whose), std::string(item)}};
}

store::Statement oldest_conversations(std::int64_t count_max) {
  return {"SELECT root, used_ms FROM kept_conversations ORDER BY used_ms LIMIT $1", {count_max}};
}

std::vector<store::Statement> remove_conversation(std::string_view root, UnixMs used_ms, std::int64_t count_max) {
  const std::string text(root);
  std::vector<store::Statement> batch;
  batch.push_back({"DELETE FROM kept_texts WHERE id IN (" ATELIER_KEPT_SLICE ")", {text, used_ms, count_max}});
  batch.push_back({"DELETE FROM kept_items WHERE response IN (" ATELIER_KEPT_SLICE ")", {text, used_ms, count_max}});
  batch.push_back({"DELETE FROM kept_responses WHERE id IN (" ATELIER_KEPT_SLICE ") RETURNING size_bytes",
                   {text, used_ms, count_max}});
  batch.push_back(
      {"DELETE FROM kept_conversations WHERE root = $1 AND used_ms = $2 AND NOT EXISTS (SELECT 1 FROM kept_responses "
       "WHERE root = $1)",
       {text, used_ms}});
  return batch;
}

}  // namespace atelier::model::kept_rows
