// Google's clips: Veo's operations. They are fetched with the key, where they are kept.
#include <fmt/format.h>

#include <algorithm>

#include "tests/double/job_shape.hpp"

namespace atelier::doubles {
namespace {

constexpr std::string_view kOperations = "/operations/";

json::Object instance_of(const json::Object& body) {
  const json::Value* list = body.if_contains("instances");
  const json::Array* all = list ? list->if_array() : nullptr;
  const json::Object* first = all && all->size() == 1 ? all->front().if_object() : nullptr;
  return first ? *first : json::Object();
}

Answer invalid(const Call& call, std::string message) {
  return refuse(call, {.status = 400, .message = std::move(message)});
}

}  // namespace

Answer answer_veo(const Call& call) {
  if (!call.captured.starts_with("veo-"))
    return refuse(call, {.status = 404, .message = fmt::format("models/{} is not found.", call.captured)});
  const json::Object instance = instance_of(call.body);
  if (instance.empty()) return invalid(call, "instances must have one element");
  if (!instance.contains("prompt") && !instance.contains("image")) return invalid(call, "prompt is required");
  const json::Value* given = call.body.if_contains("parameters");
  const json::Object parameters = given && given->is_object() ? given->get_object() : json::Object();
  const json::Value* seconds = parameters.if_contains("durationSeconds");
  const std::int64_t length = number_in(parameters, "durationSeconds", 8);
  if (seconds && !seconds->is_int64()) return invalid(call, "durationSeconds must be a number");
  if (length != 4 && length != 6 && length != 8) return invalid(call, "durationSeconds must be 4, 6 or 8");
  const bool is_fine = text_in(parameters, "resolution") == "1080p" || text_in(parameters, "resolution") == "4k";
  if ((is_fine || instance.contains("referenceImages")) && length != 8)
    return invalid(call, "durationSeconds must be 8 here");
  if (instance.contains("referenceImages") && instance.contains("image"))
    return invalid(call, "referenceImages cannot be used with image");
  for (const std::string_view name : {"seed", "fps", "generateAudio"})
    if (parameters.contains(name)) return invalid(call, fmt::format("{} is not supported", name));
  Job job = job_of(call, call.captured);
  job.kind = JobKind::clip;
  const Job& begun = call.state.jobs.add(std::move(job));
  return json_answer({{"name", fmt::format("models/{}{}{}", begun.model, kOperations, begun.id)}});
}

// A model's facts are asked for under the same path.
Answer answer_veo_operation(const Call& call) {
  const std::size_t at = call.captured.find(kOperations);
  if (at == std::string::npos) return answer_gemini_model(call);
  Job* job = call.state.jobs.find(Persona::gemini, std::string_view(call.captured).substr(at + kOperations.size()));
  if (!job) return refuse(call, {.status = 404, .message = "Operation not found."});
  ++job->poll_count;
  json::Object operation{{"name", "models/" + call.captured}};
  const JobState state = state_of(*job, Clock::now());
  if (!is_over(state)) return json_answer(operation);  // "done" is absent, and not false
  operation["done"] = true;
  if (state == JobState::failed) {
    operation["error"] = json::Object{{"code", 13}, {"message", *job->wish.failure}};
    return json_answer(operation);
  }
  json::Object made;
  if (state == JobState::refused) {
    made["raiMediaFilteredCount"] = 1;
    made["raiMediaFilteredReasons"] = json::Array{"The clip was withheld for what it shows."};
  } else if (job->wish.result != JobWish::Result::empty) {
    json::Object video{{"uri", fmt::format("{}/v1beta/files/{}:download?alt=media", job->base, job->id)}};
    made["generatedSamples"] = json::Array{json::Object{{"video", std::move(video)}}};
  }
  json::Object response;
  response["generateVideoResponse"] = std::move(made);
  operation["response"] = std::move(response);
  return json_answer(operation);
}

Answer answer_veo_file(const Call& call) {
  Job* job = call.state.jobs.find(Persona::gemini, call.captured);
  if (!job || !is_over(state_of(*job, Clock::now())))
    return refuse(call, {.status = 404, .message = "File not found."});
  ++job->fetch_count;
  return result_answer(*job, 0);
}

}  // namespace atelier::doubles
