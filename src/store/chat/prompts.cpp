#include "store/chat/prompts.hpp"

namespace atelier::store {

namespace {

// What LIKE takes as these words and nothing else.
std::string pattern_of(const std::string& words) {
  std::string pattern = "%";
  for (const char c : words) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + '%';
}

}  // namespace

Statement Prompts::list(Principal principal, const std::string& words, std::string after, std::int64_t count_max) {
  return {
      "SELECT id, name, folded, body, folder, tags, revision, created_ms, changed_ms FROM prompts "
      "WHERE owner = $1 AND folded > $2 AND ($3 = '%%' OR folded LIKE $3 ESCAPE '!' "
      "OR lower(body) LIKE $3 ESCAPE '!' OR lower(tags) LIKE $3 ESCAPE '!') ORDER BY folded LIMIT $4",
      {principal.owner.to_string(), std::move(after), pattern_of(words), count_max}};
}

Statement Prompts::find(Principal principal, PromptId id) {
  return {
      "SELECT id, name, folded, body, folder, tags, revision, created_ms, changed_ms FROM prompts "
      "WHERE id = $1 AND owner = $2",
      {id.to_string(), principal.owner.to_string()}};
}

Statement Prompts::find_named(Principal principal, std::string folded) {
  return {
      "SELECT id, name, folded, body, folder, tags, revision, created_ms, changed_ms FROM prompts "
      "WHERE owner = $1 AND folded = $2",
      {principal.owner.to_string(), std::move(folded)}};
}

Statement Prompts::count(Principal principal) {
  return {"SELECT COUNT(*) FROM prompts WHERE owner = $1", {principal.owner.to_string()}};
}

Statement Prompts::insert(Principal principal, const PromptRow& row) {
  return {
      "INSERT INTO prompts (id, owner, name, folded, body, folder, tags, revision, created_ms, changed_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      {row.id.to_string(), principal.owner.to_string(), row.name, row.folded, row.body, row.folder, row.tags,
       row.revision, row.created_ms, row.changed_ms}};
}

Statement Prompts::update(Principal principal, const PromptRow& row, std::int64_t from) {
  return {
      "UPDATE prompts SET name = $3, folded = $4, body = $5, folder = $6, tags = $7, revision = $8, changed_ms = $9 "
      "WHERE id = $1 AND owner = $2 AND revision = $10",
      {row.id.to_string(), principal.owner.to_string(), row.name, row.folded, row.body, row.folder, row.tags,
       row.revision, row.changed_ms, from},
      Expect::exactly_one};
}

Statement Prompts::remove(Principal principal, PromptId id) {
  return {"DELETE FROM prompts WHERE id = $1 AND owner = $2",
          {id.to_string(), principal.owner.to_string()},
          Expect::exactly_one};
}

Result<std::vector<PromptRow>> Prompts::read(const Rows& rows) {
  std::vector<PromptRow> found;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto id = PromptId::parse(rows.text(row, 0));
    if (!id) return error_of(id);
    found.push_back({.id = *id,
                     .name = rows.text(row, 1),
                     .folded = rows.text(row, 2),
                     .body = rows.text(row, 3),
                     .folder = rows.text(row, 4),
                     .tags = rows.text(row, 5),
                     .revision = rows.integer(row, 6),
                     .created_ms = rows.integer(row, 7),
                     .changed_ms = rows.integer(row, 8)});
  }
  return found;
}

}  // namespace atelier::store
