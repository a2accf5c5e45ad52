#include "graph/view_json.hpp"

#include <array>

namespace atelier::graph {
namespace {

constexpr std::array<std::string_view, 7> kStepStates = {"waiting", "ready",     "running", "succeeded",
                                                         "failed",  "cancelled", "unknown"};
constexpr std::array<std::string_view, 4> kRunStates = {"running", "succeeded", "failed", "cancelled"};

json::Value time(UnixMs time_ms) { return time_ms == 0 ? json::Value(nullptr) : json::Value(format_rfc3339(time_ms)); }

std::string text_of(const json::Object& object, std::string_view name) {
  const json::Value* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

std::string_view to_string(StepState state) noexcept { return kStepStates[static_cast<std::size_t>(state)]; }
std::string_view to_string(RunState state) noexcept { return kRunStates[static_cast<std::size_t>(state)]; }

std::optional<StepState> parse_step_state(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kStepStates.size(); ++i)
    if (kStepStates[i] == text) return static_cast<StepState>(i);
  return std::nullopt;
}

std::optional<RunState> parse_run_state(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kRunStates.size(); ++i)
    if (kRunStates[i] == text) return static_cast<RunState>(i);
  return std::nullopt;
}

json::Value to_json(const std::optional<Error>& error) {
  if (!error) return nullptr;
  return json::Object{{"code", error->stable_code()}, {"message", error->message}, {"where", error->where}};
}

json::Value to_json(const StepView& step) {
  json::Object object;
  object.reserve(11);
  object.emplace("node", step.node);
  object.emplace("type", step.type);
  object.emplace("label", step.label);
  object.emplace("state", to_string(step.state));
  object.emplace("attempts", step.attempts);
  object.emplace("is_cached", step.is_cached);
  object.emplace("progress", json::Object{{"done", step.progress_done}, {"total", step.progress_total}});
  object.emplace("started_at", time(step.started_ms));
  object.emplace("ended_at", time(step.ended_ms));
  object.emplace("error", to_json(step.error));
  return object;
}

json::Value shown_outputs(const Outputs& outputs) {
  json::Object object;
  object.reserve(outputs.size());
  for (const auto& [port, value] : outputs) {
    json::Value shown = to_json(value);
    if (const auto* inline_value = std::get_if<json::Value>(&value))
      if (const std::size_t size = json::write(*inline_value).size(); size > kShownBytesMax)
        shown = json::Object{{"json_bytes", size}};
    object.emplace(port, std::move(shown));
  }
  return object;
}

json::Value to_json(const RunView& run, bool with_steps) {
  json::Object object;
  object.reserve(15);
  object.emplace("id", run.id.to_string());
  object.emplace("kind", run.kind);
  object.emplace("subject", run.subject);
  object.emplace("title", run.title);
  object.emplace("state", to_string(run.state));
  object.emplace("priority", run.priority);
  object.emplace("created_at", time(run.created_ms));
  object.emplace("ended_at", time(run.ended_ms));
  object.emplace("step_count", run.step_count);
  object.emplace("done_count", run.done_count);
  object.emplace("cached_count", run.cached_count);
  object.emplace("error", to_json(run.error));
  if (run.stalled) object.emplace("stalled", to_json(run.stalled));
  if (with_steps) {
    object.emplace("trace", run.trace.id());
    json::Array steps;
    steps.reserve(run.steps.size());
    for (const StepView& step : run.steps) {
      json::Value shown = to_json(step);
      if (!step.outputs.empty()) shown.get_object().emplace("outputs", shown_outputs(step.outputs));
      steps.push_back(std::move(shown));
    }
    object.emplace("steps", std::move(steps));
  }
  return object;
}

std::string stored_error(const Error& error) {
  json::Object object{
      {"code", to_string(error.code)}, {"message", error.message}, {"reason", error.reason}, {"where", error.where}};
  return json::write(object);
}

Error error_from_stored(std::string_view text) {
  Error error;
  const auto value = json::parse(text);
  if (!value || !value->is_object()) return error;
  const json::Object& object = value->get_object();
  error.code = parse_error_code(text_of(object, "code")).value_or(ErrorCode::internal);
  error.message = text_of(object, "message");
  error.reason = text_of(object, "reason");
  error.where = text_of(object, "where");
  return error;
}

}  // namespace atelier::graph
