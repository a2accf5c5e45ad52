// fal's queue: requests of apps, their states and their responses at other addresses, webhooks signed with Ed25519.
#include <fmt/format.h>

#include <algorithm>

#include "tests/double/job_shape.hpp"
#include "tests/double/signing.hpp"

namespace atelier::doubles {
namespace {

// Requests belong to the app without what follows its second segment, but for two namespaces with a segment more.
std::string queue_of(std::string_view app) {
  int more = app.starts_with("workflows/") || app.starts_with("comfy/") ? 3 : 2;
  std::size_t end = 0;
  while (more-- > 0 && end != std::string_view::npos) end = app.find('/', end == 0 ? 0 : end + 1);
  return std::string(app.substr(0, end));
}

// "owner/app/requests/ID" of the right app.
Job* job_at(const Call& call) {
  constexpr std::string_view kRequests = "/requests/";
  const std::size_t at = call.captured.find(kRequests);
  if (at == std::string::npos) return nullptr;
  Job* job = call.state.jobs.find(Persona::fal, std::string_view(call.captured).substr(at + kRequests.size()));
  return job && queue_of(job->model) == call.captured.substr(0, at) ? job : nullptr;
}

Answer no_job(const Call& call) { return refuse(call, {.status = 404, .message = "Request not found"}); }

std::string address_of(const Job& job) {
  return fmt::format("{}/{}/requests/{}", job.base, queue_of(job.model), job.id);
}

Answer identified(Answer answer, const Job& job) {
  answer.fields.emplace_back("x-fal-request-id", job.id);
  return answer;
}

json::Object state_object(const Job& job, JobState state) {
  json::Object object{{"request_id", job.id},
                      {"response_url", address_of(job)},
                      {"status_url", address_of(job) + "/status"},
                      {"cancel_url", address_of(job) + "/cancel"}};
  if (state == JobState::waiting) {
    object["status"] = "IN_QUEUE";
    object["queue_position"] = 0;
  } else if (state == JobState::working) {
    object["status"] = "IN_PROGRESS";
    object["logs"] = json::Array();
  } else {
    object["status"] = "COMPLETED";
    object["logs"] = json::Array();
    object["metrics"] = json::Object{{"inference_time", 0.2}};
    if (state == JobState::failed) {
      object["error"] = *job.wish.failure;
      object["error_type"] = "internal_server_error";
    }
    if (state == JobState::cancelled) {
      object["error"] = "Request was cancelled by the user.";
      object["error_type"] = "request_cancelled";
    }
  }
  return object;
}

json::Object output_of(const Job& job) {
  if (job.kind == JobKind::words)
    return {{"text", " a job well done"},
            {"chunks", json::Array{json::Object{{"timestamp", json::Array{0.0, 1.5}}, {"text", " a job well done"}}}}};
  json::Array files;
  for (const std::string& url : result_urls(job))
    files.push_back(json::Object{{"url", url},
                                 {"content_type", job.kind == JobKind::clip    ? "video/mp4"
                                                  : job.kind == JobKind::sound ? "audio/wav"
                                                                               : "image/" + job.format}});
  if (job.kind == JobKind::clip) return files.empty() ? json::Object() : json::Object{{"video", files.front()}};
  if (job.kind == JobKind::sound) return files.empty() ? json::Object() : json::Object{{"audio", files.front()}};
  json::Array marks(files.size(), false);
  return {{"images", std::move(files)}, {"seed", 42}, {"has_nsfw_concepts", std::move(marks)}};
}

Answer refused() {
  return refuse_field("prompt", "The content could not be processed because it was flagged by a content checker.",
                      "content_policy_violation");
}

// As its webhook has it.
json::Object news_of(const Job& job, JobState state) {
  json::Object news{{"request_id", job.id}, {"gateway_request_id", job.id}};
  news["status"] = state == JobState::done ? "OK" : "ERROR";
  if (state == JobState::done) {
    news["payload"] = output_of(job);
  } else {
    news["error"] = "Invalid status code: 422";
    news["payload"] = json::Object{{"detail", "it failed"}};
  }
  return news;
}

}  // namespace

Answer answer_fal(const Call& call) {
  const std::string app = call.captured;
  if (std::count(app.begin(), app.end(), '/') < 1)
    return refuse(call, {.status = 404, .message = fmt::format("Application \"{}\" not found", app)});
  if (app.find("flux") != std::string::npos && text_in(call.body, "prompt").empty())
    return refuse_field("prompt", "field required", "value_error.missing");
  if (number_in(call.body, "num_images", 1) > 4)
    return refuse_field("num_images", "Input should be less than or equal to 4", "less_than_equal");
  Job job = job_of(call, app);
  job.count = static_cast<int>(std::max<std::int64_t>(number_in(call.body, "num_images", 1), 1));
  if (const json::Value* size = call.body.if_contains("image_size"); size && size->is_object()) {
    job.width = static_cast<int>(std::clamp<std::int64_t>(number_in(size->get_object(), "width", 1'024), 1, 4'096));
    job.height = static_cast<int>(std::clamp<std::int64_t>(number_in(size->get_object(), "height", 1'024), 1, 4'096));
  }
  take_ratio(text_in(call.body, "aspect_ratio"), job);
  if (const std::string format = text_in(call.body, "output_format"); format == "jpeg") job.format = format;
  job.webhook_url = call.request.query_value("fal_webhook").value_or("");
  Job& begun = call.state.jobs.add(std::move(job));
  const JobState over = state_of(begun, begun.begun + begun.wish.takes);
  const std::string told = json::write(news_of(begun, over));
  call.state.jobs.announce(begun, {.body = told,
                                   .early = json::write(news_of(begun, JobState::failed)),
                                   .sign = [id = begun.id, told](std::int64_t now, bool is_forged) {
                                     return fal_fields(id, now, told, is_forged);
                                   }});
  return identified(json_answer(state_object(begun, JobState::waiting)), begun);
}

Answer answer_fal_status(const Call& call) {
  Job* job = job_at(call);
  if (!job) return no_job(call);
  ++job->poll_count;
  const JobState state = state_of(*job, Clock::now());
  Answer answer = json_answer(state_object(*job, state));
  answer.status = is_over(state) ? 200 : 202;
  return identified(std::move(answer), *job);
}

Answer answer_fal_response(const Call& call) {
  Job* job = job_at(call);
  if (!job) return no_job(call);
  const JobState state = state_of(*job, Clock::now());
  if (!is_over(state)) return refuse(call, {.status = 400, .message = "Request is still in progress"});
  if (state == JobState::refused) return refused();
  if (state != JobState::done) return refuse(call, {.status = 500, .message = job->wish.failure.value_or("cancelled")});
  return identified(json_answer(output_of(*job)), *job);
}

Answer answer_cancel_fal(const Call& call) {
  Job* job = job_at(call);
  if (!job) return no_job(call);
  const bool is_late = is_over(state_of(*job, Clock::now()));
  if (!is_late) job->is_cancelled = true;
  Answer answer = json_answer({{"status", is_late ? "ALREADY_COMPLETED" : "CANCELLATION_REQUESTED"}});
  answer.status = is_late ? 400 : 202;
  return answer;
}

Answer answer_fal_keys(const Call&) {
  return json_answer(
      {{"keys", json::Array{json::Object{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", fal_public_key()}}}}});
}

}  // namespace atelier::doubles
