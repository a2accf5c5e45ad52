#include "watch/alert/rows.hpp"

namespace atelier::watch::alert_rows {
namespace {

json::Value parsed(const std::string& text) {
  auto value = json::parse(text);
  return value ? std::move(*value) : json::Value();
}

std::string text_in(const json::Object& object, const char* name) {
  const json::Value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// What is no column: nobody asks for alerts by it.
std::string details_of(const Alert& alert) {
  json::Array figures, story;
  for (const AlertFigure& figure : alert.figures) figures.push_back(json::Array{figure.name, figure.value});
  for (const AlertTurn& turn : alert.story)
    story.push_back(json::Object{{"at_ms", turn.at_ms}, {"what", turn.what}, {"who", turn.who}});
  return json::write(json::Object{{"figures", std::move(figures)},
                                  {"figure", alert.figure},
                                  {"story", std::move(story)},
                                  {"evidence", alert.evidence}});
}

void read_details(const json::Value& details, Alert& alert) {
  if (!details.is_object()) return;
  const json::Object& object = details.get_object();
  alert.figure = text_in(object, "figure");
  if (const json::Value* figures = object.if_contains("figures"); figures != nullptr && figures->is_array())
    for (const json::Value& one : figures->get_array())
      if (one.is_array() && one.get_array().size() == 2 && one.get_array()[0].is_string() &&
          one.get_array()[1].is_number())
        alert.figures.push_back({std::string(one.get_array()[0].get_string()), one.get_array()[1].to_number<double>()});
  if (const json::Value* story = object.if_contains("story"); story != nullptr && story->is_array())
    for (const json::Value& one : story->get_array())
      if (one.is_object()) {
        const json::Value* at_ms = one.get_object().if_contains("at_ms");
        alert.story.push_back({.at_ms = at_ms != nullptr && at_ms->is_int64() ? at_ms->get_int64() : 0,
                               .what = text_in(one.get_object(), "what"),
                               .who = text_in(one.get_object(), "who")});
      }
  if (const json::Value* evidence = object.if_contains("evidence")) alert.evidence = *evidence;
}

AlertSeverity severity_of(std::string_view text) {
  for (const AlertSeverity severity : {AlertSeverity::page, AlertSeverity::ticket})
    if (to_string(severity) == text) return severity;
  return AlertSeverity::info;
}

}  // namespace

Statement put(const Alert& alert) {
  return {
      "INSERT INTO alerts (id, kind, subject, severity, state, cause, first_ms, last_ms, resolved_ms, count, "
      "details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO UPDATE SET "
      "severity = excluded.severity, state = excluded.state, cause = excluded.cause, last_ms = excluded.last_ms, "
      "resolved_ms = excluded.resolved_ms, count = excluded.count, details = excluded.details",
      {alert.id.to_string(), std::string(info_of(alert.kind).name), alert.subject,
       std::string(to_string(alert.severity)), std::string(to_string(alert.state)), alert.cause, alert.first_ms,
       alert.last_ms, alert.resolved_ms, alert.count, details_of(alert)}};
}

Statement find(AlertId id) {
  return {
      "SELECT id, kind, subject, severity, state, cause, first_ms, last_ms, resolved_ms, count, details FROM alerts "
      "WHERE id = $1",
      {id.to_string()}};
}

Statement lately(UnixMs resolved_since_ms, std::int64_t count_max) {
  return {
      "SELECT id, kind, subject, severity, state, cause, first_ms, last_ms, resolved_ms, count, details FROM alerts "
      "WHERE state = 'firing' OR resolved_ms >= $1 ORDER BY last_ms DESC LIMIT $2",
      {resolved_since_ms, count_max}};
}

Statement page(const std::string& before, std::int64_t count_max, bool only_resolved) {
  return {
      "SELECT id, kind, subject, severity, state, cause, first_ms, last_ms, resolved_ms, count, details FROM alerts "
      "WHERE id < $1 AND ($3 = 0 OR state = 'resolved') ORDER BY id DESC LIMIT $2",
      {before, count_max, std::int64_t{only_resolved ? 1 : 0}}};
}

Statement remove_old(UnixMs before_ms, std::int64_t count_max) {
  return {"DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE state = 'resolved' AND last_ms < $1 LIMIT $2)",
          {before_ms, count_max}};
}

Statement remove_over(std::int64_t kept_max, std::int64_t count_max) {
  return {
      "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE id NOT IN (SELECT id FROM alerts ORDER BY last_ms "
      "DESC LIMIT $1) LIMIT $2)",
      {kept_max, count_max}};
}

std::vector<Alert> read(const Rows& rows) {
  std::vector<Alert> all;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto id = AlertId::parse(rows.text(row, 0));
    const auto kind = parse_alert_kind(rows.text(row, 1));
    const auto state = parse_alert_state(rows.text(row, 4));
    if (!id || !kind || !state) continue;
    Alert alert;
    alert.id = *id;
    alert.kind = *kind;
    alert.subject = rows.text(row, 2);
    alert.severity = severity_of(rows.text(row, 3));
    alert.state = *state;
    alert.cause = rows.text(row, 5);
    alert.first_ms = rows.integer(row, 6);
    alert.last_ms = rows.integer(row, 7);
    alert.resolved_ms = rows.integer(row, 8);
    alert.count = rows.integer(row, 9);
    read_details(parsed(rows.text(row, 10)), alert);
    all.push_back(std::move(alert));
  }
  return all;
}

Statement put(const Silence& silence) {
  return {
      "INSERT INTO alert_silences (kind, subject, until_ms, who, why, made_ms) VALUES ($1, $2, $3, $4, $5, $6) "
      "ON CONFLICT (kind, subject) DO UPDATE SET until_ms = excluded.until_ms, who = excluded.who, why = "
      "excluded.why, made_ms = excluded.made_ms",
      {std::string(info_of(silence.kind).name), silence.subject, silence.until_ms, silence.who, silence.why,
       silence.made_ms}};
}

Statement remove_silence(AlertKind kind, const std::string& subject) {
  return {"DELETE FROM alert_silences WHERE kind = $1 AND subject = $2", {std::string(info_of(kind).name), subject}};
}

Statement remove_ended(UnixMs now_ms) { return {"DELETE FROM alert_silences WHERE until_ms <= $1", {now_ms}}; }

std::vector<Statement> put_all(const std::vector<Silence>& silences) {
  std::vector<Statement> batch;
  batch.push_back({"DELETE FROM alert_silences", {}});
  for (const Silence& silence : silences) batch.push_back(put(silence));
  return batch;
}

Statement silences(std::int64_t count_max) {
  return {"SELECT kind, subject, until_ms, who, why, made_ms FROM alert_silences ORDER BY made_ms DESC LIMIT $1",
          {count_max}};
}

std::vector<Silence> read_silences(const Rows& rows) {
  std::vector<Silence> all;
  for (std::size_t row = 0; row < rows.size(); ++row)
    if (const auto kind = parse_alert_kind(rows.text(row, 0)))
      all.push_back({.kind = *kind,
                     .subject = rows.text(row, 1),
                     .until_ms = rows.integer(row, 2),
                     .who = rows.text(row, 3),
                     .why = rows.text(row, 4),
                     .made_ms = rows.integer(row, 5)});
  return all;
}

}  // namespace atelier::watch::alert_rows
