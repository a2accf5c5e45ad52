#include "graph/rows.hpp"

#include "graph/view_json.hpp"

namespace atelier::graph::rows {
namespace {

using store::Expect;
using store::Value;

std::string text(std::string_view view) { return std::string(view); }

Value blob(const Digest& digest) {
  return store::Blob{Bytes(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size())};
}

Value optional_error(const std::optional<Error>& error) {
  if (!error) return std::monostate{};
  return stored_error(*error);
}

Value error_of_step(const StepFields& fields) {
  if (!fields.error) return std::monostate{};
  return stored_error(*fields.error);
}

Value key_of(const StepFields& fields) {
  if (!fields.key || fields.state != StepState::succeeded) return std::monostate{};
  return blob(*fields.key);
}

Value outputs_of(const StepFields& fields) {
  if (!fields.result) return std::monostate{};
  return fields.result->json;
}

// "<trace>-<the run's span>-<what asked for it>", in hexadecimal digits.
Value trace_text(const RunView& run) {
  if (run.trace.is_none()) return std::monostate{};
  return run.trace.id() + "-" + span_id_text(run.trace.span) + "-" + span_id_text(run.trace_parent);
}

void read_trace(std::string_view text, RunView& run) {
  if (text.size() != 66) return;
  const auto trace = parse_trace_id(text.substr(0, 32));
  const auto span = parse_span_id(text.substr(33, 16)), parent = parse_span_id(text.substr(50, 16));
  if (!trace || !span || !parent) return;
  run.trace = trace->below(*span);
  run.trace.is_kept = true;
  run.trace_parent = *parent;
}

std::optional<Digest> read_digest(const Rows& rows, std::size_t row, std::size_t column) {
  if (rows.is_null(row, column)) return std::nullopt;
  const Bytes& bytes = rows.bytes(row, column);
  Digest digest;
  if (bytes.size() != digest.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(digest.bytes.data()));
  return digest;
}

}  // namespace

Statement insert_engine(const std::string& engine, UnixMs now_ms, UnixMs lease_until_ms) {
  return {
      "INSERT INTO engines (id, started_ms, lease_until_ms) VALUES ($1, $2, $3) "
      "ON CONFLICT (id) DO UPDATE SET lease_until_ms = excluded.lease_until_ms",
      {engine, now_ms, lease_until_ms}};
}

Statement renew_lease(const std::string& engine, UnixMs lease_until_ms) {
  return {"UPDATE engines SET lease_until_ms = $2 WHERE id = $1", {engine, lease_until_ms}, Expect::exactly_one};
}

Statement delete_engine(const std::string& engine) { return {"DELETE FROM engines WHERE id = $1", {engine}}; }

Statement select_other_engines(const std::string& engine, UnixMs lease_until_max_ms) {
  return {"SELECT id FROM engines WHERE id <> $1 AND lease_until_ms <= $2", {engine, lease_until_max_ms}};
}

std::vector<Statement> take_over(const std::string& from_engine, const std::string& to_engine) {
  std::vector<Statement> batch;
  // First, so that of two who try one fails as a whole.
  batch.push_back({"DELETE FROM engines WHERE id = $1", {from_engine}, Expect::exactly_one});
  batch.push_back(
      {"UPDATE steps SET state = 'ready', fence = fence + 1, attempts = attempts - 1, interruptions = interruptions + "
       "1 "
       "WHERE state = 'running' AND run IN (SELECT id FROM runs WHERE engine = $1 AND state = 'running')",
       {from_engine}});
  batch.push_back({"UPDATE runs SET engine = $2 WHERE engine = $1 AND state = 'running'", {from_engine, to_engine}});
  return batch;
}

std::vector<Statement> select_active(const std::string& engine, const std::string& after_run, std::int64_t count_max) {
  std::vector<Statement> batch;
  batch.push_back(
      {"SELECT r.id, r.owner, r.kind, r.subject, r.title, r.state, r.priority, r.created_ms, r.ended_ms, r.step_count, "
       "r.done_count, "
       "r.cached_count, r.error, r.trace, g.graph FROM runs r JOIN run_graphs g ON g.run = r.id "
       "WHERE r.engine = $1 AND r.state = 'running' AND r.id > $2 ORDER BY r.id LIMIT $3",
       {engine, after_run, count_max}});
  batch.push_back(
      {"SELECT run, node, state, attempts, kills, interruptions, fence, is_forced, is_cached, available_ms, "
       "started_ms, ended_ms, key, "
       "outputs, error FROM steps WHERE run IN (SELECT id FROM runs WHERE engine = $1 AND state = 'running' AND id > "
       "$2 "
       "ORDER BY id LIMIT $3) ORDER BY run, node",
       {engine, after_run, count_max}});
  return batch;
}

std::vector<Statement> select_active_one(const std::string& engine, UserId owner, RunId run) {
  std::vector<Statement> batch;
  batch.push_back(
      {"SELECT r.id, r.owner, r.kind, r.subject, r.title, r.state, r.priority, r.created_ms, r.ended_ms, r.step_count, "
       "r.done_count, "
       "r.cached_count, r.error, r.trace, g.graph FROM runs r JOIN run_graphs g ON g.run = r.id "
       "WHERE r.owner = $1 AND r.id = $2 AND r.engine = $3 AND r.state = 'running'",
       {owner.to_string(), run.to_string(), engine}});
  batch.push_back(
      {"SELECT run, node, state, attempts, kills, interruptions, fence, is_forced, is_cached, available_ms, "
       "started_ms, ended_ms, key, "
       "outputs, error FROM steps WHERE run = $2 AND owner = $1 ORDER BY node",
       {owner.to_string(), run.to_string()}});
  return batch;
}

Statement insert_run(const RunView& run, const std::string& engine, const std::string& idempotency_key) {
  return {
      "INSERT INTO runs (owner, id, engine, kind, subject, title, state, priority, created_ms, ended_ms, step_count, "
      "done_count, cached_count, "
      "idempotency_key, trace) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
      {run.owner.to_string(), run.id.to_string(), engine, run.kind, run.subject, run.title, text(to_string(run.state)),
       run.priority, run.created_ms, run.ended_ms, std::int64_t{run.step_count}, std::int64_t{run.done_count},
       std::int64_t{run.cached_count}, idempotency_key.empty() ? Value(std::monostate{}) : Value(idempotency_key),
       trace_text(run)}};
}

Statement insert_graph(const RunView& run, std::string graph) {
  return {"INSERT INTO run_graphs (run, owner, graph) VALUES ($1, $2, $3)",
          {run.id.to_string(), run.owner.to_string(), std::move(graph)}};
}

Statement update_run(const RunView& run, const std::string& engine) {
  return {
      "UPDATE runs SET state = $4, ended_ms = $5, done_count = $6, cached_count = $7, error = $8 "
      "WHERE owner = $1 AND id = $2 AND engine = $3 AND state = 'running'",
      {run.owner.to_string(), run.id.to_string(), engine, text(to_string(run.state)), run.ended_ms,
       std::int64_t{run.done_count}, std::int64_t{run.cached_count}, optional_error(run.error)},
      Expect::exactly_one};
}

Statement expect_run(const RunView& run, const std::string& engine) {
  return {"SELECT 1 FROM runs WHERE owner = $1 AND id = $2 AND engine = $3 AND state = 'running'",
          {run.owner.to_string(), run.id.to_string(), engine},
          Expect::exactly_one};
}

Statement select_run(UserId owner, RunId id) {
  return {
      "SELECT id, owner, kind, subject, title, state, priority, created_ms, ended_ms, step_count, done_count, "
      "cached_count, error, trace "
      "FROM runs WHERE owner = $1 AND id = $2",
      {owner.to_string(), id.to_string()}};
}

Statement select_graph(UserId owner, RunId id) {
  return {"SELECT graph FROM run_graphs WHERE run = $2 AND owner = $1", {owner.to_string(), id.to_string()}};
}

std::vector<Statement> select_whole_run(UserId owner, RunId id) {
  std::vector<Statement> batch;
  batch.push_back(select_run(owner, id));
  batch.push_back(select_graph(owner, id));
  batch.push_back(
      {"SELECT run, node, state, attempts, kills, interruptions, fence, is_forced, is_cached, available_ms, "
       "started_ms, ended_ms, key, "
       "outputs, error FROM steps WHERE run = $2 AND owner = $1 ORDER BY node",
       {owner.to_string(), id.to_string()}});
  return batch;
}

Statement select_by_idempotency_key(UserId owner, const std::string& key) {
  return {
      "SELECT r.id, r.kind, r.subject, g.graph FROM runs r JOIN run_graphs g ON g.run = r.id WHERE r.owner = $1 AND "
      "r.idempotency_key = $2",
      {owner.to_string(), key}};
}

Statement select_page(UserId owner, const std::string& kind, const std::string& subject, const std::string& before,
                      std::int64_t count) {
  if (kind.empty() && subject.empty())
    return {
        "SELECT id, owner, kind, subject, title, state, priority, created_ms, ended_ms, step_count, done_count, "
        "cached_count, error, trace "
        "FROM runs WHERE owner = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        {owner.to_string(), before, count}};
  if (kind.empty())
    return {
        "SELECT id, owner, kind, subject, title, state, priority, created_ms, ended_ms, step_count, done_count, "
        "cached_count, error, trace "
        "FROM runs WHERE owner = $1 AND id < $2 AND subject = $4 ORDER BY id DESC LIMIT $3",
        {owner.to_string(), before, count, subject}};
  if (subject.empty())
    return {
        "SELECT id, owner, kind, subject, title, state, priority, created_ms, ended_ms, step_count, done_count, "
        "cached_count, error, trace "
        "FROM runs WHERE owner = $1 AND id < $2 AND kind = $4 ORDER BY id DESC LIMIT $3",
        {owner.to_string(), before, count, kind}};
  return {
      "SELECT id, owner, kind, subject, title, state, priority, created_ms, ended_ms, step_count, done_count, "
      "cached_count, error, trace "
      "FROM runs WHERE owner = $1 AND kind = $4 AND subject = $5 AND id < $2 ORDER BY id DESC LIMIT $3",
      {owner.to_string(), before, count, kind, subject}};
}

RunView read_run(const Rows& rows, std::size_t row) {
  RunView run;
  run.id = RunId::parse(rows.text(row, 0)).value_or(RunId{});
  run.owner = UserId::parse(rows.text(row, 1)).value_or(UserId{});
  run.kind = rows.text(row, 2);
  run.subject = rows.text(row, 3);
  run.title = rows.text(row, 4);
  run.state = parse_run_state(rows.text(row, 5)).value_or(RunState::failed);
  run.priority = rows.integer(row, 6);
  run.created_ms = rows.integer(row, 7);
  run.ended_ms = rows.integer(row, 8);
  run.step_count = static_cast<std::uint32_t>(rows.integer(row, 9));
  run.done_count = static_cast<std::uint32_t>(rows.integer(row, 10));
  run.cached_count = static_cast<std::uint32_t>(rows.integer(row, 11));
  if (!rows.is_null(row, 12)) run.error = error_from_stored(rows.text(row, 12));
  if (!rows.is_null(row, 13)) read_trace(rows.text(row, 13), run);
  return run;
}

Statement select_ended(const EndedAt& after, UnixMs before_ms, std::int64_t count_max) {
  return {
      "SELECT ended_ms, owner, id, step_count, EXISTS (SELECT 1 FROM runs AS newer WHERE newer.owner = runs.owner AND "
      "newer.kind = runs.kind "
      "AND newer.subject = runs.subject AND newer.id > runs.id) FROM runs "
      "WHERE state <> 'running' AND ended_ms < $1 AND (ended_ms, owner, id) > ($2, $3, $4) ORDER BY ended_ms, owner, "
      "id LIMIT $5",
      {before_ms, after.ended_ms, after.owner, after.run, count_max}};
}

Statement delete_steps(const std::string& run, std::int64_t first, std::int64_t end) {
  return {"DELETE FROM steps WHERE run = $1 AND node >= $2 AND node < $3", {run, first, end}};
}

Statement delete_graph(const std::string& run) { return {"DELETE FROM run_graphs WHERE run = $1", {run}}; }

Statement delete_run(const std::string& owner, const std::string& run) {
  return {"DELETE FROM runs WHERE owner = $1 AND id = $2 AND state <> 'running'", {owner, run}};
}

Statement insert_steps(const RunView& run, std::uint32_t first, std::uint32_t last, StepState state, bool is_forced) {
  if (first == last)
    return {"INSERT INTO steps (run, node, owner, state, is_forced) VALUES ($1, $2, $3, $4, $5)",
            {run.id.to_string(), std::int64_t{first}, run.owner.to_string(), text(to_string(state)),
             std::int64_t{is_forced}}};
  return {
      "WITH RECURSIVE numbers (node) AS (SELECT $3 UNION ALL SELECT node + 1 FROM numbers WHERE node < $4) "
      "INSERT INTO steps (run, node, owner, state, is_forced) SELECT $1, node, $2, $5, $6 FROM numbers",
      {run.id.to_string(), run.owner.to_string(), std::int64_t{first}, std::int64_t{last}, text(to_string(state)),
       std::int64_t{is_forced}}};
}

Statement insert_step(const RunView& run, std::uint32_t step, const StepFields& fields, bool is_forced) {
  return {
      "INSERT INTO steps (run, node, owner, state, attempts, fence, is_forced, is_cached, started_ms, ended_ms, key, "
      "outputs) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      {run.id.to_string(), std::int64_t{step}, run.owner.to_string(), text(to_string(fields.state)),
       std::int64_t{fields.attempts}, fields.fence, std::int64_t{is_forced}, std::int64_t{fields.is_cached},
       fields.started_ms, fields.ended_ms, key_of(fields), outputs_of(fields)}};
}

Statement update_step(const RunView& run, std::uint32_t step, const StepFields& was, const StepFields& is) {
  return {
      "UPDATE steps SET state = $5, attempts = $6, kills = $7, interruptions = $8, fence = $9, is_cached = $10, "
      "available_ms = $11, "
      "started_ms = $12, ended_ms = $13, key = $14, outputs = $15, error = $16 WHERE run = $1 AND node = $2 AND state "
      "= $3 AND fence = $4",
      {run.id.to_string(), std::int64_t{step}, text(to_string(was.state)), was.fence, text(to_string(is.state)),
       std::int64_t{is.attempts}, std::int64_t{is.kills}, std::int64_t{is.interruptions}, is.fence,
       std::int64_t{is.is_cached}, is.available_ms, is.started_ms, is.ended_ms, key_of(is), outputs_of(is),
       error_of_step(is)},
      Expect::exactly_one};
}

Statement cancel_steps(const RunView& run, Draft::Bulk bulk, UnixMs now_ms) {
  if (bulk == Draft::Bulk::all)
    return {
        "UPDATE steps SET state = 'cancelled', ended_ms = $2 WHERE run = $1 AND state IN ('waiting', 'ready', "
        "'running')",
        {run.id.to_string(), now_ms}};
  return {"UPDATE steps SET state = 'cancelled', ended_ms = $2 WHERE run = $1 AND state IN ('waiting', 'ready')",
          {run.id.to_string(), now_ms}};
}

Result<StepRow> read_step(const Rows& rows, std::size_t row) {
  StepRow step;
  step.run = rows.text(row, 0);
  step.node = static_cast<std::uint32_t>(rows.integer(row, 1));
  StepFields& fields = step.fields;
  fields.state = parse_step_state(rows.text(row, 2)).value_or(StepState::failed);
  fields.attempts = static_cast<std::uint32_t>(rows.integer(row, 3));
  fields.kills = static_cast<std::uint32_t>(rows.integer(row, 4));
  fields.interruptions = static_cast<std::uint32_t>(rows.integer(row, 5));
  fields.fence = rows.integer(row, 6);
  step.is_forced = rows.integer(row, 7) != 0;
  fields.is_cached = rows.integer(row, 8) != 0;
  fields.available_ms = rows.integer(row, 9);
  fields.started_ms = rows.integer(row, 10);
  fields.ended_ms = rows.integer(row, 11);
  fields.key = read_digest(rows, row, 12);
  if (!rows.is_null(row, 13)) {
    auto result = parse_result(rows.text(row, 13));
    if (!result) return error_of(result);
    fields.result = std::move(*result);
  }
  if (!rows.is_null(row, 14)) fields.error = std::make_shared<const Error>(error_from_stored(rows.text(row, 14)));
  return step;
}

Statement insert_result(UserId owner, const Digest& key, std::string_view type, const std::string& outputs,
                        UnixMs now_ms) {
  return {
      "INSERT INTO results (key, owner, type, outputs, made_ms) VALUES ($1, $2, $3, $4, $5) "
      "ON CONFLICT (key) DO UPDATE SET outputs = excluded.outputs, made_ms = excluded.made_ms",
      {blob(key), owner.to_string(), text(type), outputs, now_ms}};
}

Statement select_result(const Digest& key) { return {"SELECT outputs FROM results WHERE key = $1", {blob(key)}}; }

Statement delete_result(const Digest& key) { return {"DELETE FROM results WHERE key = $1", {blob(key)}}; }

Statement delete_results_beyond(std::int64_t count_max) {
  return {"DELETE FROM results WHERE made_ms < (SELECT made_ms FROM results ORDER BY made_ms DESC LIMIT 1 OFFSET $1)",
          {count_max}};
}

Statement select_last_results(const RunView& run, std::int64_t count_max) {
  return {
      "SELECT key, outputs FROM steps WHERE run = (SELECT id FROM runs WHERE owner = $1 AND kind = $2 AND subject = $3 "
      "ORDER BY id DESC LIMIT 1) "
      "AND key IS NOT NULL LIMIT $4",
      {run.owner.to_string(), run.kind, run.subject, count_max}};
}

}  // namespace atelier::graph::rows
