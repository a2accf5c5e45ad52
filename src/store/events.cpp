#include "store/events.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/async.hpp"
#include "base/json.hpp"

namespace atelier::store {
namespace {

constexpr std::int64_t kTrimSlice = 1'000;
constexpr std::size_t kPageMax = 10'000;

class DatabaseEventLog final : public EventLog {
 public:
  DatabaseEventLog(Database& database, Bus& bus, std::string epoch)
      : database_(database), bus_(bus), epoch_(std::move(epoch)) {}

  Statement append(std::string topic, std::string type, std::string data, UserId owner) const override;
  void committed(Event event) override;
  void tell(std::string topic, std::string type, std::string data, UserId owner) override;
  Task<Result<Cursor>> now() override;
  Task<Result<std::vector<Event>>> after(Principal principal, Cursor cursor, std::size_t count_max) override;
  Task<Result<>> trim(std::size_t keep_count) override;

 private:
  Database& database_;
  Bus& bus_;
  const std::string epoch_;
};

Statement DatabaseEventLog::append(std::string topic, std::string type, std::string data, UserId owner) const {
  std::vector<Value> values;
  values.reserve(4);
  values.emplace_back(owner.to_string());
  values.emplace_back(std::move(topic));
  values.emplace_back(std::move(type));
  values.emplace_back(std::move(data));
  return {
      "INSERT INTO events (owner, topic, number, type, data) VALUES ($1, $2, 1 + coalesce("
      "(SELECT max(number) FROM events WHERE owner = $1 AND topic = $2), "
      "(SELECT last_number FROM event_topics WHERE owner = $1 AND topic = $2), 0), $3, $4) RETURNING position, number",
      std::move(values), Expect::exactly_one};
}

void DatabaseEventLog::committed(Event event) {
  const auto owner = UserId::parse(event.owner);
  ensure(owner.has_value(), "an event's owner is a user's id");
  bus_.publish({event_bus_topic(*owner), write_event(event)});
}

void DatabaseEventLog::tell(std::string topic, std::string type, std::string data, UserId owner) {
  bus_.publish({event_bus_topic(owner), write_event({.position = 0,
                                                     .topic = std::move(topic),
                                                     .number = 0,
                                                     .type = std::move(type),
                                                     .data = std::move(data),
                                                     .owner = owner.to_string()})});
}

Task<Result<Cursor>> DatabaseEventLog::now() {
  Statement newest("SELECT coalesce(max(position), 0) FROM events");
  auto rows = co_await database_.read(std::move(newest));
  if (!rows) co_return error_of(std::move(rows));
  co_return Cursor{epoch_, rows->integer(0, 0)};
}

Task<Result<std::vector<Event>>> DatabaseEventLog::after(Principal principal, Cursor cursor, std::size_t count_max) {
  if (cursor.epoch != epoch_)
    co_return fail(ErrorCode::conflict, "the cursor is of another database: read afresh",
                   {.reason = "cursor_of_another_epoch", .where = {}});
  std::vector<Value> values{principal.owner.to_string(), cursor.position,
                            static_cast<std::int64_t>(std::min(count_max, kPageMax))};
  std::vector<Statement> batch;
  batch.push_back({"SELECT coalesce(min(position), 1), coalesce(max(position), 0) FROM events"});
  batch.push_back(
      {"SELECT position, topic, number, type, data FROM events WHERE owner = $1 AND position > $2 ORDER BY position "
       "LIMIT $3",
       std::move(values)});
  auto answers = co_await database_.read_all(std::move(batch));
  if (!answers) co_return error_of(std::move(answers));
  const Rows& kept = answers->front();
  if (cursor.position + 1 < kept.integer(0, 0) || cursor.position > kept.integer(0, 1))
    co_return fail(ErrorCode::conflict, "the cursor is older than what is kept: read afresh",
                   {.reason = "cursor_too_old", .where = {}});
  const Rows& rows = answers->back();
  std::vector<Event> events;
  events.reserve(rows.size());
  const std::string owner = principal.owner.to_string();
  for (std::size_t row = 0; row < rows.size(); ++row)
    events.push_back({.position = rows.integer(row, 0),
                      .topic = rows.text(row, 1),
                      .number = rows.integer(row, 2),
                      .type = rows.text(row, 3),
                      .data = rows.text(row, 4),
                      .owner = owner});
  co_return events;
}

Task<Result<>> DatabaseEventLog::trim(std::size_t keep_count) {
  // The newest always stays: it holds the position from which counting goes on.
  const auto keep = static_cast<std::int64_t>(std::max<std::size_t>(keep_count, 1));
  while (true) {
    Statement range("SELECT min(position), max(position) FROM events");
    auto rows = co_await database_.read(std::move(range));
    if (!rows) co_return error_of(std::move(rows));
    if (rows->is_null(0, 0)) co_return Result<>{};
    const std::int64_t last = std::min(rows->integer(0, 0) + kTrimSlice - 1, rows->integer(0, 1) - keep);
    if (last < rows->integer(0, 0)) co_return Result<>{};
    std::vector<Value> through{last};
    std::vector<Statement> batch;
    batch.push_back(
        {"INSERT INTO event_topics (owner, topic, last_number, last_position) "
         "SELECT owner, topic, max(number), max(position) FROM events WHERE position <= $1 GROUP BY owner, topic "
         "ON CONFLICT (owner, topic) DO UPDATE SET last_number = excluded.last_number, last_position = "
         "excluded.last_position",
         through});
    batch.push_back({"DELETE FROM events WHERE position <= $1", std::move(through)});
    // More than a slice adds, so that they become no more.
    batch.push_back(
        {"DELETE FROM event_topics WHERE (owner, topic) IN "
         "(SELECT owner, topic FROM event_topics WHERE last_position <= $1 ORDER BY last_position LIMIT $2)",
         {last - keep, 2 * kTrimSlice}});
    auto done = co_await database_.write(std::move(batch));
    if (!done) co_return error_of(std::move(done));
  }
}

}  // namespace

std::string Cursor::to_string() const { return epoch + "-" + std::to_string(position); }

std::optional<Cursor> Cursor::parse(std::string_view text) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || dash > 64) return std::nullopt;
  Cursor cursor{.epoch = std::string(text.substr(0, dash))};
  const std::string_view digits = text.substr(dash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), cursor.position);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty() || cursor.position < 0)
    return std::nullopt;
  return cursor;
}

