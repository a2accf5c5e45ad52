#include <fmt/format.h>

#include <algorithm>

#include "tests/double/call.hpp"
#include "tests/double/made.hpp"

// ComfyUI: workflows in a queue, a history of those that are over, and the files they saved. A workflow is checked as
// far as its links, its checkpoint and its pictures go, and what it would make is told from its nodes.
namespace atelier::doubles {
namespace {

const json::Object* inputs_of(const json::Value& node) {
  const auto* fields = node.if_object();
  const auto* inputs = fields ? fields->if_contains("inputs") : nullptr;
  return inputs ? inputs->if_object() : nullptr;
}
std::string type_of(const json::Value& node) {
  const auto* fields = node.if_object();
  const auto* type = fields ? fields->if_contains("class_type") : nullptr;
  return type && type->is_string() ? std::string(type->as_string()) : "";
}
std::string text_of(const json::Object& inputs, std::string_view name) {
  const auto* value = inputs.if_contains(name);
  return value && value->is_string() ? std::string(value->as_string()) : "";
}
int number_of(const json::Object& inputs, std::string_view name, int otherwise) {
  const auto* value = inputs.if_contains(name);
  return value && value->is_int64() ? static_cast<int>(std::clamp<std::int64_t>(value->as_int64(), 1, 8'192))
                                    : otherwise;
}
bool is_output(std::string_view type) { return type.starts_with("Save") || type.starts_with("Preview"); }

json::Object node_error(std::string_view type, std::string_view message, std::string details) {
  return {{"type", type}, {"message", message}, {"details", std::move(details)}, {"extra_info", json::Object()}};
}

Answer refused(std::string_view type, std::string_view message, json::Object node_errors) {
  Answer answer =
      json_answer({{"error", {{"type", type}, {"message", message}, {"details", ""}, {"extra_info", json::Object()}}},
                   {"node_errors", std::move(node_errors)}});
  answer.status = 400;
  return answer;
}

// What is wrong with one node, in the server's form; empty: nothing.
json::Array errors_of(const Call& call, const json::Object& workflow, const json::Value& node) {
  json::Array errors;
  const std::string type = type_of(node);
  const json::Object& inputs = *inputs_of(node);
  for (const auto& [name, value] : inputs) {
    const auto* link = value.if_array();
    if (!link || link->size() != 2 || !link->front().is_string()) continue;
    if (!workflow.contains(link->front().as_string()))
      errors.push_back(node_error("bad_linked_input", "Bad linked input", std::string(name)));
  }
  if (const std::string file = text_of(inputs, "ckpt_name"); type == "CheckpointLoaderSimple" && is_missing_model(file))
    errors.push_back(node_error("value_not_in_list", "Value not in list",
                                fmt::format("ckpt_name: '{}' not in ['double.safetensors']", file)));
  if (const std::string file = text_of(inputs, "image"); type == "LoadImage" && !call.state.comfy_files.contains(file))
    errors.push_back(node_error("custom_validation_failed", "Custom validation failed for node",
                                fmt::format("image - Invalid image file: {}", file)));
  return errors;
}

// Its size and how many there are, from the nodes that say it.
void read_nodes(const json::Object& workflow, Job& job) {
  job.width = job.height = 512;
  for (const auto& [id, node] : workflow) {
    const json::Object& inputs = *inputs_of(node);
    const std::string type = type_of(node);
    if (type == "EmptyLatentImage" || type == "ImageScale") {
      job.width = number_of(inputs, "width", job.width);
      job.height = number_of(inputs, "height", job.height);
    }
    if (type == "EmptyLatentImage") job.count = number_of(inputs, "batch_size", 1);
    if (type == "RepeatLatentBatch") job.count = number_of(inputs, "amount", 1);
    if (type.find("Video") != std::string::npos) job.kind = JobKind::clip;
    if (type.find("Audio") != std::string::npos) job.kind = JobKind::sound;
  }
}

json::Array entry_of(const Job& job, int number) {
  return {number, job.id, job.asked, json::Object(), json::Array{"7"}};
}

std::string_view ending_of(const Job& job) {
  return job.kind == JobKind::clip ? "mp4" : job.kind == JobKind::sound ? "wav" : "png";
}
std::string file_name(const Job& job, int index) {
  return fmt::format("{}_{:05}_.{}", job.id, index + 1, ending_of(job));
}

json::Object outputs_of(const Job& job) {
  json::Array files;
  for (int i = 0; i < job.count && job.wish.result != JobWish::Result::empty; ++i)
    files.push_back({{"filename", file_name(job, i)}, {"subfolder", "atelier"}, {"type", "output"}});
  if (files.empty()) return {};
  const char* name = job.kind == JobKind::clip ? "gifs" : job.kind == JobKind::sound ? "audio" : "images";
  return {{"7", {{name, std::move(files)}}}};
}

json::Object status_of(const Job& job, JobState state) {
  json::Array messages{json::Array{"execution_start", json::Object{{"prompt_id", job.id}}}};
  const bool is_good = state == JobState::done;
  if (state == JobState::cancelled)
    messages.push_back(json::Array{"execution_interrupted", json::Object{{"prompt_id", job.id}, {"node_id", "4"}}});
  else if (!is_good)
    messages.push_back(json::Array{
        "execution_error", json::Object{{"prompt_id", job.id},
                                        {"node_id", "4"},
                                        {"node_type", "KSampler"},
                                        {"exception_type", "OutOfMemoryError"},
                                        {"exception_message", job.wish.failure.value_or("The double may not.")}}});
  return {{"status_str", is_good ? "success" : "error"}, {"completed", is_good}, {"messages", std::move(messages)}};
}

// What was deleted while it waited leaves no trace.
bool is_deleted(const Job& job) { return job.is_cancelled && !job.was_working; }

}  // namespace

Answer answer_comfy_prompt(const Call& call) {
  const auto* given = call.body.if_contains("prompt");
  const json::Object* workflow = given ? given->if_object() : nullptr;
  if (!workflow) return refused("no_prompt", "No prompt provided", {});
  bool saves = false;
  for (const auto& [id, node] : *workflow) {
    if (!inputs_of(node) || type_of(node).empty())
      return refused("invalid_prompt", "Cannot execute because a node is missing the class_type property.", {});
    saves = saves || is_output(type_of(node));
  }
  if (!saves) return refused("prompt_no_outputs", "Prompt has no outputs", {});
  json::Object node_errors;
  for (const auto& [id, node] : *workflow)
    if (json::Array errors = errors_of(call, *workflow, node); !errors.empty())
      node_errors[id] = json::Object{
          {"errors", std::move(errors)}, {"dependent_outputs", json::Array{"7"}}, {"class_type", type_of(node)}};
  if (!node_errors.empty())
    return refused("prompt_outputs_failed_validation", "Prompt outputs failed validation", std::move(node_errors));
  Job job = job_of(call, "comfyui");
  job.kind = JobKind::image;
  read_nodes(*workflow, job);
  job.asked = *workflow;
  const Job& added = call.state.jobs.add(std::move(job));
  return json_answer({{"prompt_id", added.id}, {"number", call.request.number}, {"node_errors", json::Object()}});
}

Answer answer_comfy_queue(const Call& call) {
  json::Array running, pending;
  int number = 0;
  for (const Job& job : call.state.jobs.all()) {
    ++number;
    if (job.persona != Persona::comfyui) continue;
    const JobState state = state_of(job, Clock::now());
    if (state == JobState::working) running.push_back(entry_of(job, number));
    if (state == JobState::waiting) pending.push_back(entry_of(job, number));
  }
  return json_answer({{"queue_running", std::move(running)}, {"queue_pending", std::move(pending)}});
}

Answer answer_comfy_change_queue(const Call& call) {
  const auto* ids = call.body.if_contains("delete");
  for (const json::Value& id : ids && ids->is_array() ? ids->as_array() : json::Array()) {
    Job* job = id.is_string() ? call.state.jobs.find(Persona::comfyui, std::string_view(id.as_string())) : nullptr;
    if (job && state_of(*job, Clock::now()) == JobState::waiting) job->is_cancelled = true;
  }
  return {.content_type = "text/plain; charset=utf-8"};
}

// As newer servers do: only the one that is named, if it runs.
Answer answer_comfy_interrupt(const Call& call) {
  const auto* id = call.body.if_contains("prompt_id");
  Job* job =
      id && id->is_string() ? call.state.jobs.find(Persona::comfyui, std::string_view(id->as_string())) : nullptr;
  if (job && state_of(*job, Clock::now()) == JobState::working) job->is_cancelled = job->was_working = true;
  return {.content_type = "text/plain; charset=utf-8"};
}

Answer answer_comfy_history(const Call& call) {
  Job* job = call.state.jobs.find(Persona::comfyui, call.captured);
  if (!job || !is_over(state_of(*job, Clock::now())) || is_deleted(*job)) return json_answer(json::Object());
  ++job->poll_count;
  const JobState state = state_of(*job, Clock::now());
  json::Object entry{{"prompt", entry_of(*job, 1)},
                     {"outputs", state == JobState::done ? outputs_of(*job) : json::Object()},
                     {"status", status_of(*job, state)},
                     {"meta", json::Object()}};
  return json_answer({{job->id, std::move(entry)}});
}

Answer answer_comfy_view(const Call& call) {
  const Answer missing{.status = 404, .content_type = "text/plain; charset=utf-8", .body = {}};
  const std::string name = call.request.query_value("filename").value_or("");
  if (name.starts_with('/') || name.find("..") != std::string::npos)
    return {.status = 400, .content_type = "text/plain"};
  const std::size_t mark = name.find('_');
  Job* job = mark == std::string::npos ? nullptr : call.state.jobs.find(Persona::comfyui, name.substr(0, mark));
  const int index = job ? std::atoi(name.c_str() + mark + 1) - 1 : -1;
  const bool is_there = job && state_of(*job, Clock::now()) == JobState::done && index >= 0 && index < job->count &&
                        call.request.query_value("type") == "output";
  if (!is_there || job->wish.result == JobWish::Result::expired) return missing;
  ++job->fetch_count;
  return result_answer(*job, index);
}

// A name that is taken becomes another, which only the answer tells.
Answer answer_comfy_upload(const Call& call) {
  const auto files = call.form ? call.form->files_of("image") : std::vector<const FormFile*>();
  if (files.size() != 1 || files.front()->bytes.empty()) return {.status = 400, .content_type = "text/plain"};
  const std::string given = files.front()->filename;
  const std::size_t dot = std::min(given.rfind('.'), given.size());
  std::string name = given;
  for (int i = 1; call.state.comfy_files.contains(name); ++i)
    name = fmt::format("{} ({}){}", given.substr(0, dot), i, given.substr(dot));
  call.state.comfy_files.insert(name);
  return json_answer({{"name", name}, {"subfolder", ""}, {"type", "input"}});
}

Answer answer_comfy_stats(const Call&) {
  return json_answer(
      {{"system",
        {{"os", "posix"}, {"comfyui_version", "0.9.9"}, {"python_version", "3.12"}, {"embedded_python", false}}},
       {"devices", json::Array{{{"name", "cpu"}, {"type", "cpu"}, {"index", 0}}}}});
}

Answer answer_comfy_checkpoints(const Call&) {
  return json_answer(json::Array{"double.safetensors", "sd_xl_double.safetensors"});
}

}  // namespace atelier::doubles
