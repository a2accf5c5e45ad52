#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "tests/double/call.hpp"
#include "tests/double/made.hpp"
#include "tests/double/picture.hpp"
#include "tests/double/seal.hpp"

// AUTOMATIC1111's API. "[grid]" in the words puts a grid before the pictures, as servers do that are set to.
namespace atelier::doubles {
namespace {

Problem invalid(const std::string& path, std::string why) {
  return {.status = 422, .message = fmt::format("{}: {}", path, why)};
}
const Words kA1111Words = {
    .missing = [](const std::string& path) { return invalid(path, "field required"); },
    .wrong_type = [](const std::string& path, std::string_view expected,
                     std::string_view) { return invalid(path, fmt::format("value is not a valid {}", expected)); },
    .unknown = [](const std::string& path) { return invalid(path, "extra fields not permitted"); },
    .invalid = [](const std::string& path, const std::string& why) { return invalid(path, why); },
    .has_dotted_indices = true,
    .takes_snake_case = false,
};

// Base64, or a data URL, of a picture.
std::optional<PictureFacts> picture_in(const json::Value* value) {
  if (!value || !value->is_string()) return std::nullopt;
  std::string_view text = value->as_string();
  if (text.starts_with("data:")) text.remove_prefix(std::min(text.find(',') + 1, text.size()));
  const auto bytes = base64_decode(text);
  return bytes ? picture_facts(*bytes) : std::nullopt;
}

struct WebAsk {
  int width = 512, height = 512, count = 1;
  std::int64_t seed = -1;
  std::string checkpoint;
};

WebAsk read_common(Reader& body) {
  WebAsk ask;
  (void)body.text("prompt");
  (void)body.text("negative_prompt");
  ask.width = static_cast<int>(body.integer("width", 64, 4'096).value_or(512));
  ask.height = static_cast<int>(body.integer("height", 64, 4'096).value_or(512));
  ask.count =
      static_cast<int>(body.integer("n_iter", 1, 100).value_or(1) * body.integer("batch_size", 1, 100).value_or(1));
  ask.seed = body.integer("seed", -1, 4'294'967'295).value_or(-1);
  (void)body.integer("steps", 1, 150);
  (void)body.number("denoising_strength", 0, 1);
  if (const auto* settings = body.object_at("override_settings")) {
    const auto* checkpoint = settings->if_contains("sd_model_checkpoint");
    if (checkpoint && checkpoint->is_string()) ask.checkpoint = std::string(checkpoint->as_string());
  }
  return ask;
}

Answer out_of_memory(std::string_view words) {
  Answer answer = json_answer({{"error", "OutOfMemoryError"}, {"detail", ""}, {"body", ""}, {"errors", words}});
  answer.status = 500;
  return answer;
}

// What goes wrong by directives, and the pictures otherwise.
Answer pictures(const Call& call, const WebAsk& ask) {
  if (is_missing_model(ask.checkpoint))
    return refuse(call, {.status = 500, .message = fmt::format("no checkpoint \"{}\"", ask.checkpoint)});
  Job job = job_of(call, "a1111");
  job.kind = JobKind::image;
  job.width = ask.width;
  job.height = ask.height;
  job.count = ask.count;
  if (job.wish.failure) return out_of_memory(*job.wish.failure);
  json::Array images;
  for (const std::string& bytes : files_made(job)) images.push_back(json::Value(base64(bytes)));
  const bool has_grid = directive(job.words, "grid").has_value() && !images.empty();
  if (has_grid) images.insert(images.begin(), json::Value(images.front()));
  const std::int64_t seed = ask.seed >= 0 ? ask.seed : static_cast<std::int64_t>(quick_hash(job.words) % 4'294'967'295);
  json::Array seeds;
  for (int i = 0; i < ask.count; ++i) seeds.push_back(json::Value(seed + i));
  const json::Object info{{"seed", seed}, {"all_seeds", std::move(seeds)}, {"index_of_first_image", has_grid ? 1 : 0}};
  return json_answer({{"images", std::move(images)}, {"parameters", json::Object()}, {"info", json::write(info)}});
}

}  // namespace

Answer answer_a1111_txt2img(const Call& call) {
  Checks checks(kA1111Words, false);
  Reader body(call.body, "", checks);
  const WebAsk ask = read_common(body);
  if (!checks.is_fine()) return refuse(call, *checks.first());
  return pictures(call, ask);
}

Answer answer_a1111_img2img(const Call& call) {
  Checks checks(kA1111Words, false);
  Reader body(call.body, "", checks);
  const WebAsk ask = read_common(body);
  const auto* images = body.required_array("init_images");
  if (images && (images->empty() || !picture_in(&images->front())))
    return refuse(call, {.status = 500, .message = "Invalid encoded image"});
  if (const json::Value* mask = body.find("mask"); mask && !picture_in(mask))
    return refuse(call, {.status = 500, .message = "Invalid encoded image"});
  if (!checks.is_fine()) return refuse(call, *checks.first());
  return pictures(call, ask);
}

Answer answer_a1111_enlarge(const Call& call) {
  Checks checks(kA1111Words, false);
  Reader body(call.body, "", checks);
  const auto facts = picture_in(body.require("image"));
  const std::string upscaler = body.text("upscaler_1", "None");
  const bool has_size = body.integer("resize_mode", 0, 1).value_or(0) == 1;
  const double factor = body.number("upscaling_resize", 1, 8).value_or(2);
  const int width = static_cast<int>(body.integer("upscaling_resize_w", 1, 16'384).value_or(512));
  const int height = static_cast<int>(body.integer("upscaling_resize_h", 1, 16'384).value_or(512));
  if (!checks.is_fine()) return refuse(call, *checks.first());
  if (!facts) return refuse(call, {.status = 500, .message = "Invalid encoded image"});
  if (is_missing_model(upscaler)) return refuse(call, {.status = 404, .message = "Upscaler not found"});
  const Picture larger{.width = has_size ? width : static_cast<int>(std::max(1, facts->width) * factor),
                       .height = has_size ? height : static_cast<int>(std::max(1, facts->height) * factor),
                       .seed = quick_hash(upscaler)};
  return json_answer({{"html_info", ""}, {"image", base64(png_of(larger))}});
}

Answer answer_a1111_options(const Call&) {
  return json_answer(
      {{"samples_save", true}, {"samples_format", "png"}, {"sd_model_checkpoint", "double.safetensors"}});
}

Answer answer_a1111_models(const Call&) {
  return json_answer(json::Array{{{"title", "double.safetensors [abc]"}, {"model_name", "double"}, {"hash", "abc"}}});
}

}  // namespace atelier::doubles
