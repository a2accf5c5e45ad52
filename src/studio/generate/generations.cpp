#include "studio/generate/generations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/async.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "graph/view_json.hpp"

namespace atelier::studio {
namespace {

using model::MediaInput;
using store::MediaJobState;

constexpr std::string_view kStep = "generate";
constexpr std::size_t kSweptAtOnce = 100;
constexpr std::chrono::minutes kSweepEvery{10};
constexpr std::uint32_t kCallOffTries = 4;

// The first words of what is asked for, as a run's title.
std::string title_of(const model::MediaRequest& request) {
  std::string title(trim(std::string_view(request.prompt).substr(0, 120)));
  while (!title.empty() && !is_valid_utf8(title)) title.pop_back();
  return title.empty() ? std::string(to_string(request.kind)) : title;
}

bool fits(MediaInput::Role role, std::string_view asset_kind) {
  if (role == MediaInput::Role::recording) return asset_kind == "audio" || asset_kind == "video";
  return asset_kind == "image";
}

std::string file_ending(std::string_view media_type) {
  const std::size_t slash = media_type.find('/');
  std::string end(media_type.substr(slash == std::string_view::npos ? 0 : slash + 1));
  return end == "mpeg" ? "mp3" : end;
}

store::Statement insert_generation(Principal principal, RunId run, const NewGeneration& wanted,
                                   std::optional<std::int64_t> estimate, UnixMs now_ms) {
  json::Array inputs;
  for (const AssetId& id : wanted.inputs) inputs.push_back(json::Value(id.to_string()));
  return {
      "INSERT INTO generations (owner, run, kind, model, request, inputs, estimate, created_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {principal.owner.to_string(), run.to_string(), std::string(to_string(wanted.request.kind)), wanted.model,
       json::write(model::to_json(wanted.request)), json::write(json::Value(std::move(inputs))),
       estimate ? store::Value(*estimate) : store::Value(), now_ms}};
}

// Of the run made again: what it was asked for.
store::Statement repeat_generation(Principal principal, RunId old, RunId run, UnixMs now_ms) {
  return {
      "INSERT INTO generations (owner, run, kind, model, request, inputs, estimate, created_ms) "
      "SELECT owner, $3, kind, model, request, inputs, estimate, $4 FROM generations WHERE owner = $1 AND run = $2",
      {principal.owner.to_string(), old.to_string(), run.to_string(), now_ms},
      store::Expect::exactly_one};
}

const graph::StepView* step_of(const graph::RunView& run) {
  const auto found = std::ranges::find(run.steps, kStep, &graph::StepView::node);
  return found == run.steps.end() ? nullptr : &*found;
}

// What a row of `generations` says.
Result<> describe(const store::Rows& rows, std::size_t at, GenerationView& view) {
  view.kind = rows.text(at, 1);
  view.model = rows.text(at, 2);
  auto request = json::parse(rows.text(at, 3));
  if (!request) return error_of(request);
  view.request = std::move(*request);
  auto inputs = json::parse(rows.text(at, 4));
  if (!inputs) return error_of(inputs);
  if (inputs->is_array())
    for (const json::Value& one : inputs->get_array())
      if (one.is_string()) view.inputs.emplace_back(one.get_string());
  if (!rows.is_null(at, 5)) view.estimate = rows.integer(at, 5);
  return {};
}

// What its step gave; where the step was not read, what the job's row says of that.
json::Value facts_of(const GenerationView& view) {
  if (const graph::StepView* step = step_of(view.run)) {
    const auto facts = step->outputs.find("facts");
    const json::Value* value = facts == step->outputs.end() ? nullptr : std::get_if<json::Value>(&facts->second);
    return value != nullptr ? *value : json::Value();
  }
  if (!view.job || view.job->result.empty() || view.run.state != graph::RunState::succeeded) return nullptr;
  auto outputs = json::parse(view.job->result);
  auto read = outputs ? graph::outputs_from_json(*outputs) : Result<graph::Outputs>(error_of(outputs));
  if (!read) return nullptr;
  const auto facts = read->find("facts");
  const json::Value* value = facts == read->end() ? nullptr : std::get_if<json::Value>(&facts->second);
  return value != nullptr ? *value : json::Value();
}

}  // namespace

Generations::Generations(Parts parts)
    : parts_(std::move(parts)),
      assets_(parts_.services.database),
      jobs_(parts_.services.database),
      voices_({.services = parts_.services, .gateway = parts_.gateway, .executor = parts_.executor}) {
  const TaskGroup::Options options{.at_most = 16, .stops_on_error = false};
  calling_off_ = std::make_unique<TaskGroup>(parts_.executor, options);
}

