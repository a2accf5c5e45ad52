#include "model/record/call_rows.hpp"

#include "base/json.hpp"

// In the order in which read() takes them; macros, since SQL is made of literals alone.
#define ATELIER_CALL_COLUMNS                                                                                     \
  "number, time_ms, owner, key, face, asked, route, provider, model, status, fault, flags, attempt_count, "      \
  "attempts, first_token_ms, total_ms, input, cached_read, cached_write, cached_write_hour, output, reasoning, " \
  "other_media, cost, request_id, trace"
// One page: `where` begins the conditions that an index serves. What follows looks at no more than $3 of them.
#define ATELIER_CALL_PAGE(where)                                                                                   \
  "SELECT " ATELIER_CALL_COLUMNS " FROM (SELECT * FROM calls WHERE " where                                         \
  " number < $2 ORDER BY number DESC LIMIT $3) AS newest WHERE ($4 = '' OR $4 = model OR $4 = asked OR $4 = "      \
  "route OR $4 = provider || '/' || model) AND ($5 = 0 OR $5 = status) AND ($6 = 0 OR $6 = CASE WHEN flags % 2 = " \
  "1 THEN 3 WHEN fault <> '' THEN 2 ELSE 1 END) AND time_ms >= $7 AND ($9 = '*' OR $9 = key) ORDER BY number "     \
  "DESC LIMIT $8"
#define ATELIER_CALL_REACH(where) \
  "SELECT number, time_ms FROM calls WHERE " where " number < $2 ORDER BY number DESC LIMIT 1 OFFSET $3"

