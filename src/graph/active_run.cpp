#include "graph/active_run.hpp"

#include <algorithm>
#include <unordered_map>

namespace atelier::graph {
namespace {

bool is_begun(StepState state) noexcept { return state != StepState::waiting && state != StepState::ready; }

std::uint32_t index_of_port(const NodeType& type, std::string_view name) {
  for (std::uint32_t i = 0; i < type.inputs.size(); ++i)
    if (type.inputs[i].name == name) return i;
  return static_cast<std::uint32_t>(type.inputs.size());
}

}  // namespace

std::vector<Step> make_steps(const Graph& graph, const NodeRegistry& registry) {
  std::vector<Step> steps(graph.nodes.size());
  std::unordered_map<std::string_view, std::uint32_t> indexes;
  indexes.reserve(graph.nodes.size());
  for (std::uint32_t i = 0; i < graph.nodes.size(); ++i) {
    indexes.emplace(graph.nodes[i].name, i);
    steps[i].type = registry.find(graph.nodes[i].type);
  }
  const auto connect = [&](std::string_view to_node, std::string_view to_port, Source source) {
    Step& step = steps[indexes.at(to_node)];
    if (step.type) source.port = index_of_port(*step.type, to_port);
    step.sources.push_back(source);
  };
  for (std::uint32_t i = 0; i < graph.given.size(); ++i)
    connect(graph.given[i].to_node, graph.given[i].to_port, {.port = 0, .given = i, .node = 0, .from_port = {}});
  for (const Edge& edge : graph.edges) {
    const std::uint32_t from = indexes.at(edge.from_node);
    connect(edge.to_node, edge.to_port, {.port = 0, .given = {}, .node = from, .from_port = edge.from_port});
    steps[from].dependents.push_back(indexes.at(edge.to_node));
  }
  for (Step& step : steps) {
    std::stable_sort(step.sources.begin(), step.sources.end(),
                     [](const Source& left, const Source& right) { return left.port < right.port; });
    std::sort(step.dependents.begin(), step.dependents.end());
    step.dependents.erase(std::unique(step.dependents.begin(), step.dependents.end()), step.dependents.end());
  }
  for (const Step& step : steps)
    for (const std::uint32_t dependent : step.dependents) ++steps[dependent].now.missing_count;
  return steps;
}

void force_from(std::vector<Step>& steps, std::uint32_t node) {
  std::vector<std::uint32_t> open{node};
  steps[node].is_forced = true;
  while (!open.empty()) {
    const std::uint32_t next = open.back();
    open.pop_back();
    for (const std::uint32_t dependent : steps[next].dependents)
      if (!std::exchange(steps[dependent].is_forced, true)) open.push_back(dependent);
  }
}

StepView view_of(const ActiveRun& run, std::uint32_t index, const StepFields& fields) {
  const Step& step = run.steps[index];
  const Node& node = run.node(index);
  StepView view;
  view.node = node.name;
  view.type = node.type;
  view.label = node.label;
  view.state = fields.state;
  view.attempts = fields.attempts;
  view.is_cached = fields.is_cached;
  view.progress_done = step.progress_done;
  view.progress_total = step.progress_total;
  view.started_ms = fields.started_ms;
  view.ended_ms = fields.ended_ms;
  if (fields.error) view.error = *fields.error;
  if (fields.result) view.outputs = fields.result->outputs;
  return view;
}

Draft::Draft(RunPtr of) : run(std::move(of)), head(run->head), running_count(run->running_count) {}

const StepFields& Draft::at(std::uint32_t step) const {
  const auto found = places_.find(step);
  return found == places_.end() ? run->steps[step].now : changed[found->second].second;
}

StepFields& Draft::edit(std::uint32_t step) {
  const auto [place, is_new] = places_.try_emplace(step, changed.size());
  if (is_new) changed.emplace_back(step, run->steps[step].now);
  return changed[place->second].second;
}

void Draft::set_key(std::uint32_t index, std::string_view version_suffix) {
  const Step& step = run->steps[index];
  std::vector<KeyInput> inputs;
  for (const Source& source : step.sources) {
    const std::string_view port = step.type->inputs[source.port].name;
    if (inputs.empty() || inputs.back().port != port) inputs.push_back({port, {}});
    inputs.back().digests.push_back(source.given ? digest_of(run->graph.given[*source.given].value)
                                                 : at(source.node).result->digest_of_port(source.from_port));
  }
  edit(index).key = result_key(head.owner, *step.type, version_suffix, run->node(index).parameters, inputs);
}

void Draft::succeed(std::uint32_t step, HeldResult held, bool is_cached, UnixMs now_ms) {
  StepFields& fields = edit(step);
  if (fields.state == StepState::running) --running_count;
  fields.state = StepState::succeeded;
  fields.result = std::move(held.result);
  fields.pins = std::move(held.pins);
  fields.error.reset();
  fields.is_cached = is_cached;
  fields.ended_ms = now_ms;
  ++head.done_count;
  if (is_cached) ++head.cached_count;
  for (const std::uint32_t dependent : run->steps[step].dependents) {
    StepFields& waiting = edit(dependent);
    if (--waiting.missing_count > 0 || waiting.state != StepState::waiting) continue;
    waiting.state = StepState::ready;
    ready.push_back(dependent);
  }
}

void Draft::take_back(std::uint32_t step) {
  for (const std::uint32_t dependent : run->steps[step].dependents) {
    StepFields& fields = edit(dependent);
    if (fields.missing_count++ == 0 && fields.state == StepState::ready) fields.state = StepState::waiting;
  }
  StepFields& fields = edit(step);
  fields.state = StepState::ready;
  fields.result.reset();
  fields.pins.reset();
  if (fields.is_cached) --head.cached_count;
  fields.is_cached = false;
  fields.ended_ms = 0;
  --head.done_count;
}

void Draft::lose(std::uint32_t step) {
  if (at(step).state != StepState::succeeded) return;
  take_back(step);
  ready.push_back(step);
}

void Draft::put_back(std::uint32_t step) {
  StepFields& fields = edit(step);
  fields.state = fields.missing_count == 0 ? StepState::ready : StepState::waiting;
  --running_count;
}

void Draft::fail(std::uint32_t step, StepState state, Error error, UnixMs now_ms) {
  StepFields& fields = edit(step);
  if (fields.state == StepState::running) --running_count;
  fields.state = state;
  fields.ended_ms = now_ms;
  fields.error = std::make_shared<const Error>(error);
  if (head.error) return;
  error.message = run->node(step).label.empty() ? error.message : run->node(step).label + ": " + error.message;
  if (error.where.empty()) error.where = run->node(step).name;
  head.error = std::move(error);
  cancel_unstarted(now_ms);
}

void Draft::cancel_unstarted(UnixMs now_ms) {
  cancelled = Bulk::unstarted;
  for (std::uint32_t i = 0; i < run->steps.size(); ++i) {
    if (is_begun(at(i).state)) continue;
    StepFields& other = edit(i);
    other.state = StepState::cancelled;
    other.ended_ms = now_ms;
  }
  ready.clear();
}

void Draft::cancel(UnixMs now_ms) {
  cancelled = Bulk::all;
  for (std::uint32_t i = 0; i < run->steps.size(); ++i) {
    const StepState state = at(i).state;
    if (is_begun(state) && state != StepState::running) continue;
    StepFields& fields = edit(i);
    fields.state = StepState::cancelled;
    fields.ended_ms = now_ms;
  }
  running_count = 0;
  ready.clear();
  head.state = RunState::cancelled;
  head.ended_ms = now_ms;
}

void Draft::conclude(UnixMs now_ms) {
  if (head.state != RunState::running || running_count > 0) return;
  if (head.error)
    head.state = RunState::failed;
  else if (head.done_count == head.step_count)
    head.state = RunState::succeeded;
  else
    return;
  head.ended_ms = now_ms;
}

}  // namespace atelier::graph
