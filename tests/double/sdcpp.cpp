#include <fmt/format.h>

#include "base/hash.hpp"
#include "tests/double/call.hpp"
#include "tests/double/made.hpp"
#include "tests/double/picture.hpp"
#include "tests/double/seal.hpp"

// stable-diffusion.cpp's native jobs.
namespace atelier::doubles {
namespace {

Problem wrong(const std::string& path, std::string why) {
  return {.status = 400, .message = fmt::format("{}: {}", path, why)};
}
const Words kSdCppWords = {
    .missing = [](const std::string& path) { return wrong(path, "is required"); },
    .wrong_type = [](const std::string& path, std::string_view expected,
                     std::string_view) { return wrong(path, fmt::format("must be a {}", expected)); },
    .unknown = [](const std::string& path) { return wrong(path, "is unknown"); },
    .invalid = [](const std::string& path, const std::string& why) { return wrong(path, why); },
    .has_dotted_indices = true,
    .takes_snake_case = false,
};

void check_picture(Reader& body, Checks& checks, const char* name, bool is_grey = false) {
  const json::Value* value = body.find(name);
  if (!value) return;
  const auto bytes = value->is_string() ? base64_decode(std::string_view(value->as_string())) : std::nullopt;
  const auto facts = bytes ? picture_facts(*bytes) : std::nullopt;
  checks.require(facts.has_value(), name, "is no picture");
  // It looks at brightness, and would take a transparent mask for an empty one.
  constexpr std::size_t kColourAt = 25;
  if (facts && is_grey && facts->type == "image/png")
    checks.require((*bytes)[kColourAt] == 0, name, "the double takes masks of grey only");
}

Answer submit(const Call& call, JobKind kind) {
  Checks checks(kSdCppWords, false);
  Reader body(call.body, "", checks);
  (void)body.required_text("prompt");
  Job job = job_of(call, kind == JobKind::clip ? "vid_gen" : "img_gen");
  job.kind = kind;
  job.width = static_cast<int>(body.integer("width", 64, 4'096).value_or(512));
  job.height = static_cast<int>(body.integer("height", 64, 4'096).value_or(512));
  (void)body.number("strength", 0, 1);
  (void)body.integer("seed", -1);
  check_picture(body, checks, "init_image");
  if (kind == JobKind::clip) {
    check_picture(body, checks, "end_image");
    checks.require(body.integer("video_frames", 1, 1'000).value_or(33) % 4 == 1, "video_frames", "must be 4n + 1");
    checks.require(!body.has("batch_count"), "batch_count", "is unknown");
  } else {
    check_picture(body, checks, "mask_image", true);
    job.count = static_cast<int>(body.integer("batch_count", 1, 8).value_or(1));
    if (const std::string format = body.choice("output_format", {"png", "jpeg", "webp"}); !format.empty())
      job.format = format;
  }
  if (!checks.is_fine()) return refuse(call, *checks.first());
  const Job& added = call.state.jobs.add(std::move(job));
  Answer answer = json_answer({{"id", added.id},
                               {"kind", added.model},
                               {"status", "queued"},
                               {"created", kCreatedSeconds},
                               {"poll_url", fmt::format("/sdcpp/v1/jobs/{}", added.id)}});
  answer.status = 202;
  return answer;
}

json::Value result_of(const Job& job) {
  const auto files = files_made(job);
  if (job.kind == JobKind::clip) {
    if (files.empty()) return json::Object();
    return json::Object{{"output_format", "mp4"}, {"mime_type", "video/mp4"}, {"b64_json", base64(files.front())}};
  }
  json::Array images;
  for (std::size_t i = 0; i < files.size(); ++i)
    images.push_back(json::Object{{"index", i}, {"b64_json", base64(files[i])}});
  return json::Object{{"output_format", job.format}, {"images", std::move(images)}};
}

json::Object error_of(std::string_view code, std::string_view message) {
  return {{"code", code}, {"message", message}};
}

}  // namespace

Answer answer_sdcpp_image(const Call& call) { return submit(call, JobKind::image); }
Answer answer_sdcpp_clip(const Call& call) { return submit(call, JobKind::clip); }

Answer answer_sdcpp_job(const Call& call) {
  Job* job = call.state.jobs.find(Persona::sdcpp, call.captured);
  if (!job) return refuse(call, {.status = 404, .message = "job not found"});
  const JobState state = state_of(*job, Clock::now());
  if (is_over(state) && job->wish.result == JobWish::Result::expired)
    return refuse(call, {.status = 410, .message = "job expired"});
  ++job->poll_count;
  json::Object body{{"id", job->id},
                    {"kind", job->model},
                    {"created", kCreatedSeconds},
                    {"started", json::Value()},
                    {"completed", json::Value()},
                    {"queue_position", 0},
                    {"result", json::Value()},
                    {"error", json::Value()}};
  switch (state) {
    case JobState::waiting:
      body["status"] = "queued";
      body["queue_position"] = 1;
      break;
    case JobState::working:
      body["status"] = "generating";
      break;
    case JobState::done:
      body["status"] = "completed";
      body["result"] = result_of(*job);
      break;
    case JobState::cancelled:
      body["status"] = "cancelled";
      body["error"] = error_of("cancelled", "job cancelled by client");
      break;
    case JobState::refused:
    case JobState::failed:
      body["status"] = "failed";
      body["error"] = error_of("generation_failed", job->wish.failure.value_or("the double may not"));
      break;
  }
  return json_answer(body);
}

Answer answer_cancel_sdcpp(const Call& call) {
  Job* job = call.state.jobs.find(Persona::sdcpp, call.captured);
  if (!job) return refuse(call, {.status = 404, .message = "job not found"});
  if (is_over(state_of(*job, Clock::now()))) return refuse(call, {.status = 409, .message = "job is over"});
  job->is_cancelled = true;
  return json_answer({{"id", job->id}, {"status", "cancelled"}});
}

Answer answer_sdcpp_capabilities(const Call&) {
  return json_answer({{"model", {{"name", "double"}, {"stem", "double"}, {"path", "/models/double.gguf"}}},
                      {"current_mode", "img_gen"},
                      {"supported_modes", json::Array{"img_gen", "vid_gen"}},
                      {"defaults_by_mode", {{"img_gen", json::Object()}, {"vid_gen", json::Object()}}},
                      {"samplers", json::Array{"euler"}},
                      {"schedulers", json::Array{"discrete"}},
                      {"loras", json::Array()},
                      {"limits", {{"max_batch_count", 8}, {"max_queue_size", 10}}}});
}

}  // namespace atelier::doubles
