#include "tests/double/control.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "tests/double/call.hpp"
#include "tests/double/reader.hpp"
#include "tests/double/seal.hpp"

namespace atelier::doubles {
namespace {

json::Value nanoseconds(const std::optional<Clock::time_point>& when) {
  if (!when) return nullptr;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(when->time_since_epoch()).count();
}

json::Object shown(const Seen& seen) {
  json::Object fields;
  for (const auto& [name, value] : seen.fields) fields[name] = value;
  return {{"number", seen.number},
          {"connection", seen.connection},
          {"persona", seen.persona ? json::Value(std::string(dialect_of(*seen.persona).name)) : json::Value()},
          {"method", seen.method},
          {"target", seen.target},
          {"path", seen.path},
          {"headers", std::move(fields)},
          {"body", seen.body},
          {"model", seen.model},
          {"faults", seen.faults},
          {"status", seen.status},
          {"sent_bytes", seen.sent_bytes},
          {"is_success", seen.is_success},
          {"received_ns", nanoseconds(seen.received_at)},
          {"answered_ns", nanoseconds(seen.answered_at)},
          {"ended_ns", nanoseconds(seen.ended_at)},
          {"client_closed_ns", nanoseconds(seen.client_closed_at)}};
}

json::Object shown(const RuleState& state) {
  const Rule& rule = state.rule;
  return {{"fault", rule.fault},   {"model", rule.model}, {"path", rule.path},   {"persona", rule.persona},
          {"key", rule.key},       {"skip", rule.skip},   {"times", rule.times}, {"probability", rule.probability},
          {"struck", state.struck}};
}

json::Object shown(const Job& job) {
  return {{"id", job.id},
          {"persona", dialect_of(job.persona).name},
          {"model", job.model},
          {"words", job.words},
          {"is_over", is_over(state_of(job, Clock::now()))},
          {"is_cancelled", job.is_cancelled},
          {"polls", job.poll_count},
          {"fetches", job.fetch_count},
          {"webhooks", job.webhook_count}};
}

Rule read_rule(Reader& reader) {
  Rule rule{.fault = reader.required_text("fault")};
  rule.model = reader.text("model");
  rule.path = reader.text("path");
  rule.persona = reader.text("persona");
  rule.key = reader.text("key");
  rule.skip = reader.integer("skip", 0).value_or(0);
  rule.times = reader.integer("times", -1).value_or(-1);
  rule.probability = reader.number("probability", 0, 1).value_or(1);
  reader.refuse_others();
  return rule;
}

Answer complain(const Problem& problem) { return error_answer(ErrorShape::openai, problem, 0); }

}  // namespace

bool Control::is_meant(std::string_view path) noexcept { return path == "/control" || path.starts_with("/control/"); }

Answer Control::answer(const Request& request) {
  const std::string_view path = std::string_view(request.path).substr(8);
  const bool is_get = request.method == "GET";
  if (path.empty() && request.method == "POST") return change(request);
  if (path.empty() && is_get) return state();
  if (path == "/requests" && is_get) {
    json::Array all;
    const auto since = std::strtoull(request.query_value("since").value_or("0").c_str(), nullptr, 10);
    for (const Seen& seen : journal_.since(since)) all.push_back(shown(seen));
    return json_answer({{"requests", std::move(all)}});
  }
  if (path == "/markers" && is_get) {
    json::Object all;
    for (const auto& [marker, count] : journal_.markers())
      all[marker] = {{"received", count.received}, {"answered", count.answered}};
    return json_answer({{"markers", std::move(all)}});
  }
  if (path == "/jobs" && is_get) {
    json::Array all;
    for (const Job& job : hooks_.jobs().all()) all.push_back(shown(job));
    return json_answer({{"jobs", std::move(all)}});
  }
  if (path == "/faults" && is_get) {
    json::Array all;
    for (const FaultKind& kind : fault_kinds())
      all.push_back({{"name", std::string(kind.name)}, {"does", std::string(kind.does)}});
    return json_answer({{"faults", std::move(all)}});
  }
  return complain({.status = 404, .message = fmt::format("there is no {} {}", request.method, request.path)});
}

Answer Control::state() const {
  const Stats stats = journal_.stats();
  json::Array rules;
  for (const RuleState& each : rules_.list()) rules.push_back(shown(each));
  return json_answer({{"rules", std::move(rules)},
                      {"requests", stats.requests},
                      {"successes", stats.successes},
                      {"in_flight", stats.in_flight},
                      {"in_flight_max", stats.in_flight_max},
                      {"connections", stats.connections},
                      {"connections_open", stats.connections_open},
                      {"connections_max", stats.connections_max}});
}

Answer Control::change(const Request& request) {
  auto parsed = json::parse(request.body);
  if (!parsed) return complain({.status = 400, .message = parsed.error().message});
  Checks checks(kOpenAiWords, true);
  Reader body(*parsed, "", checks);
  const bool resets = body.flag("reset"), clears = body.flag("clear"), releases = body.flag("release");
  const auto seed = body.integer("seed", 0);
  const std::string connects = body.text("connects");
  const auto mode = parse_connects(connects.empty() ? "normal" : connects);
  if (!mode)
    checks.invalid("connects", fmt::format("'{}' is none of normal, hang, late, reset, silent, refuse", connects));
  std::vector<Rule> rules;
  if (const auto* given = body.array("rules"))
    for (std::size_t i = 0; i < given->size(); ++i) {
      Reader reader((*given)[i], checks.element("rules", i), checks);
      rules.push_back(read_rule(reader));
      if (auto faults = Faults::parse(rules.back().fault); !faults)
        checks.invalid(reader.path_to("fault"), faults.error());
    }
  std::vector<std::pair<std::string, std::string>> files;
  if (const auto* given = body.object_at("files"))
    for (const auto& [name, value] : *given) {
      auto bytes = value.is_string() ? base64_decode(value.get_string()) : std::nullopt;
      checks.require(bytes.has_value(), "files." + std::string(name), "must be base64");
      if (bytes) files.emplace_back(name, std::move(*bytes));
    }
  body.refuse_others();
  if (!checks.is_fine()) return complain(*checks.first());
  if (resets) hooks_.reset();
  for (auto& [name, bytes] : files) hooks_.jobs().give(std::move(name), std::move(bytes));
  if (clears) rules_.clear();
  if (seed) rules_.seed(static_cast<std::uint64_t>(*seed));
  for (Rule& rule : rules) ensure(rules_.add(std::move(rule)).has_value(), "the rule's fault was parsed before");
  if (!connects.empty()) hooks_.set_connects(*mode);
  if (releases) hooks_.release();
  return state();
}

}  // namespace atelier::doubles