Task<Result<NewGeneration>> Generations::read(Principal principal, json::Value body) {
  NewGeneration wanted;
  if (!body.is_object()) co_return fail(ErrorCode::invalid_argument, "the body must be a JSON object");
  json::Object& fields = body.get_object();
  {
    json::ObjectReader reader(body);
    wanted.model = reader.required_string("model", {.bytes_min = 1, .bytes_max = 512});
    const json::Array* inputs = reader.optional_array("inputs", model::kMediaInputsMax);
    if (auto done = reader.finish_lenient(); !done) co_return error_of(done);
    json::Array described;
    for (std::size_t i = 0; inputs != nullptr && i < inputs->size(); ++i) {
      const std::string where = fmt::format("/inputs/{}", i);
      json::ObjectReader input((*inputs)[i], where);
      const std::string role_name = input.required_string("role", {.bytes_max = 32});
      const std::string asset_name = input.required_string("asset", {.bytes_max = 64});
      if (auto done = input.finish(); !done) co_return error_of(done);
      const auto role = model::parse_media_role(role_name);
      if (!role)
        co_return fail(ErrorCode::invalid_argument, "must be reference, mask, first_frame, last_frame or recording",
                       {.reason = {}, .where = where + "/role"});
      const auto id = AssetId::parse(asset_name);
      Result<store::Asset> asset = fail(ErrorCode::not_found, "there is no such asset");
      if (id) asset = co_await assets_.find(principal, *id);
      if (!asset && asset.error().code != ErrorCode::not_found) co_return error_of(asset);
      if (!asset)
        co_return fail(ErrorCode::invalid_argument, "there is no such asset",
                       {.reason = "asset_not_found", .where = where + "/asset"});
      if (!fits(*role, asset->kind))
        co_return fail(
            ErrorCode::invalid_argument,
            fmt::format("\"{}\" is {} {}, which cannot be a {}", asset->name,
                        asset->kind == "image" || asset->kind == "audio" ? "an" : "a", asset->kind, role_name),
            {.reason = "asset_unfit", .where = where + "/asset"});
      wanted.inputs.push_back(asset->id);
      described.push_back(json::Object{{"role", role_name},
                                       {"media_type", asset->media_type},
                                       {"name", fmt::format("{}.{}", role_name, file_ending(asset->media_type))},
                                       {"size_bytes", asset->size_bytes}});
    }
    fields["inputs"] = std::move(described);
  }
  fields.erase("model");
  auto request = model::media_request_from_json(body);
  if (!request) co_return error_of(request);
  std::uint64_t bytes = 0;
  for (const MediaInput& input : request->inputs) bytes += input.size_bytes;
  if (bytes > model::kMediaInputBytesMax)
    co_return fail(
        ErrorCode::too_large,
        fmt::format("the files that go along have {} bytes; {} are taken", bytes, model::kMediaInputBytesMax),
        {.reason = {}, .where = "/inputs"});
  wanted.request = std::move(*request);
  co_return wanted;
}

Task<Result<Generations::Estimates>> Generations::estimate(Principal principal, NewGeneration wanted) const {
  model::KeyStatePtr key;
  if (parts_.services.key_state_of) {
    auto state = parts_.services.key_state_of(principal);
    if (!state) co_return error_of(state);
    key = std::move(*state);
  }
  co_return parts_.gateway.estimate(wanted.request, wanted.model, key.get());
}

Task<Result<GenerationView>> Generations::create(Principal principal, NewGeneration wanted) {
  auto able = co_await estimate(principal, wanted);
  if (!able) co_return error_of(able);
  // The dearest of those that may do it.
  std::optional<std::int64_t> estimate = 0;
  for (const auto& one : *able)
    estimate = estimate && one.cost ? std::optional(std::max(*estimate, *one.cost)) : std::nullopt;
  if (auto is_ready = co_await parts_.ready(); !is_ready) co_return error_of(is_ready);
  std::vector<graph::BlobRef> files;
  for (const AssetId& id : wanted.inputs) {
    auto asset = co_await assets_.find(principal, id);
    if (!asset) co_return error_of(asset);
    files.push_back({.digest = asset->digest, .size_bytes = asset->size_bytes, .media_type = asset->media_type});
  }
  auto run = co_await submit(principal, std::move(wanted), estimate, std::move(files));
  if (!run) co_return error_of(run);
  co_return co_await find(principal, *run);
}

