#include "studio/account/key_rows.hpp"

#include "base/json.hpp"

// In the order in which read() takes them; a macro, since SQL is made of literals alone.
#define ATELIER_KEY_COLUMNS                                                                         \
  "id, owner, name, hash, role, created_ms, last_used_ms, revoked_ms, models, routes, expires_ms, " \
  "requests_per_minute, "                                                                           \
  "tokens_per_minute, concurrent_max, day_allowance, month_allowance, revision"

namespace atelier::studio::key_rows {
namespace {

std::string list_to_text(const std::vector<std::string>& names) {
  json::Array array;
  for (const std::string& name : names) array.emplace_back(name);
  return json::write(array);
}

Result<std::vector<std::string>> text_to_list(const std::string& text) {
  auto value = json::parse(text);
  if (!value) return error_of(std::move(value));
  std::vector<std::string> names;
  if (const json::Array* array = value->if_array())
    for (const json::Value& name : *array)
      if (const auto* string = name.if_string()) names.emplace_back(*string);
  return names;
}

store::Value or_null(const std::optional<model::Picodollars>& amount) {
  return amount ? store::Value(*amount) : store::Value();
}
store::Value or_null(UnixMs time_ms) { return time_ms > 0 ? store::Value(time_ms) : store::Value(); }

std::optional<model::Picodollars> amount_at(const store::Rows& rows, std::size_t row, std::size_t column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return rows.integer(row, column);
}

}  // namespace

store::Statement insert(const Row& row) {
  const AccessKey& key = row.key;
  const KeySettings& settings = key.settings;
  return {
      "INSERT INTO access_keys (id, owner, name, hash, role, created_ms, models, routes, expires_ms, "
      "requests_per_minute, tokens_per_minute, "
      "concurrent_max, day_allowance, month_allowance) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "
      "$14)",
      {key.id.to_string(), key.owner.to_string(), settings.name,
       store::Blob{Bytes(reinterpret_cast<const char*>(row.hash.bytes.data()), row.hash.bytes.size())},
       std::string(key.role == Role::admin ? "admin" : "member"), key.created_ms, list_to_text(settings.models),
       list_to_text(settings.routes), or_null(settings.expires_ms), settings.limits.requests_per_minute,
       settings.limits.tokens_per_minute, settings.limits.concurrent_max, or_null(settings.allowances.day),
       or_null(settings.allowances.month)}};
}

store::Statement update(KeyId id, const KeySettings& settings, std::int64_t revision) {
  return {
      "UPDATE access_keys SET name = $3, models = $4, routes = $5, expires_ms = $6, requests_per_minute = $7, "
      "tokens_per_minute = $8, "
      "concurrent_max = $9, day_allowance = $10, month_allowance = $11, revision = revision + 1 "
      "WHERE id = $1 AND revision = $2 AND revoked_ms IS NULL RETURNING " ATELIER_KEY_COLUMNS,
      {id.to_string(), revision, settings.name, list_to_text(settings.models), list_to_text(settings.routes),
       or_null(settings.expires_ms), settings.limits.requests_per_minute, settings.limits.tokens_per_minute,
       settings.limits.concurrent_max, or_null(settings.allowances.day), or_null(settings.allowances.month)},
      store::Expect::exactly_one};
}

store::Statement page_after(const std::string& id, std::int64_t count_max) {
  return {"SELECT " ATELIER_KEY_COLUMNS " FROM access_keys WHERE id > $1 ORDER BY id LIMIT $2", {id, count_max}};
}

store::Statement find(KeyId id) {
  return {"SELECT " ATELIER_KEY_COLUMNS " FROM access_keys WHERE id = $1", {id.to_string()}};
}

store::Statement of_owner(UserId owner) {
  return {"SELECT " ATELIER_KEY_COLUMNS " FROM access_keys WHERE owner = $1 ORDER BY id DESC LIMIT 1000",
          {owner.to_string()}};
}

store::Statement in_force_of(UserId owner) {
  return {"SELECT " ATELIER_KEY_COLUMNS " FROM access_keys WHERE owner = $1 AND revoked_ms IS NULL",
          {owner.to_string()}};
}

Result<Row> read(const store::Rows& rows, std::size_t row) {
  Row out;
  AccessKey& key = out.key;
  auto id = KeyId::parse(rows.text(row, 0));
  if (!id) return error_of(std::move(id));
  auto owner = UserId::parse(rows.text(row, 1));
  if (!owner) return error_of(std::move(owner));
  auto models = text_to_list(rows.text(row, 8));
  if (!models) return error_of(std::move(models));
  auto routes = text_to_list(rows.text(row, 9));
  if (!routes) return error_of(std::move(routes));
  key.id = *id;
  key.owner = *owner;
  key.name = rows.text(row, 2);
  const Bytes& hash = rows.bytes(row, 3);
  if (hash.size() != out.hash.bytes.size())
    return fail(ErrorCode::storage_failed, "an access key's hash has another size");
  std::copy(hash.begin(), hash.end(), out.hash.bytes.begin());
  key.role = rows.text(row, 4) == "admin" ? Role::admin : Role::member;
  key.created_ms = rows.integer(row, 5);
  key.last_used_ms = rows.integer(row, 6);
  key.is_revoked = !rows.is_null(row, 7);
  key.settings = {.name = key.name,
                  .models = std::move(*models),
                  .routes = std::move(*routes),
                  .expires_ms = rows.integer(row, 10),
                  .limits = {rows.integer(row, 11), rows.integer(row, 12), rows.integer(row, 13)},
                  .allowances = {amount_at(rows, row, 14), amount_at(rows, row, 15)}};
  key.revision = rows.integer(row, 16);
  return out;
}

}  // namespace atelier::studio::key_rows
#undef ATELIER_KEY_COLUMNS
