// Replicate: predictions of models and of versions, files, webhooks in Standard Webhooks' form.
#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "tests/double/job_shape.hpp"
#include "tests/double/signing.hpp"

namespace atelier::doubles {
namespace {

constexpr std::size_t kDataUrlBytesMax = 512 << 10;
constexpr std::string_view kFile = "file-";

Answer detail(int status, std::string_view title, std::string_view words) {
  Answer answer = json_answer({{"title", title}, {"detail", words}, {"status", status}});
  answer.status = status;
  answer.content_type = "application/problem+json";
  return answer;
}

std::string_view status_of(JobState state) {
  switch (state) {
    case JobState::waiting:
      return "starting";
    case JobState::working:
      return "processing";
    case JobState::done:
      return "succeeded";
    case JobState::cancelled:
      return "canceled";
    default:
      return "failed";
  }
}

// One file, or a list where several were asked for; words of a transcription.
json::Value output_of(const Job& job) {
  if (job.kind == JobKind::words) return "a job well done";
  const auto urls = result_urls(job);
  if (urls.empty()) return nullptr;
  if (urls.size() == 1 && job.kind != JobKind::image) return json::Value(urls.front());
  return json::Array(urls.begin(), urls.end());
}

json::Object prediction_of(const Job& job, JobState state) {
  json::Object prediction{{"id", job.id},
                          {"model", job.model},
                          {"version", "hidden"},
                          {"input", json::Object{{"prompt", job.words}}},
                          {"logs", ""},
                          {"error", nullptr},
                          {"status", status_of(state)},
                          {"source", "api"},
                          {"data_removed", false},
                          {"created_at", "2026-01-01T00:00:00.000Z"},
                          {"output", nullptr}};
  prediction["urls"] = json::Object{{"get", fmt::format("{}/v1/predictions/{}", job.base, job.id)},
                                    {"cancel", fmt::format("{}/v1/predictions/{}/cancel", job.base, job.id)}};
  if (state == JobState::done) {
    prediction["output"] = output_of(job);
    prediction["metrics"] = json::Object{{"predict_time", 0.2}};
  }
  if (state == JobState::failed) prediction["error"] = *job.wish.failure;
  if (state == JobState::refused) prediction["error"] = "NSFW content detected. Try running it again.";
  return prediction;
}

JobState over_state(const Job& job) { return state_of(job, job.begun + job.wish.takes); }

// Data URLs are for small files.
bool has_large_data(const json::Value& value) {
  if (const auto* text = value.if_string())
    return text->size() > kDataUrlBytesMax && std::string_view(*text).starts_with("data:");
  if (const auto* list = value.if_array())
    return std::any_of(list->begin(), list->end(), [](const json::Value& one) { return has_large_data(one); });
  return false;
}

Answer predict(const Call& call, std::string model) {
  const json::Value* given = call.body.if_contains("input");
  const json::Object* input = given ? given->if_object() : nullptr;
  if (!input) return detail(422, "Input validation failed", "- input is required");
  for (const auto& [name, value] : *input)
    if (has_large_data(value))
      return detail(422, "Input validation failed", "- a file of this size has to be uploaded");
  if (model.find("flux") != std::string::npos && text_in(*input, "prompt").empty())
    return detail(422, "Input validation failed", "- input: prompt is required");
  const std::string format = text_in(*input, "output_format");
  if (format == "jpeg" && model.starts_with("black-forest-labs/"))
    return detail(422, "Input validation failed", "- input.output_format must be one of: \"webp\", \"jpg\", \"png\"");
  Job job = job_of(call, model);
  job.count = static_cast<int>(std::clamp<std::int64_t>(number_in(*input, "num_outputs", 1), 1, 10));
  job.width = static_cast<int>(std::clamp<std::int64_t>(number_in(*input, "width", job.width), 1, 4'096));
  job.height = static_cast<int>(std::clamp<std::int64_t>(number_in(*input, "height", job.height), 1, 4'096));
  take_ratio(text_in(*input, "aspect_ratio"), job);
  if (!format.empty()) job.format = format == "jpg" ? "jpeg" : format;
  job.webhook_url = text_in(call.body, "webhook");
  Job& begun = call.state.jobs.add(std::move(job));
  const std::string told = json::write(prediction_of(begun, over_state(begun)));
  call.state.jobs.announce(begun, {.body = told,
                                   .early = json::write(prediction_of(begun, JobState::working)),
                                   .sign = [id = "msg_" + begun.id, told](std::int64_t now, bool is_forged) {
                                     return standard_fields(id, now, told, is_forged);
                                   }});
  Answer answer = json_answer(prediction_of(begun, JobState::waiting));
  answer.status = 201;
  return answer;
}

Job* job_at(const Call& call) { return call.state.jobs.find(Persona::replicate, call.captured); }
Answer no_job() { return detail(404, "Not found", "The requested resource could not be found."); }

}  // namespace

Answer answer_prediction_of_model(const Call& call) { return predict(call, call.captured); }

Answer answer_prediction_of_version(const Call& call) {
  const std::string version = text_in(call.body, "version");
  if (version.empty()) return detail(422, "Input validation failed", "- version is required");
  return predict(call, version);
}

Answer answer_prediction(const Call& call) {
  Job* job = job_at(call);
  if (!job) return no_job();
  ++job->poll_count;
  json::Object prediction = prediction_of(*job, state_of(*job, Clock::now()));
  return json_answer(prediction);
}

Answer answer_cancel_prediction(const Call& call) {
  Job* job = job_at(call);
  if (!job) return no_job();
  if (!is_over(state_of(*job, Clock::now()))) job->is_cancelled = true;
  return json_answer(prediction_of(*job, state_of(*job, Clock::now())));
}

Answer answer_replicate_upload(const Call& call) {
  const auto files = call.form ? call.form->files_of("content") : std::vector<const FormFile*>();
  if (files.size() != 1) return detail(400, "Bad request", "Missing content");
  const std::string id = fmt::format("{}{}", kFile, call.request.number);
  const std::string host(call.request.field("host").value_or("localhost"));
  const std::string_view prefix = call.request.target.starts_with("/replicate/") ? "/replicate" : "";
  Answer answer =
      json_answer({{"id", id},
                   {"content_type", files.front()->type},
                   {"size", files.front()->bytes.size()},
                   {"checksums", json::Object{{"sha256", sha256(files.front()->bytes).hex()}}},
                   {"metadata", json::Object()},
                   {"urls", json::Object{{"get", fmt::format("http://{}{}/v1/files/{}", host, prefix, id)}}}});
  answer.status = 201;
  return answer;
}

Answer answer_replicate_file(const Call& call) {
  if (!call.captured.starts_with(kFile)) return no_job();
  return json_answer({{"id", call.captured}, {"metadata", json::Object()}});
}

Answer answer_replicate_secret(const Call&) { return json_answer({{"key", kWebhookSecret}}); }

Answer answer_replicate_account(const Call&) {
  return json_answer({{"type", "user"}, {"username", "double"}, {"name", "The Double"}});
}

}  // namespace atelier::doubles