Task<Result<RunId>> Generations::submit(Principal principal, NewGeneration wanted, std::optional<std::int64_t> estimate,
                                        std::vector<graph::BlobRef> files) {
  graph::RunRequest request;
  request.id = RunId::make();
  request.principal = principal;
  request.kind = kGenerationKind;
  request.subject = to_string(wanted.request.kind);
  request.title = title_of(wanted.request);
  request.idempotency_key = wanted.idempotency_key;
  graph::GenerateParameters parameters;
  parameters.request = wanted.request;
  parameters.model = wanted.model;
  // What is asked for twice is made twice, but for the same call sent again.
  parameters.nonce =
      wanted.idempotency_key.empty() ? request.id.to_string() : sha256(wanted.idempotency_key).hex().substr(0, 32);
  parameters.keeps = true;
  parameters.key = principal.key;
  for (const AssetId& id : wanted.inputs) parameters.sources.push_back(id.to_string());
  graph::Node node;
  node.name = kStep;
  node.type = graph::generate_type_name(wanted.request.kind);
  node.parameters = to_json(parameters);
  node.label = request.title;
  request.graph.nodes.push_back(std::move(node));
  for (std::size_t i = 0; i < files.size(); ++i)
    request.graph.given.push_back({.to_node = std::string(kStep),
                                   .to_port = std::string(graph::generate_port(wanted.request.inputs[i].role)),
                                   .value = files[i]});
  request.together_with.push_back(insert_generation(principal, request.id, wanted, estimate, parts_.clock.wall_ms()));
  co_return co_await parts_.engine.submit(std::move(request));
}

Task<Result<std::vector<GenerationView>>> Generations::views_of(Principal principal, std::vector<graph::RunView> runs) {
  std::vector<GenerationView> views;
  if (runs.empty()) co_return views;
  const auto [first, last] = std::ranges::minmax(runs, {}, &graph::RunView::id);
  std::vector<store::Statement> batch;
  batch.push_back(
      {"SELECT run, kind, model, request, inputs, estimate FROM generations "
       "WHERE owner = $1 AND run >= $2 AND run <= $3 ORDER BY run",
       {principal.owner.to_string(), first.id.to_string(), last.id.to_string()}});
  batch.push_back(store::MediaJobs::select_of_runs(principal, first.id, last.id));
  auto read = co_await parts_.services.database.read_all(std::move(batch));
  if (!read) co_return error_of(read);
  const store::Rows& rows = (*read)[0];
  auto jobs = store::MediaJobs::read((*read)[1]);
  if (!jobs) co_return error_of(jobs);
  std::map<std::string, std::size_t, std::less<>> asked;
  for (std::size_t i = 0; i < rows.size(); ++i) asked.emplace(rows.text(i, 0), i);
  std::map<RunId, store::MediaJobRow> job_of;
  for (store::MediaJobRow& job : *jobs) job_of.insert_or_assign(job.run, std::move(job));
  for (graph::RunView& run : runs) {
    const auto row = asked.find(run.id.to_string());
    if (row == asked.end()) continue;
    GenerationView view;
    if (auto told = describe(rows, row->second, view); !told) co_return error_of(told);
    if (auto job = job_of.find(run.id); job != job_of.end()) view.job = std::move(job->second);
    view.run = std::move(run);
    view.facts = facts_of(view);
    if (view.run.state == graph::RunState::running)
      if (const auto picture = partial_of(principal, view.run.id)) view.partial = picture->number;
    views.push_back(std::move(view));
  }
  co_return views;
}

Task<Result<GenerationView>> Generations::find(Principal principal, RunId id) {
  auto run = co_await parts_.engine.find(principal, id);
  if (!run) co_return error_of(run);
  std::vector<graph::RunView> runs;
  runs.push_back(std::move(*run));
  auto views = co_await views_of(principal, std::move(runs));
  if (!views) co_return error_of(views);
  if (views->empty())
    co_return fail(ErrorCode::not_found, "there is no such generation", {.reason = "not_found", .where = {}});
  co_return std::move(views->front());
}

graph::PartialShelf::PicturePtr Generations::partial_of(Principal principal, RunId id) const {
  if (parts_.services.partials == nullptr) return nullptr;
  return parts_.services.partials->find({.owner = principal.owner, .run = id, .node = std::string(kStep)});
}

Task<Result<graph::PartialShelf::PicturePtr>> Generations::find_partial(Principal principal, RunId id) {
  auto run = co_await parts_.engine.find_summary(principal, id);
  if (!run) co_return error_of(run);
  auto picture = partial_of(principal, id);
  if (!picture)
    co_return fail(ErrorCode::not_found, "there is nothing to be seen of it yet, or it is over",
                   {.reason = "not_found", .where = {}});
  co_return picture;
}

