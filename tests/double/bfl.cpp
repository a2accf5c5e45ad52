// Black Forest Labs' tasks. The polling address bears the task's cluster, and is the only one that knows it.
#include <fmt/format.h>

#include <algorithm>

#include "tests/double/job_shape.hpp"

namespace atelier::doubles {
namespace {

constexpr std::string_view kCluster = "us1";

bool is_bare_base64(std::string_view text) {
  return !text.empty() && text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") ==
                              std::string_view::npos;
}

}  // namespace

Answer answer_bfl(const Call& call) {
  const std::string& model = call.captured;
  if (!model.starts_with("flux-")) return refuse(call, {.status = 404, .message = "Not Found"});
  const bool needs_words = model.find("fill") == std::string::npos && model.find("expand") == std::string::npos;
  if (needs_words && text_in(call.body, "prompt").empty()) return refuse_field("prompt", "Field required", "missing");
  const std::int64_t step = model.starts_with("flux-2-") ? 16 : 32;
  for (const std::string_view side : {"width", "height"})
    if (number_in(call.body, side, 0) % step != 0)
      return refuse_field(side, fmt::format("Input should be a multiple of {}", step), "multiple_of");
  for (const auto& [name, value] : call.body) {
    const bool is_picture = std::string_view(name).starts_with("input_image") || name == "image" || name == "mask" ||
                            name == "image_prompt";
    if (is_picture && !(value.is_string() && is_bare_base64(std::string_view(value.get_string()))))
      return refuse_field(name, "Invalid base64", "value_error");
  }
  Job job = job_of(call, model);
  job.width = static_cast<int>(std::clamp<std::int64_t>(number_in(call.body, "width", 1'024), 1, 4'096));
  job.height = static_cast<int>(std::clamp<std::int64_t>(number_in(call.body, "height", 1'024), 1, 4'096));
  take_ratio(text_in(call.body, "aspect_ratio"), job);
  const std::string format = text_in(call.body, "output_format");
  job.format = format.empty() ? (model.find("kontext") == std::string::npos ? "jpeg" : "png") : format;
  const Job& begun = call.state.jobs.add(std::move(job));
  return json_answer({{"id", begun.id},
                      {"polling_url", fmt::format("{}/v1/get_result?id={}&cluster={}", begun.base, begun.id, kCluster)},
                      {"cost", 3.0},
                      {"input_mp", 0.0},
                      {"output_mp", 1.05}});
}

Answer answer_bfl_credits(const Call&) { return json_answer({{"credits", 123.4}}); }

Answer answer_bfl_result(const Call& call) {
  const std::string id = call.request.query_value("id").value_or("");
  Job* job = call.request.query_value("cluster") == kCluster ? call.state.jobs.find(Persona::bfl, id) : nullptr;
  json::Object answer{
      {"id", id}, {"result", nullptr}, {"progress", nullptr}, {"details", nullptr}, {"preview", nullptr}};
  if (!job) {
    answer["status"] = "Task not found";
    return json_answer(answer);
  }
  ++job->poll_count;
  const auto now = Clock::now();
  switch (state_of(*job, now)) {
    case JobState::waiting:
    case JobState::working:
      answer["status"] = "Pending";
      answer["progress"] = fraction_of(*job, now);
      break;
    case JobState::done: {
      answer["status"] = "Ready";
      const auto urls = result_urls(*job);
      json::Object result{{"prompt", text_in(call.body, "prompt")}, {"seed", 42}, {"duration", 1.0}};
      if (!urls.empty()) result["sample"] = urls.front();
      answer["result"] = std::move(result);
      break;
    }
    case JobState::refused:
      answer["status"] = "Request Moderated";
      answer["details"] = "Safety Filter";
      break;
    default:
      answer["status"] = "Error";
      answer["details"] = json::Object{{"error", job->wish.failure.value_or("")}};
      break;
  }
  return json_answer(answer);
}

}  // namespace atelier::doubles