namespace atelier::model::call_rows {
namespace {

// Bits of `flags`. The first is known to the SQL above.
constexpr std::int64_t kAborted = 1, kStreamed = 2, kEstimated = 4, kCached = 8, kHasTexts = 16;

std::int64_t flags_of(const CallRecord& record) {
  std::int64_t flags = 0;
  if (record.is_aborted) flags |= kAborted;
  if (record.is_streamed) flags |= kStreamed;
  if (record.usage.is_estimated) flags |= kEstimated;
  if (record.is_cached) flags |= kCached;
  if (record.has_texts) flags |= kHasTexts;
  return flags;
}

store::Value or_null(const std::optional<std::int64_t>& value) { return value ? store::Value(*value) : store::Value(); }

std::optional<std::int64_t> optional_at(const store::Rows& rows, std::size_t row, std::size_t column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return rows.integer(row, column);
}

// A nil id is no id.
template <class AnyId>
std::string id_text(const AnyId& id) {
  return id.is_nil() ? std::string() : id.to_string();
}
template <class AnyId>
Result<AnyId> read_id(const std::string& text) {
  if (text.empty()) return AnyId();
  return AnyId::parse(text);
}

// A single attempt that answered is told by the call's own columns.
store::Value attempts_text(const CallRecord& record) {
  if (record.attempts.empty() || (record.attempts.size() == 1 && record.attempts.front().fault.empty())) return {};
  json::Array list;
  for (const AttemptRecord& attempt : record.attempts) {
    json::Object object{
        {"candidate", attempt.candidate}, {"began_ms", attempt.began_ms}, {"total_ms", attempt.total_ms}};
    if (attempt.first_token_ms) object["first_token_ms"] = *attempt.first_token_ms;
    if (!attempt.fault.empty()) object["fault"] = attempt.fault;
    if (attempt.status != 0) object["status"] = attempt.status;
    list.push_back(std::move(object));
  }
  return json::write(list);
}

Result<std::vector<AttemptRecord>> read_attempts(const std::string& text) {
  auto list = json::parse(text);
  if (!list) return error_of(std::move(list));
  std::vector<AttemptRecord> attempts;
  if (!list->is_array()) return fail(ErrorCode::storage_failed, "a call's attempts are no list");
  for (const json::Value& value : list->as_array()) {
    json::ObjectReader reader(value);
    AttemptRecord attempt{.candidate = reader.required_string("candidate")};
    attempt.fault = reader.optional_string("fault").value_or("");
    attempt.status = static_cast<int>(reader.optional_integer("status", 0, 999).value_or(0));
    attempt.began_ms = reader.required_integer("began_ms", 0, std::numeric_limits<std::int64_t>::max());
    attempt.total_ms = reader.required_integer("total_ms", 0, std::numeric_limits<std::int64_t>::max());
    attempt.first_token_ms = reader.optional_integer("first_token_ms", 0, std::numeric_limits<std::int64_t>::max());
    if (auto read = reader.finish_lenient(); !read) return error_of(std::move(read));
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

// Sound and pictures, which few calls have: "1 2 3 4" in the order below.
store::Value other_media_text(const Usage& usage) {
  if (usage.input_audio == 0 && usage.output_audio == 0 && usage.input_image == 0 && usage.output_image == 0) return {};
  return json::write(json::Array{usage.input_audio, usage.output_audio, usage.input_image, usage.output_image});
}

void read_other_media(const std::string& text, Usage& usage) {
  const auto list = json::parse(text);
  if (!list || !list->is_array() || list->as_array().size() != 4) return;
  const auto at = [&](std::size_t i) { return list->as_array()[i].is_int64() ? list->as_array()[i].as_int64() : 0; };
  usage.input_audio = at(0);
  usage.output_audio = at(1);
  usage.input_image = at(2);
  usage.output_image = at(3);
}

}  // namespace

store::Statement insert(const CallRecord& record) {
  const Usage& usage = record.usage;
  std::vector<store::Value> values;
  values.reserve(26);
  values.emplace_back(record.number);
  values.emplace_back(record.time_ms);
  values.emplace_back(id_text(record.owner));
  values.emplace_back(id_text(record.key));
  for (const std::string* text : {&record.face, &record.asked, &record.route, &record.provider, &record.model})
    values.emplace_back(*text);
  values.emplace_back(std::int64_t{record.status});
  values.emplace_back(record.fault);
  values.emplace_back(flags_of(record));
  values.emplace_back(static_cast<std::int64_t>(record.attempts.size()));
  values.push_back(attempts_text(record));
  values.push_back(or_null(record.first_token_ms));
  for (const std::int64_t count : {record.total_ms, usage.input, usage.cached_read, usage.cached_write,
                                   usage.cached_write_hour, usage.output, usage.reasoning})
    values.emplace_back(count);
  values.push_back(other_media_text(usage));
  values.push_back(or_null(record.cost));
  values.emplace_back(record.request_id);
  values.emplace_back(record.trace);
  return {"INSERT INTO calls (" ATELIER_CALL_COLUMNS
          ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, "
          "$22, $23, $24, $25, $26)",
          std::move(values)};
}

store::Statement insert_texts(const CallRecord& record, const CallTexts& texts) {
  return {
      "INSERT INTO call_texts (number, time_ms, size_bytes, owner, request, answer) VALUES ($1, $2, $3, $4, $5, $6)",
      {record.number, record.time_ms, static_cast<std::int64_t>(texts.request.size() + texts.answer.size()),
       id_text(record.owner), texts.request, texts.answer}};
}

std::vector<store::Statement> page(const PageQuery& query) {
  const auto make = [&](store::Sql rows, store::Sql reach, store::Value whose) {
    std::vector<store::Statement> statements;
    statements.push_back(
        {rows,
         {whose, query.before, query.scanned_max, query.model, std::int64_t{query.status}, std::int64_t{query.outcome},
          query.from_ms, query.count_max, query.key ? id_text(*query.key) : std::string("*")}});
    statements.push_back({reach, {whose, query.before, query.scanned_max - 1}});
    return statements;
  };
  if (query.owner)
    return make(ATELIER_CALL_PAGE("owner = $1 AND"), ATELIER_CALL_REACH("owner = $1 AND"), id_text(*query.owner));
  return make(ATELIER_CALL_PAGE("$1 = '' AND"), ATELIER_CALL_REACH("$1 = '' AND"), std::string());
}

store::Statement find(std::int64_t number) {
  return {"SELECT " ATELIER_CALL_COLUMNS " FROM calls WHERE number = $1", {number}};
}

Result<CallRecord> read(const store::Rows& rows, std::size_t row) {
  CallRecord record{.number = rows.integer(row, 0), .time_ms = rows.integer(row, 1)};
  auto owner = read_id<UserId>(rows.text(row, 2));
  if (!owner) return error_of(std::move(owner));
  auto key = read_id<KeyId>(rows.text(row, 3));
  if (!key) return error_of(std::move(key));
  record.owner = *owner;
  record.key = *key;
  record.face = rows.text(row, 4);
  record.asked = rows.text(row, 5);
  record.route = rows.text(row, 6);
  record.provider = rows.text(row, 7);
  record.model = rows.text(row, 8);
  record.status = static_cast<int>(rows.integer(row, 9));
  record.fault = rows.text(row, 10);
  const std::int64_t flags = rows.integer(row, 11);
  record.is_aborted = (flags & kAborted) != 0;
  record.is_streamed = (flags & kStreamed) != 0;
  record.usage.is_estimated = (flags & kEstimated) != 0;
  record.is_cached = (flags & kCached) != 0;
  record.has_texts = (flags & kHasTexts) != 0;
  record.first_token_ms = optional_at(rows, row, 14);
  record.total_ms = rows.integer(row, 15);
  if (!rows.is_null(row, 13)) {
    auto attempts = read_attempts(rows.text(row, 13));
    if (!attempts) return error_of(std::move(attempts));
    record.attempts = std::move(*attempts);
  } else if (rows.integer(row, 12) > 0) {
    record.attempts.push_back({.candidate = record.provider + "/" + record.model,
                               .status = record.status,
                               .first_token_ms = record.first_token_ms,
                               .total_ms = record.total_ms});
  }
  Usage& usage = record.usage;
  usage.input = rows.integer(row, 16);
  usage.cached_read = rows.integer(row, 17);
  usage.cached_write = rows.integer(row, 18);
  usage.cached_write_hour = rows.integer(row, 19);
  usage.output = rows.integer(row, 20);
  usage.reasoning = rows.integer(row, 21);
  if (!rows.is_null(row, 22)) read_other_media(rows.text(row, 22), usage);
  record.cost = optional_at(rows, row, 23);
  record.request_id = rows.text(row, 24);
  record.trace = rows.text(row, 25);
  return record;
}

}  // namespace atelier::model::call_rows
