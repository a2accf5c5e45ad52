#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/hash.hpp"
#include "tests/double/call.hpp"
#include "tests/double/form.hpp"
#include "tests/double/picture.hpp"
#include "tests/double/seal.hpp"

// Images of OpenAI: made, and edited. What a model may be asked is in its name, as the provider has it.
namespace atelier::doubles {
namespace {

constexpr std::size_t kPromptCharactersMax = 32'000;
constexpr std::size_t kImagesMax = 16;
constexpr std::size_t kImageBytesMax = std::size_t{50} << 20;
constexpr std::size_t kMaskBytesMax = std::size_t{4} << 20;

struct ImageAsk {
  std::string prompt, size, quality, format;
  int width = 1024, height = 1024, count = 1, partial_count = 0;
  bool is_streamed = false, is_transparent = false;
  std::size_t image_count = 0;  // given to be edited
  std::uint64_t seed = 0;       // of all that was given: other pictures for another prompt
};

bool is_retired(std::string_view model) { return model.starts_with("dall-e"); }
bool has_any_size(std::string_view model) { return !model.starts_with("gpt-image-1"); }
bool is_newest(std::string_view model) {
  return model.find("2.5") != std::string_view::npos || model.find("2.6") != std::string_view::npos;
}

std::optional<int> side(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

// "1536x1024" as width and height.
std::optional<std::pair<int, int>> sides(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != 'x') continue;
    const auto width = side(text.substr(0, i)), height = side(text.substr(i + 1));
    if (width && height) return std::pair(*width, *height);
    break;
  }
  return std::nullopt;
}

bool is_size_of(std::string_view model, std::string_view text) {
  if (text == "1024x1024" || text == "1536x1024" || text == "1024x1536") return true;
  const auto size = sides(text);
  if (!size || !has_any_size(model) || size->first % 16 != 0 || size->second % 16 != 0) return false;
  const auto [shorter, longer] = std::minmax(size->first, size->second);
  return longer <= 3 * shorter && longer <= 3840 && shorter <= 2160;
}

void read_size(const Call& call, Reader& body, Checks& checks, ImageAsk& ask) {
  const std::string size = body.text("size", "auto");
  ask.size = size == "auto" ? "1024x1024" : size;
  if (is_size_of(call.model, ask.size))
    std::tie(ask.width, ask.height) = *sides(ask.size);
  else
    checks.invalid("size", fmt::format("'{}' is no size of the model {}", size, call.model));
}

// What both endpoints take.
void read_common(const Call& call, Reader& body, Checks& checks, ImageAsk& ask) {
  body.ignore({"model", "user"});
  ask.prompt = body.required_text("prompt");
  if (body.has("prompt")) {
    checks.require(!ask.prompt.empty(), "prompt", "it must not be empty");
    checks.require(count_characters(ask.prompt) <= kPromptCharactersMax, "prompt",
                   fmt::format("it is longer than {} characters", kPromptCharactersMax));
  }
  ask.count = static_cast<int>(body.integer("n", 1, 10).value_or(1));
  read_size(call, body, checks, ask);
  ask.quality = is_newest(call.model) ? body.choice("quality", {"low", "medium", "high", "auto", "xhigh", "max"})
                                      : body.choice("quality", {"low", "medium", "high", "auto"});
  if (ask.quality.empty() || ask.quality == "auto") ask.quality = "medium";
  ask.format = body.choice("output_format", {"png", "jpeg", "webp"});
  if (ask.format.empty()) ask.format = "png";
  ask.is_transparent = body.choice("background", {"transparent", "opaque", "auto"}) == "transparent";
  checks.require(!ask.is_transparent || ask.format != "jpeg", "background", "a jpeg has nothing transparent");
  const auto compression = body.integer("output_compression", 0, 100);
  checks.require(!compression || *compression == 100 || ask.format != "png", "output_compression",
                 "a png is not compressed to less than 100");
  (void)body.choice("moderation", {"auto", "low"});
  ask.is_streamed = body.flag("stream");
  ask.partial_count = static_cast<int>(body.integer("partial_images", 0, 3).value_or(0));
  checks.require(ask.partial_count == 0 || ask.is_streamed, "partial_images", "it needs 'stream'");
  if (call.model.find("2.6") != std::string::npos) (void)body.choice("complexity", {"low", "medium", "high"});
}

Problem unsupported(std::string_view type, const std::string& param) {
  return {.status = 400,
          .message = fmt::format("Invalid file '{}': unsupported mimetype ('{}'). Supported file formats are "
                                 "'image/jpeg', 'image/png', and 'image/webp'.",
                                 param, type),
          .type = "invalid_request_error",
          .code = "unsupported_file_mimetype",
          .param = param};
}

// A file that says it is a picture, and is one of that kind.
std::optional<PictureFacts> check_picture(const FormFile& file, std::size_t size_bytes_max, Checks& checks) {
  const std::string param(file.field());
  if (file.type != "image/png" && file.type != "image/jpeg" && file.type != "image/webp")
    checks.add(unsupported(file.type, param));
  checks.require(file.bytes.size() <= size_bytes_max, param, fmt::format("it is over {} bytes", size_bytes_max));
  auto facts = picture_facts(file.bytes);
  checks.require(facts && facts->type == file.type, param,
                 fmt::format("what is in '{}' is no {}", file.filename, file.type));
  return facts;
}

void read_form_images(const Form& form, Checks& checks, ImageAsk& ask) {
  const auto images = form.files_of("image"), masks = form.files_of("mask");
  if (images.empty()) checks.add(checks.words().missing("image"));
  checks.require(images.size() <= kImagesMax, "image", fmt::format("there are more than {}", kImagesMax));
  const bool is_list =
      std::any_of(images.begin(), images.end(), [](const auto* each) { return each->name != "image"; });
  checks.require(images.size() < 2 || is_list, "image", "several are sent as 'image[]'");
  checks.require(masks.size() < 2, "mask", "there may be one");
  std::optional<PictureFacts> first;
  for (const FormFile* image : images) {
    const auto facts = check_picture(*image, kImageBytesMax, checks);
    if (!first) first = facts;
    ask.seed ^= quick_hash(image->bytes);
  }
  for (const FormFile* mask : masks) {
    const auto facts = check_picture(*mask, kMaskBytesMax, checks);
    checks.require(mask->type == "image/png", "mask", "it must be a png");
    const bool is_comparable = facts && first && facts->width > 0 && first->width > 0;
    checks.require(!is_comparable || (facts->width == first->width && facts->height == first->height), "mask",
                   "its size is not the image's");
  }
  for (const FormFile& file : form.files)
    if (file.field() != "image" && file.field() != "mask")
      checks.add(checks.words().unknown(std::string(file.field())));
  ask.image_count = images.size();
}

// {"image_url": "..."} or {"file_id": "..."}.
void read_reference(const json::Value& value, const std::string& path, Checks& checks, ImageAsk& ask) {
  constexpr std::size_t kUrlCharactersMax = 20'971'520;
  Reader reference(value, path, checks);
  const std::string url = reference.text("image_url"), file = reference.text("file_id");
  reference.refuse_others();
  checks.require(url.empty() != file.empty(), path, "it has either 'image_url' or 'file_id'");
  if (!url.empty()) {
    checks.require(url.size() <= kUrlCharactersMax, path, "the address is too long");
    const auto medium = medium_of_url("image", url);
    checks.require(medium.has_value(), path, "it is no address of an image");
    if (medium && !medium->type.empty() && !medium->type.starts_with("image/"))
      checks.add(unsupported(medium->type, path));
  }
  ask.seed ^= quick_hash(url + file);
}

void read_json_images(Reader& body, Checks& checks, ImageAsk& ask) {
  if (const auto* images = body.required_array("images")) {
    checks.require(!images->empty() && images->size() <= kImagesMax, "images",
                   fmt::format("there must be 1 to {}", kImagesMax));
    for (std::size_t i = 0; i < images->size(); ++i)
      read_reference((*images)[i], checks.element("images", i), checks, ask);
    ask.image_count = images->size();
  }
  if (const json::Value* mask = body.find("mask")) read_reference(*mask, "mask", checks, ask);
}

json::Object usage_of(const ImageAsk& ask, int count) {
  const std::int64_t text = count_tokens(ask.prompt);
  const std::int64_t images = kTokensPerMedium * static_cast<std::int64_t>(ask.image_count);
  // Of a square of 1024, as the provider's table has it; by area otherwise.
  const std::int64_t square = ask.quality == "low" ? 272 : ask.quality == "medium" ? 1056 : 4160;
  const std::int64_t each = std::max<std::int64_t>(1, square * ask.width * ask.height / (1024 * 1024));
  return {{"total_tokens", text + images + each * count},
          {"input_tokens", text + images},
          {"output_tokens", each * count},
          {"input_tokens_details", {{"text_tokens", text}, {"image_tokens", images}}},
          {"output_tokens_details", {{"text_tokens", 0}, {"image_tokens", each * count}}}};
}

std::string picture_text(const ImageAsk& ask, int index, int step_count) {
  const Picture picture{.width = ask.width,
                        .height = ask.height,
                        .seed = ask.seed + static_cast<std::uint64_t>(index),
                        .step_count = step_count,
                        .is_transparent = ask.is_transparent};
  if (ask.format == "jpeg") return base64(jpeg_of(picture));
  return base64(ask.format == "webp" ? webp_of(picture) : png_of(picture));
}

json::Object told(const ImageAsk& ask) {
  return {{"background", ask.is_transparent ? "transparent" : "opaque"},
          {"output_format", ask.format},
          {"size", ask.size},
          {"quality", ask.quality}};
}

Answer whole(const ImageAsk& ask) {
  json::Array data;
  for (int i = 0; i < ask.count; ++i) data.push_back(json::Object{{"b64_json", picture_text(ask, i, 256)}});
  json::Object answer{{"created", kCreatedSeconds}, {"data", std::move(data)}};
  for (const auto& [name, value] : told(ask)) answer[name] = value;
  answer["usage"] = usage_of(ask, ask.count);
  return json_answer(answer);
}

// Partial images have fewer steps of colour than the last, of which there is one for each that was asked for.
Answer streamed(const Call& call, const ImageAsk& ask, std::string_view prefix) {
  Answer answer;
  answer.framing = Framing::sse;
  answer.content_type = "text/event-stream; charset=utf-8";
  const auto add = [&](PieceKind kind, std::string_view what, json::Object data) {
    const std::string type = fmt::format("{}.{}", prefix, what);
    json::Object event{{"type", type}};
    for (const auto& [name, value] : data) event[name] = value;
    event["created_at"] = kCreatedSeconds;
    for (const auto& [name, value] : told(ask)) event[name] = value;
    answer.pieces.push_back({kind, json::write(event), type});
  };
  for (int i = 0; i < ask.count; ++i) {
    for (int partial = 0; partial < ask.partial_count; ++partial)
      add(PieceKind::token, "partial_image",
          {{"b64_json", picture_text(ask, i, 4 << partial)}, {"partial_image_index", partial}});
    // All but the last say something and end nothing yet.
    add(i + 1 < ask.count ? PieceKind::token : PieceKind::finish, "completed",
        {{"b64_json", picture_text(ask, i, 256)}, {"usage", usage_of(ask, 1)}});
  }
  if (const auto problem = stream_problem(call.faults))
    answer.error_pieces.push_back(
        {PieceKind::end, json::write(error_body(call.errors, *problem, call.request.number)), "error"});
  return answer;
}

Answer answer_images(const Call& call, const Checks& checks, ImageAsk& ask, std::string_view prefix) {
  if (is_retired(call.model))
    return refuse(call, {.status = 404,
                         .message = fmt::format("The model '{}' was retired.", call.model),
                         .type = "invalid_request_error",
                         .code = "model_not_found",
                         .param = "model"});
  if (!checks.is_fine()) return refuse(call, *checks.first());
  const bool is_blocked =
      call.faults.has("filter") || call.faults.has("filter-prompt") || directive(ask.prompt, "filter");
  if (is_blocked)
    return refuse(call, {.status = 400,
                         .message = "Your request was rejected by the double's safety system.",
                         .type = "image_generation_user_error",
                         .code = "moderation_blocked"});
  ask.seed ^= quick_hash(ask.prompt);
  return ask.is_streamed && !call.faults.has("as-json") ? streamed(call, ask, prefix) : whole(ask);
}

}  // namespace

Answer answer_image_generations(const Call& call) {
  Checks checks(kOpenAiWords, call.dialect.is_strict);
  if (call.form)
    return refuse(call, {.status = 400, .message = "Unsupported content type: 'application/json' is expected."});
  Reader body(call.body, "", checks);
  ImageAsk ask;
  read_common(call, body, checks, ask);
  body.refuse_others();
  return answer_images(call, checks, ask, "image_generation");
}

Answer answer_image_edits(const Call& call) {
  Checks checks(kOpenAiWords, call.dialect.is_strict);
  json::Object fields = call.body;
  if (call.form) {
    read_numbers(fields, {"n", "output_compression", "partial_images"});
    read_flags(fields, {"stream"});
  }
  Reader body(fields, "", checks);
  ImageAsk ask;
  if (call.form)
    read_form_images(*call.form, checks, ask);
  else
    read_json_images(body, checks, ask);
  read_common(call, body, checks, ask);
  if (!call.model.ends_with("-mini")) (void)body.choice("input_fidelity", {"low", "high"});
  body.refuse_others();
  return answer_images(call, checks, ask, "image_edit");
}

}  // namespace atelier::doubles
