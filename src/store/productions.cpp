#include "store/productions.hpp"

#include "base/async.hpp"

namespace atelier::store {
namespace {

Result<ProductionRow> production_of(const Rows& rows, std::size_t row) {
  auto id = ProductionId::parse(rows.text(row, 0));
  if (!id) return error_of(id);
  auto owner = UserId::parse(rows.text(row, 1));
  if (!owner) return error_of(owner);
  auto document = json::parse(rows.text(row, 4));
  if (!document) return error_of(document);
  return ProductionRow{.id = *id,
                       .owner = *owner,
                       .title = rows.text(row, 2),
                       .revision = rows.integer(row, 3),
                       .document = std::move(*document),
                       .created_ms = rows.integer(row, 5),
                       .updated_ms = rows.integer(row, 6)};
}

Result<std::optional<RenderRow>> render_of(const Rows& rows) {
  if (rows.empty()) return std::optional<RenderRow>();
  auto run = RunId::parse(rows.text(0, 0));
  if (!run) return error_of(run);
  auto document = json::parse(rows.text(0, 1));
  if (!document) return error_of(document);
  RenderRow render{.run = *run, .document = std::move(*document), .result = {}, .created_ms = rows.integer(0, 2)};
  if (!rows.is_null(0, 3)) {
    auto result = json::parse(rows.text(0, 3));
    if (!result) return error_of(result);
    render.result = std::move(*result);
  }
  return std::optional<RenderRow>(std::move(render));
}

}  // namespace

Statement Productions::insert(const ProductionRow& row) {
  return {
      "INSERT INTO productions (id, owner, title, revision, document, created_ms, updated_ms) VALUES ($1, $2, $3, $4, "
      "$5, $6, $7)",
      {row.id.to_string(), row.owner.to_string(), row.title, row.revision, json::write(row.document), row.created_ms,
       row.updated_ms}};
}

Statement Productions::update(const ProductionRow& row) {
  return {
      "UPDATE productions SET title = $3, revision = $4, document = $5, updated_ms = $6 "
      "WHERE id = $1 AND owner = $2 AND revision = $4 - 1 AND deleted_ms IS NULL",
      {row.id.to_string(), row.owner.to_string(), row.title, row.revision, json::write(row.document), row.updated_ms},
      Expect::exactly_one};
}

Statement Productions::remove(Principal principal, ProductionId id, UnixMs now_ms) {
  return {"UPDATE productions SET deleted_ms = $3 WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
          {id.to_string(), principal.owner.to_string(), now_ms},
          Expect::exactly_one};
}

Statement Productions::insert_render(Principal principal, ProductionId id, const RenderRow& render) {
  return {"INSERT INTO renders (run, owner, production, document, created_ms) VALUES ($1, $2, $3, $4, $5)",
          {render.run.to_string(), principal.owner.to_string(), id.to_string(), json::write(render.document),
           render.created_ms}};
}

Statement Productions::repeat_render(Principal principal, RunId run, RunId new_run, UnixMs now_ms) {
  return {
      "INSERT INTO renders (run, owner, production, document, created_ms) "
      "SELECT $3, owner, production, document, $4 FROM renders WHERE run = $1 AND owner = $2",
      {run.to_string(), principal.owner.to_string(), new_run.to_string(), now_ms}};
}

std::vector<Statement> Productions::publish_render(Principal principal, RunId run, const json::Value& result,
                                                   std::span<const Digest> files) {
  std::vector<Statement> batch;
  batch.push_back({"UPDATE renders SET result = $3 WHERE run = $1 AND owner = $2",
                   {run.to_string(), principal.owner.to_string(), json::write(result)}});
  // Nothing where the production was deleted, and forgotten, meanwhile.
  for (const Digest& file : files)
    batch.push_back(
        {"INSERT INTO render_files (digest, run) SELECT $2, run FROM renders WHERE run = $1 ON CONFLICT DO NOTHING",
         {run.to_string(), file.hex()}});
  return batch;
}

Task<Result<ProductionRow>> Productions::find(Principal principal, ProductionId id) {
  Statement query{
      "SELECT id, owner, title, revision, document, created_ms, updated_ms FROM productions "
      "WHERE id = $1 AND owner = $2 AND deleted_ms IS NULL",
      {id.to_string(), principal.owner.to_string()}};
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  if (rows->empty())
    co_return fail(ErrorCode::not_found, "there is no such production",
                   {.reason = "production_not_found", .where = {}});
  co_return production_of(*rows, 0);
}

Task<Result<ProductionPage>> Productions::list(Principal principal, std::string after, std::size_t count_max) {
  Statement query{
      "SELECT id, owner, title, revision, document, created_ms, updated_ms FROM productions "
      "WHERE owner = $1 AND deleted_ms IS NULL AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3",
      {principal.owner.to_string(), after, static_cast<std::int64_t>(count_max + 1)}};
  auto rows = co_await database_.read(std::move(query));
  if (!rows) co_return error_of(rows);
  ProductionPage page;
  for (std::size_t row = 0; row < rows->size() && row < count_max; ++row) {
    auto production = production_of(*rows, row);
    if (!production) co_return error_of(production);
    page.items.push_back(std::move(*production));
  }
  if (rows->size() > count_max) page.next = page.items.back().id.to_string();
  co_return page;
}

Task<Result<Productions::Renders>> Productions::renders_of(Principal principal, ProductionId id) {
  std::vector<Statement> statements;
  statements.push_back(
      {"SELECT run, document, created_ms, result FROM renders WHERE owner = $1 AND production = $2 ORDER BY run DESC "
       "LIMIT 1",
       {principal.owner.to_string(), id.to_string()}});
  statements.push_back(
      {"SELECT run, document, created_ms, result FROM renders WHERE owner = $1 AND production = $2 AND result IS NOT "
       "NULL "
       "ORDER BY run DESC LIMIT 1",
       {principal.owner.to_string(), id.to_string()}});
  auto answers = co_await database_.read_all(std::move(statements));
  if (!answers) co_return error_of(answers);
  auto last = render_of((*answers)[0]);
  if (!last) co_return error_of(last);
  auto published = render_of((*answers)[1]);
  if (!published) co_return error_of(published);
  co_return Renders{.last = std::move(*last), .last_published = std::move(*published)};
}

}  // namespace atelier::store