Task<Result<Generations::Page>> Generations::list(Principal principal, std::string kind, std::string after,
                                                  std::size_t count_max) {
  auto runs = co_await parts_.engine.list(principal, std::string(kGenerationKind), std::move(kind), std::move(after),
                                          count_max);
  if (!runs) co_return error_of(runs);
  // Of those that are being made, how far they are.
  for (graph::RunView& run : runs->runs) {
    if (run.state != graph::RunState::running) continue;
    auto whole = co_await parts_.engine.find(principal, run.id);
    if (whole) run = std::move(*whole);
  }
  auto views = co_await views_of(principal, std::move(runs->runs));
  if (!views) co_return error_of(views);
  co_return Page{.items = std::move(*views), .next = std::move(runs->next)};
}

Task<Result<GenerationView>> Generations::find_job(Principal principal, std::string provider, std::string job) {
  auto row = co_await jobs_.find_job(principal, std::move(provider), std::move(job));
  if (!row) co_return error_of(row);
  if (!*row)
    co_return fail(ErrorCode::not_found, "there is no such job at this provider",
                   {.reason = "job_not_found", .where = {}});
  co_return co_await find(principal, (*row)->run);
}

Task<Result<GenerationView>> Generations::cancel(Principal principal, RunId id) {
  auto view = co_await find(principal, id);
  if (!view) co_return error_of(view);
  if (auto cancelled = co_await parts_.engine.cancel(principal, id); !cancelled) co_return error_of(cancelled);
  co_return co_await find(principal, id);
}

Task<Result<GenerationView>> Generations::retry(Principal principal, RunId id, bool may_pay_twice) {
  auto view = co_await find(principal, id);
  if (!view) co_return error_of(view);
  if (auto is_ready = co_await parts_.ready(); !is_ready) co_return error_of(is_ready);
  const bool is_unknown = view->job && view->job->state == MediaJobState::unknown;
  if (is_unknown && !may_pay_twice)
    co_return fail(ErrorCode::conflict, "nobody knows whether the provider took it: making it again may be paid twice",
                   {.reason = std::string(model::kOutcomeUnknown), .where = "/may_pay_twice"});
  graph::Engine::Again again;
  again.new_id = RunId::make();
  again.together_with.push_back(repeat_generation(principal, id, again.new_id, parts_.clock.wall_ms()));
  if (is_unknown)
    again.together_with.push_back(
        store::MediaJobs::end(view->job->key, MediaJobState::failed, view->job->words, parts_.clock.wall_ms()));
  auto run = co_await parts_.engine.run_again(principal, id, std::move(again));
  if (!run) co_return error_of(run);
  co_return co_await find(principal, *run);
}

Task<Result<GenerationView>> Generations::give_up(Principal principal, RunId id) {
  auto view = co_await find(principal, id);
  if (!view) co_return error_of(view);
  if (!view->job || view->job->state != MediaJobState::unknown)
    co_return fail(ErrorCode::conflict, "it is known what became of it", {.reason = "outcome_known", .where = {}});
  std::vector<store::Statement> batch;
  batch.push_back(
      store::MediaJobs::end(view->job->key, MediaJobState::failed, view->job->words, parts_.clock.wall_ms()));
  auto written = co_await parts_.services.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return co_await find(principal, id);
}

void Generations::work_left(std::string key) { calling_off_->spawn(call_off(std::move(key))); }

// A step that was stopped does not know why: the run's row does, a moment later.
Task<Result<>> Generations::call_off(std::string key) {
  for (std::uint32_t time = 0; time < kCallOffTries; ++time) {
    if (auto slept = co_await sleep_for(std::chrono::milliseconds(250 << (2 * time))); !slept) co_return slept;
    auto row = co_await jobs_.find(key);
    if (!row) continue;
    if (!*row || ((*row)->state != MediaJobState::submitted && (*row)->state != MediaJobState::intended))
      co_return Result<>{};
    const Principal owner{.owner = (*row)->owner, .role = Role::member};
    auto run = co_await parts_.engine.find_summary(owner, (*row)->run);
    if (run && run->state == graph::RunState::running) continue;
    if (run && run->state != graph::RunState::cancelled) co_return Result<>{};
    std::string words = "It was cancelled before the provider had answered, who may have taken it, and charge for it.";
    if ((*row)->state == MediaJobState::submitted) {
      auto value = json::parse((*row)->job);
      auto job = value ? model::media_job_from_json(*value) : Result<model::MediaJob>(error_of(value));
      if (!job) co_return error_of(job);
      model::MediaPlace place;
      place.candidate = (*row)->candidate;
      place.key = (*row)->submission;
      place.job = std::move(*job);
      auto told = co_await parts_.gateway.cancel(std::move(place));
      if (!told) {
        log::warn("a provider could not be told that a job is not wanted any more",
                  {{"candidate", (*row)->candidate}, {"error", told.error().message}});
        continue;
      }
      words = std::move(*told);
    }
    std::vector<store::Statement> batch;
    batch.push_back(store::MediaJobs::end(key, MediaJobState::cancelled, std::move(words), parts_.clock.wall_ms()));
    auto written = co_await parts_.services.database.write(std::move(batch));
    if (written) co_return Result<>{};
  }
  co_return Result<>{};
}

