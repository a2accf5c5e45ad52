#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/hash.hpp"
#include "tests/double/call.hpp"
#include "tests/double/made.hpp"
#include "tests/double/picture.hpp"

// Stability AI, v2beta: forms in, and what was made out, as the Accept header wants it. The creative enlargement is a
// job.
namespace atelier::doubles {
namespace {

constexpr std::array<std::string_view, 9> kRatios = {"1:1", "16:9", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"};
constexpr std::size_t kFormBytesMax = std::size_t{10} << 20;
constexpr std::size_t kPromptMax = 10'000;

struct StabilityPath {
  std::string_view path;
  bool needs_prompt = true, needs_image = false;
  bool is_job = false;
};
constexpr StabilityPath kPaths[] = {
    {.path = "generate/ultra"},
    {.path = "generate/core"},
    {.path = "generate/sd3"},
    {.path = "edit/inpaint", .needs_image = true},
    {.path = "edit/erase", .needs_prompt = false, .needs_image = true},
    {.path = "edit/outpaint", .needs_prompt = false, .needs_image = true},
    {.path = "edit/search-and-replace", .needs_image = true},
    {.path = "edit/search-and-recolor", .needs_image = true},
    {.path = "edit/remove-background", .needs_prompt = false, .needs_image = true},
    {.path = "control/sketch", .needs_image = true},
    {.path = "control/structure", .needs_image = true},
    {.path = "control/style", .needs_image = true},
    {.path = "upscale/fast", .needs_prompt = false, .needs_image = true},
    {.path = "upscale/conservative", .needs_image = true},
    {.path = "upscale/creative", .needs_image = true, .is_job = true},
};

Problem bad(std::string field, std::string_view why) {
  return {.status = 400, .message = fmt::format("{}: {}", field, why), .type = "bad_request"};
}

std::string field_of(const Call& call, std::string_view name) {
  const json::Value* value = call.body.if_contains(name);
  return value && value->is_string() ? std::string(value->as_string()) : "";
}

std::optional<double> number_of(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// What a number field must be; nullopt: it is fine, or not there.
std::optional<Problem> check_number(const Call& call, const char* name, double min, double max) {
  const std::string text = field_of(call, name);
  if (text.empty()) return std::nullopt;
  const auto number = number_of(text);
  if (!number || *number < min || *number > max) return bad(name, fmt::format("must be from {} to {}", min, max));
  return std::nullopt;
}

std::optional<Problem> check_common(const Call& call, bool needs_prompt) {
  if (!call.form) return bad("content-type", "must be multipart/form-data");
  if (call.request.body.size() > kFormBytesMax)
    return Problem{.status = 413, .message = "the request is over 10 MiB", .type = "payload_too_large"};
  const std::string prompt = field_of(call, "prompt");
  if (needs_prompt && prompt.empty()) return bad("prompt", "is required");
  if (count_characters(prompt) > kPromptMax) return bad("prompt", "must have at most 10000 characters");
  constexpr double kSeedMax = 4'294'967'294;
  if (auto wrong = check_number(call, "seed", 0, kSeedMax)) return wrong;
  return check_number(call, "strength", 0, 1);
}

// The pictures of the form must be what they say; a mask is as large as what it covers, and without transparency.
std::optional<Problem> check_files(const Call& call, bool needs_image) {
  const auto images = call.form->files_of("image"), masks = call.form->files_of("mask");
  if (needs_image && images.size() != 1) return bad("image", "is required");
  std::optional<PictureFacts> first;
  for (const FormFile* file : images) {
    const auto facts = picture_facts(file->bytes);
    if (!facts || facts->type != file->type) return bad("image", "is no picture of the type it says");
    first = facts;
  }
  for (const FormFile* file : masks) {
    const auto facts = picture_facts(file->bytes);
    if (!facts) return bad("mask", "is no picture");
    if (first && first->width > 0 && facts->width > 0 &&
        (first->width != facts->width || first->height != facts->height))
      return bad("mask", "must be as large as the image");
    constexpr std::size_t kColourAt = 25;
    if (facts->type == "image/png" && file->bytes[kColourAt] != 0 && file->bytes[kColourAt] != 2)
      return bad("mask", "the double takes masks without transparency only: white is changed");
  }
  return std::nullopt;
}

std::optional<Problem> check_sd3(const Call& call) {
  const std::string model = field_of(call, "model");
  if (!model.empty() && !model.starts_with("sd3.5-")) return bad("model", "is none of the double's");
  const bool is_from_image = field_of(call, "mode") == "image-to-image";
  if (is_from_image != !call.form->files_of("image").empty()) return bad("mode", "does not fit the image");
  if (is_from_image && field_of(call, "strength").empty()) return bad("strength", "is required");
  if (is_from_image && !field_of(call, "aspect_ratio").empty()) return bad("aspect_ratio", "is not allowed");
  if (model == "sd3.5-large-turbo" && !field_of(call, "negative_prompt").empty())
    return bad("negative_prompt", "is not allowed");
  if (field_of(call, "output_format") == "webp") return bad("output_format", "must be png or jpeg");
  return std::nullopt;
}

std::optional<Problem> check_image(const Call& call, const StabilityPath& path) {
  if (auto wrong = check_common(call, path.needs_prompt)) return wrong;
  if (auto wrong = check_files(call, path.needs_image)) return wrong;
  const std::string ratio = field_of(call, "aspect_ratio"), format = field_of(call, "output_format");
  if (!ratio.empty() && std::find(kRatios.begin(), kRatios.end(), ratio) == kRatios.end())
    return bad("aspect_ratio", "is none of the allowed");
  if (!format.empty() && format != "png" && format != "jpeg" && format != "webp")
    return bad("output_format", "must be png, jpeg or webp");
  if (path.path == "generate/sd3") return check_sd3(call);
  if (path.path == "generate/ultra" && !call.form->files_of("image").empty() && field_of(call, "strength").empty())
    return bad("strength", "is required");
  if (path.path == "generate/core" && !call.form->files.empty()) return bad("image", "is not allowed");
  if (path.path == "edit/search-and-replace" && field_of(call, "search_prompt").empty())
    return bad("search_prompt", "is required");
  if (path.path == "edit/search-and-recolor" && field_of(call, "select_prompt").empty())
    return bad("select_prompt", "is required");
  if (path.path == "edit/outpaint") {
    double grows = 0;
    for (const char* side : {"left", "right", "up", "down"}) grows += number_of(field_of(call, side)).value_or(0);
    if (grows <= 0) return bad("left", "one side must grow");
  }
  return std::nullopt;
}

Problem moderated() {
  return {.status = 403,
          .message = "Your request was flagged by the double's content moderation system.",
          .type = "content_moderation"};
}

std::int64_t seed_of(const Job& job, const std::string& told) {
  const auto asked = static_cast<std::int64_t>(number_of(told).value_or(0));
  return asked > 0 ? asked : static_cast<std::int64_t>(quick_hash(job.words) % 4'294'967'294 + 1);
}

// "[blurred]" in the words: the filter strikes after the picture was made.
Answer made_answer(const Call& call, const Job& job, const char* name, std::int64_t seed) {
  const bool is_blurred = directive(job.words, "blurred").has_value();
  const std::string accept(call.request.field("accept").value_or(""));
  const std::string_view finish = is_blurred ? "CONTENT_FILTERED" : "SUCCESS";
  if (accept == "application/json") {
    const auto files = files_made(job);
    json::Object body{{"finish_reason", finish}, {"seed", seed}};
    if (!files.empty()) body[name] = base64(files.front());
    return json_answer(body);
  }
  if (!accept.ends_with("/*")) return refuse(call, bad("accept", "must be image/*, audio/* or application/json"));
  Answer answer = file_answer(job);
  answer.fields.emplace_back("finish-reason", std::string(finish));
  answer.fields.emplace_back("seed", std::to_string(seed));
  return answer;
}

Job job_in(const Call& call, JobKind kind) {
  Job job = job_of(call, call.captured);
  job.kind = kind;
  if (const std::string format = field_of(call, "output_format"); !format.empty()) job.format = format;
  return job;
}

}  // namespace

Answer answer_stability_image(const Call& call) {
  const auto* path = std::find_if(std::begin(kPaths), std::end(kPaths),
                                  [&](const StabilityPath& one) { return one.path == call.captured; });
  if (path == std::end(kPaths))
    return refuse(call, {.status = 404, .message = "there is nothing", .type = "not_found"});
  if (auto wrong = check_image(call, *path)) return refuse(call, *wrong);
  Job job = job_in(call, JobKind::image);
  if (job.wish.is_refused && !path->is_job) return refuse(call, moderated());
  if (job.wish.failure && !path->is_job)
    return refuse(call, {.status = 500, .message = *job.wish.failure, .type = "internal_error"});
  if (!path->is_job) return made_answer(call, job, "image", seed_of(job, field_of(call, "seed")));
  return json_answer({{"id", call.state.jobs.add(std::move(job)).id}});
}

Answer answer_stability_audio(const Call& call) {
  if (call.captured != "text-to-audio")
    return refuse(call, {.status = 404, .message = "there is nothing", .type = "not_found"});
  if (auto wrong = check_common(call, true)) return refuse(call, *wrong);
  constexpr double kSecondsMax = 190;
  if (auto wrong = check_number(call, "duration", 1, kSecondsMax)) return refuse(call, *wrong);
  Job job = job_in(call, JobKind::sound);
  if (job.wish.is_refused) return refuse(call, moderated());
  return made_answer(call, job, "audio", seed_of(job, field_of(call, "seed")));
}

Answer answer_stability_result(const Call& call) {
  Job* job = call.state.jobs.find(Persona::stability, call.captured);
  const bool is_gone = job && job->wish.result == JobWish::Result::expired;
  if (!job || is_gone) return refuse(call, {.status = 404, .message = "there is no such result", .type = "not_found"});
  ++job->poll_count;
  switch (state_of(*job, Clock::now())) {
    case JobState::refused:
      return refuse(call, moderated());
    case JobState::failed:
      return refuse(call, {.status = 500, .message = job->wish.failure.value_or(""), .type = "internal_error"});
    case JobState::waiting:
    case JobState::working:
    case JobState::cancelled: {
      Answer answer = json_answer({{"id", job->id}, {"status", "in-progress"}});
      answer.status = 202;
      return answer;
    }
    case JobState::done:
      break;
  }
  return made_answer(call, *job, "result", seed_of(*job, ""));
}

}  // namespace atelier::doubles
