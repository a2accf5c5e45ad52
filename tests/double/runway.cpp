// Runway's tasks.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/double/job_shape.hpp"

namespace atelier::doubles {
namespace {

constexpr std::array<std::string_view, 8> kStarters = {"text_to_image", "image_to_video", "text_to_video",
                                                       "image_upscale", "video_upscale",  "text_to_speech",
                                                       "sound_effect",  "video_to_video"};

Answer error_at(int status, std::string_view words, std::string_view field = "") {
  json::Object body{{"error", words}};
  if (!field.empty())
    body["issues"] = json::Array{json::Object{{"code", "invalid"}, {"path", json::Array{field}}, {"message", words}}};
  Answer answer = json_answer(body);
  answer.status = status;
  return answer;
}

std::optional<Answer> wrong_version(const Call& call) {
  if (call.request.field("x-runway-version") == "2024-11-06") return std::nullopt;
  return error_at(400, "X-Runway-Version is required, and is a date");
}

// "1280:720".
bool is_size(std::string_view ratio) {
  const std::size_t colon = ratio.find(':');
  return colon != std::string_view::npos && colon >= 3 && ratio.size() - colon >= 4 &&
         ratio.find_first_not_of("0123456789:") == std::string_view::npos;
}

}  // namespace

Answer answer_runway(const Call& call) {
  if (auto wrong = wrong_version(call)) return *wrong;
  const std::string& what = call.captured;
  if (std::find(kStarters.begin(), kStarters.end(), what) == kStarters.end()) return error_at(404, "Not found");
  if (call.model.empty()) return error_at(400, "model is required", "model");
  const bool has_words =
      what == "text_to_image" || what == "text_to_video" || what == "text_to_speech" || what == "sound_effect";
  if (has_words && text_in(call.body, "promptText").empty())
    return error_at(400, "promptText is required", "promptText");
  if (what == "image_to_video" && !call.body.contains("promptImage"))
    return error_at(400, "promptImage is required", "promptImage");
  const std::string ratio = text_in(call.body, "ratio");
  const bool has_size = what == "text_to_image" || call.model.starts_with("gen4") || call.model.starts_with("veo");
  if (has_size && !is_size(ratio)) return error_at(400, "ratio is a size in pixels, such as 1280:720", "ratio");
  if (call.model == "gen4.5" && number_in(call.body, "duration", 0) == 0)
    return error_at(400, "duration is required", "duration");
  Job job = job_of(call, call.model);
  job.kind = what.ends_with("_to_video") || what == "video_upscale" ? JobKind::clip
             : what == "text_to_speech" || what == "sound_effect"   ? JobKind::sound
                                                                    : JobKind::image;
  if (is_size(ratio)) take_ratio(ratio, job);
  return json_answer({{"id", call.state.jobs.add(std::move(job)).id}});
}

Answer answer_runway_organization(const Call& call) {
  if (auto wrong = wrong_version(call)) return *wrong;
  return json_answer({{"creditBalance", 1'000}, {"tier", json::Object()}, {"usage", json::Object()}});
}

Answer answer_runway_task(const Call& call) {
  if (auto wrong = wrong_version(call)) return *wrong;
  Job* job = call.state.jobs.find(Persona::runway, call.captured);
  if (!job || job->is_cancelled) return error_at(404, "Task not found");
  ++job->poll_count;
  const auto now = Clock::now();
  json::Object task{{"id", job->id}, {"createdAt", "2026-01-01T00:00:00.000Z"}};
  switch (state_of(*job, now)) {
    case JobState::waiting:
      task["status"] = "PENDING";
      break;
    case JobState::working:
      task["status"] = "RUNNING";
      task["progress"] = fraction_of(*job, now);
      break;
    case JobState::done: {
      const auto urls = result_urls(*job);
      task["status"] = "SUCCEEDED";
      task["output"] = json::Array(urls.begin(), urls.end());
      break;
    }
    case JobState::refused:
      task["status"] = "FAILED";
      task["failure"] = "The prompt was refused.";
      task["failureCode"] = "SAFETY.INPUT.TEXT";
      break;
    default:
      task["status"] = "FAILED";
      task["failure"] = job->wish.failure.value_or("");
      task["failureCode"] = "INTERNAL.BAD_OUTPUT.CODE01";
      break;
  }
  return json_answer(task);
}

Answer answer_cancel_runway_task(const Call& call) {
  if (auto wrong = wrong_version(call)) return *wrong;
  Job* job = call.state.jobs.find(Persona::runway, call.captured);
  if (!job || job->is_cancelled) return error_at(404, "Task not found");
  job->is_cancelled = true;
  Answer answer;
  answer.status = 204;
  answer.content_type.clear();
  return answer;
}

}  // namespace atelier::doubles