Task<Result<>> Generations::keep_tidy() {
  for (;;) {
    std::string after;
    for (;;) {
      auto left = co_await jobs_.left_open(after, kSweptAtOnce);
      if (!left || left->empty()) break;
      for (const store::MediaJobRow& row : *left) {
        (void)co_await call_off(row.key);
        after = row.key;
      }
      if (co_await is_cancelled()) co_return fail(ErrorCode::cancelled, "stopped");
    }
    if (auto slept = co_await sleep_for(kSweepEvery); !slept) co_return slept;
  }
}

Task<> Generations::stop() {
  co_await voices_.stop();
  calling_off_->cancel();
  (void)co_await calling_off_->join();
}

json::Value to_json(const GenerationView& view) {
  const graph::StepView* step = step_of(view.run);
  const bool is_unknown =
      view.job && view.job->state == MediaJobState::unknown && view.run.state == graph::RunState::failed;
  json::Object out{{"id", view.run.id.to_string()},
                   {"kind", view.kind},
                   {"model", view.model},
                   {"state", is_unknown ? std::string_view("unknown") : to_string(view.run.state)},
                   {"title", view.run.title},
                   {"request", view.request},
                   {"created_at", format_rfc3339(view.run.created_ms)}};
  if (!view.run.trace.is_none()) out["trace"] = view.run.trace.id();
  json::Array inputs;
  for (const std::string& input : view.inputs) inputs.push_back(json::Value(input));
  out["inputs"] = std::move(inputs);
  out["ended_at"] = view.run.ended_ms == 0 ? json::Value() : json::Value(format_rfc3339(view.run.ended_ms));
  // The run's own says which of its steps it was, and there is one.
  out["error"] = graph::to_json(step != nullptr && step->error ? step->error : view.run.error);
  out["estimate_picodollars"] = view.estimate ? json::Value(*view.estimate) : json::Value();
  if (step != nullptr) out["progress"] = json::Object{{"done", step->progress_done}, {"total", step->progress_total}};
  if (view.partial > 0) out["partial"] = view.partial;
  if (view.job) {
    json::Object job{
        {"provider", view.job->provider}, {"candidate", view.job->candidate}, {"state", to_string(view.job->state)}};
    if (!view.job->job_id.empty()) job["id"] = view.job->job_id;
    if (!view.job->words.empty()) job["words"] = view.job->words;
    out["job"] = std::move(job);
  }
  // What may be done where nobody knows whether it was paid.
  if (is_unknown) out["choices"] = json::Array{"retry", "give_up"};
  json::Array results;
  if (view.facts.is_object()) {
    const json::Object& told = view.facts.get_object();
    for (const std::string_view name : {"candidate", "seed", "revised_prompt", "text", "cost_picodollars"})
      if (const auto* one = told.if_contains(name)) out[name] = *one;
    if (const auto* files = told.if_contains("files"); files != nullptr && files->is_array())
      results = files->get_array();
  }
  out["results"] = std::move(results);
  return out;
}

json::Value to_row_json(const GenerationView& view) {
  constexpr std::size_t kExcerptBytesMax = 400;
  json::Value row = to_json(view);
  json::Value* heard = row.get_object().if_contains("text");
  if (heard == nullptr || !heard->is_object()) return row;
  json::Object& text = heard->get_object();
  bool is_excerpt = false;
  for (const std::string_view name : {"words", "segments"}) is_excerpt |= text.erase(name) > 0;
  if (json::Value* whole = text.if_contains("text"); whole != nullptr && whole->is_string()) {
    const std::string excerpt(truncate_utf8(whole->get_string(), kExcerptBytesMax));
    is_excerpt |= excerpt.size() < whole->get_string().size();
    *whole = excerpt;
  }
  if (is_excerpt) text["is_excerpt"] = true;
  return row;
}

}  // namespace atelier::studio
