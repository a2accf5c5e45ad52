#include "store/previews.hpp"

#include "base/async.hpp"

namespace atelier::store {
namespace {

Result<PreviewRow> preview_of(const Rows& rows, std::size_t row) {
  const auto original = Digest::parse(rows.text(row, 0));
  if (!original) return fail(ErrorCode::internal, "the digest of what a preview is of is none");
  PreviewRow preview{.original = *original,
                     .name = rows.text(row, 1),
                     .blob = {},
                     .problem = rows.text(row, 3),
                     .media_type = rows.text(row, 4),
                     .width = rows.integer(row, 5),
                     .height = rows.integer(row, 6),
                     .created_ms = rows.integer(row, 7)};
  if (!rows.text(row, 2).empty()) preview.blob = Digest::parse(rows.text(row, 2));
  return preview;
}

}  // namespace

Statement Previews::set(const PreviewRow& row) {
  return {
      "INSERT INTO previews (original, name, digest, problem, media_type, width, height, created_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (original, name) DO UPDATE SET digest = $3, problem = $4, "
      "media_type = $5, width = $6, height = $7, created_ms = $8",
      {row.original.hex(), row.name, row.blob ? row.blob->hex() : std::string(), row.problem, row.media_type, row.width,
       row.height, row.created_ms}};
}

Statement Previews::select(Digest original, std::string name) {
  return {
      "SELECT original, name, digest, problem, media_type, width, height, created_ms FROM previews "
      "WHERE original = $1 AND name = $2",
      {original.hex(), std::move(name)}};
}

Statement Previews::select_all(Digest original) {
  return {
      "SELECT original, name, digest, problem, media_type, width, height, created_ms FROM previews "
      "WHERE original = $1 ORDER BY name",
      {original.hex()}};
}

Task<Result<std::optional<PreviewRow>>> Previews::find(Digest original, std::string name) {
  auto rows = co_await database_.read(select(original, std::move(name)));
  if (!rows) co_return error_of(rows);
  if (rows->empty()) co_return std::optional<PreviewRow>();
  auto row = preview_of(*rows, 0);
  if (!row) co_return error_of(row);
  co_return std::optional<PreviewRow>(std::move(*row));
}

Task<Result<std::vector<PreviewRow>>> Previews::all_of(Digest original) {
  auto rows = co_await database_.read(select_all(original));
  if (!rows) co_return error_of(rows);
  std::vector<PreviewRow> found;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    auto row = preview_of(*rows, i);
    if (!row) co_return error_of(row);
    found.push_back(std::move(*row));
  }
  co_return found;
}

}  // namespace atelier::store
