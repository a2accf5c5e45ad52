// Luma's Agents API.
#include <fmt/format.h>

#include <algorithm>

#include "tests/double/job_shape.hpp"

namespace atelier::doubles {
namespace {

json::Object generation_of(const Job& job, JobState state) {
  const bool is_clip = job.kind == JobKind::clip;
  json::Object object{{"id", job.id},
                      {"type", is_clip ? "video" : "image"},
                      {"model", job.model},
                      {"created_at", "2026-06-01T00:00:00Z"},
                      {"output", json::Array()},
                      {"failure_code", nullptr},
                      {"failure_reason", nullptr}};
  switch (state) {
    case JobState::waiting:
      object["state"] = "queued";
      break;
    case JobState::working:
      object["state"] = "processing";
      break;
    case JobState::done: {
      object["state"] = "completed";
      json::Array output;
      for (const std::string& url : result_urls(job))
        output.push_back(json::Object{{"type", is_clip ? "video" : "image"}, {"url", url}});
      object["output"] = std::move(output);
      break;
    }
    default:
      object["state"] = "failed";
      object["failure_code"] = state == JobState::refused ? "content_moderated" : "generation_failed";
      object["failure_reason"] =
          state == JobState::refused ? "The content was moderated." : job.wish.failure.value_or("");
      break;
  }
  return object;
}

// A picture is given in exactly one of three ways.
bool is_media_reference(const json::Value& value) {
  const auto* object = value.if_object();
  if (!object) return false;
  const int ways =
      int{object->contains("url")} + int{object->contains("data")} + int{object->contains("generation_id")};
  return ways == 1 && (!object->contains("data") || object->contains("media_type"));
}

}  // namespace

Answer answer_luma_generate(const Call& call) {
  const std::string type = text_in(call.body, "type").empty() ? "image" : text_in(call.body, "type");
  if (text_in(call.body, "prompt").empty()) return refuse_field("prompt", "Field required", "missing");
  if (type != "image" && type != "image_edit" && type != "video")
    return refuse_field("type", "Input should be 'image', 'image_edit' or 'video'", "literal_error");
  const std::string model = call.model.empty() ? "uni-1" : call.model;
  if ((type == "video") != model.starts_with("ray-"))
    return refuse(call, {.status = 400, .message = fmt::format("{} makes no {}", model, type)});
  const json::Value* source = call.body.if_contains("source");
  if ((type == "image_edit") != (source != nullptr) || (source && !is_media_reference(*source)))
    return refuse_field("source", "an edit has one source: a url, data or a generation_id", "value_error");
  if (const json::Value* clip = call.body.if_contains("video"); clip && clip->is_object()) {
    const std::string length = text_in(clip->get_object(), "duration");
    if (clip->get_object().contains("duration") && length != "5s" && length != "10s")
      return refuse_field("duration", "Input should be '5s' or '10s'", "literal_error");
    for (const std::string_view frame : {"start_frame", "end_frame"})
      if (const json::Value* given = clip->get_object().if_contains(frame); given && !is_media_reference(*given))
        return refuse_field(frame, "one of url, data, generation_id", "value_error");
  }
  Job job = job_of(call, model);
  job.kind = type == "video" ? JobKind::clip : JobKind::image;
  take_ratio(text_in(call.body, "aspect_ratio"), job);
  if (const std::string format = text_in(call.body, "output_format"); !format.empty()) job.format = format;
  Answer answer = json_answer(generation_of(call.state.jobs.add(std::move(job)), JobState::waiting));
  answer.fields.emplace_back("x-api-version", "2026-04-01");
  return answer;
}

Answer answer_luma_generation(const Call& call) {
  Job* job = call.state.jobs.find(Persona::luma, call.captured);
  if (!job) return refuse(call, {.status = 404, .message = "Generation not found"});
  ++job->poll_count;
  return json_answer(generation_of(*job, state_of(*job, Clock::now())));
}

}  // namespace atelier::doubles