std::string event_bus_topic(UserId owner) { return "events/" + owner.to_string(); }

std::string write_event(const Event& event) {
  std::string out = "{\"position\":" + std::to_string(event.position) + ",\"number\":" + std::to_string(event.number);
  out += ",\"topic\":" + boost::json::serialize(boost::json::string_view(event.topic));
  out += ",\"type\":" + boost::json::serialize(boost::json::string_view(event.type));
  out += ",\"owner\":\"" + event.owner + "\",\"data\":" + (event.data.empty() ? "null" : event.data) + "}";
  return out;
}

Result<Event> parse_event(std::string_view text) {
  auto value = json::parse(text);
  if (!value) return error_of(std::move(value));
  json::ObjectReader reader(*value);
  Event event;
  event.position = reader.required_integer("position", 0, INT64_MAX);
  event.number = reader.required_integer("number", 0, INT64_MAX);
  event.topic = reader.required_string("topic");
  event.type = reader.required_string("type");
  event.owner = reader.required_string("owner");
  if (const json::Value* data = reader.optional_value("data"); data != nullptr && !data->is_null())
    event.data = json::write(*data);
  if (auto done = reader.finish(); !done) return error_of(std::move(done));
  return event;
}

namespace {

Task<Result<std::unique_ptr<EventLog>>> open_log(Database* database, Bus* bus) {
  Statement epoch("SELECT value FROM meta WHERE key = 'epoch'");
  auto rows = co_await database->read(std::move(epoch));
  if (!rows) co_return error_of(std::move(rows));
  if (rows->empty())
    co_return fail(ErrorCode::storage_failed, "the database has no epoch", {.reason = "epoch_missing", .where = {}});
  co_return std::make_unique<DatabaseEventLog>(*database, *bus, rows->text(0, 0));
}

}  // namespace

Task<Result<std::unique_ptr<EventLog>>> open_event_log(Database& database, Bus& bus) {
  return open_log(&database, &bus);
}

}  // namespace atelier::store
