// Pictures within an answer of Gemini.
#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "tests/double/gemini.hpp"
#include "tests/double/job_shape.hpp"
#include "tests/double/picture.hpp"

namespace atelier::doubles {
namespace {

constexpr int kPictureTokens = 1'290;

const json::Object* object_in(const json::Object& from, std::string_view name) {
  const json::Value* value = from.if_contains(name);
  return value ? value->if_object() : nullptr;
}

Answer answered(json::Object candidate) {
  json::Object body;
  body["candidates"] = json::Array{json::Value(std::move(candidate))};
  return json_answer(body);
}

json::Object content_of(json::Array parts) {
  json::Object content{{"role", "model"}};
  content["parts"] = std::move(parts);
  return content;
}

}  // namespace

bool makes_pictures(std::string_view model) noexcept { return model.find("-image") != std::string_view::npos; }

Answer answer_gemini_pictures(const Call& call) {
  const std::string words = words_in(call.body);
  const json::Object* config = object_in(call.body, "generationConfig");
  const json::Object* picture = config ? object_in(*config, "imageConfig") : nullptr;
  if (!call.body.contains("contents")) return refuse(call, {.status = 400, .message = "contents is not specified"});
  const std::string size = picture ? text_in(*picture, "imageSize") : std::string();
  if (!size.empty() && size != "512" && size != "1K" && size != "2K" && size != "4K")
    return refuse(call, {.status = 400, .message = fmt::format("Invalid value at 'image_size': \"{}\"", size)});
  if (directive(words, "filter")) return answered({{"finishReason", "IMAGE_SAFETY"}, {"index", 0}});
  if (const auto said = directive(words, "answer")) {
    json::Object candidate{{"finishReason", "STOP"}, {"index", 0}};
    candidate["content"] = content_of({json::Object{{"text", *said}}});
    return answered(std::move(candidate));
  }
  Job shape;
  if (picture) take_ratio(text_in(*picture, "aspectRatio"), shape);
  const auto drawn = [&](std::uint64_t seed) {
    return json::Object{
        {"mimeType", "image/png"},
        {"data", base64(png_of({.width = shape.width, .height = shape.height, .seed = quick_hash(words) + seed}))}};
  };
  json::Array parts;
  parts.push_back(json::Object{{"thought", true}, {"inlineData", drawn(1)}});  // a draft, and no result
  parts.push_back(json::Object{{"text", "Here it is."}});
  parts.push_back(json::Object{{"inlineData", drawn(0)}, {"thoughtSignature", "c2lnbmVk"}});
  json::Object candidate{{"finishReason", "STOP"}, {"index", 0}};
  candidate["content"] = content_of(std::move(parts));
  json::Object body;
  body["candidates"] = json::Array{json::Value(std::move(candidate))};
  body["usageMetadata"] = json::Object{
      {"promptTokenCount", count_tokens(words)},
      {"candidatesTokenCount", kPictureTokens},
      {"candidatesTokensDetails", json::Array{json::Object{{"modality", "IMAGE"}, {"tokenCount", kPictureTokens}}}}};
  body["modelVersion"] = call.model;
  return json_answer(body);
}

}  // namespace atelier::doubles
