#include "model/media/comfyui_workflow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "model/loose_json.hpp"
#include "model/media/checkpoint_size.hpp"

namespace atelier::model {
namespace {

constexpr std::size_t kComfyNodesMax = 2'000;
constexpr std::string_view kPlaceOpens = "{{", kPlaceCloses = "}}";

std::unexpected<Error> refuse_workflow(std::string where, std::string words) {
  return fail(ErrorCode::invalid_argument, std::move(words),
              {.reason = "not_supported_by_model", .where = std::move(where)});
}

// What a request has for the places of a workflow.
class ComfyValues {
 public:
  ComfyValues(const MediaRequest& request, const ComfyFilling& filling) {
    have("prompt", request.prompt);
    have("negative", request.negative);
    have("seed", request.seed.value_or(filling.seed));
    have("count", request.count);
    have("model", filling.model);
    have("filename_prefix", filling.prefix);
    if (!request.prompt.empty()) must("prompt", "prompt");
    if (!request.negative.empty()) must("negative", "negative");
    if (request.seed) must("seed", "seed");
    if (request.count > 1) must("count", "count");
    if (request.width > 0) {
      give("width", request.width);
      give("height", request.height);
    }
    if (request.strength) give("strength", *request.strength);
    if (request.duration) give("duration", *request.duration);
    if (request.speed) give("speed", *request.speed);
    for (const auto& [name, text] : {std::pair<std::string_view, const std::string&>("ratio", request.ratio),
                                     {"voice", request.voice},
                                     {"format", request.format},
                                     {"quality", request.quality},
                                     {"language", request.language}})
      if (!text.empty()) give(name, text);
    give_files(request, filling.uploaded);
    for (const auto& [name, value] : request.options) {
      const std::string_view key = name;
      if (key == "workflow" || values_.contains(key)) continue;
      have(key, value);
      must(key, fmt::format("options/{}", key));
    }
  }

  // Null: there is none.
  const json::Value* take(std::string_view name) {
    const auto found = values_.find(name);
    if (found == values_.end()) return nullptr;
    if (name == "reference") unused_.erase("reference_1");
    unused_.erase(std::string(name));
    return &found->second;
  }
  // What the request says and no place took: the place, and the field.
  const std::map<std::string, std::string>& unused() const noexcept { return unused_; }

 private:
  template <class T>
  void have(std::string_view name, const T& value) {
    values_.insert_or_assign(std::string(name), json::Value(value));
  }
  void must(std::string_view name, std::string field) { unused_.insert_or_assign(std::string(name), std::move(field)); }
  template <class T>
  void give(std::string_view name, const T& value) {
    have(name, value);
    must(name, std::string(name));
  }
  void give_files(const MediaRequest& request, std::span<const std::string> uploaded) {
    int references = 0;
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
      const MediaInput& input = request.inputs[i];
      const std::string& file = i < uploaded.size() && !uploaded[i].empty() ? uploaded[i] : input.name;
      std::string name(to_string(input.role));
      if (input.role == MediaInput::Role::reference) {
        if (references == 0) have(name, file);
        name = fmt::format("reference_{}", ++references);
      }
      have(name, file);
      must(name, "inputs");
    }
  }

  std::map<std::string, json::Value, std::less<>> values_;
  std::map<std::string, std::string> unused_;
};

// The request's field that fills a place.
std::string field_of(std::string_view place) {
  constexpr std::array<std::string_view, 12> kFields = {"prompt", "negative", "width",    "height",
                                                        "ratio",  "strength", "voice",    "duration",
                                                        "speed",  "quality",  "language", "format"};
  if (std::ranges::find(kFields, place) != kFields.end()) return std::string(place);
  if (place.starts_with("reference") || parse_media_role(place)) return "inputs";
  return fmt::format("options/{}", place);
}

// Puts values into one text's places. What is put in is not looked at again.
Result<json::Value> fill_text(std::string_view text, ComfyValues& values) {
  std::string out;
  while (true) {
    const std::size_t opens = text.find(kPlaceOpens);
    const std::size_t closes = opens == std::string_view::npos ? opens : text.find(kPlaceCloses, opens);
    if (closes == std::string_view::npos) {
      out += text;
      return json::Value(std::move(out));
    }
    const std::string_view place = text.substr(opens + kPlaceOpens.size(), closes - opens - kPlaceOpens.size());
    const std::size_t bar = place.find('|');
    const json::Value* value = values.take(place.substr(0, bar));
    json::Value otherwise;
    if (value == nullptr) {
      if (bar == std::string_view::npos)
        return refuse_workflow("/" + field_of(place), fmt::format("the workflow wants \"{}\"", place));
      // "20" is a number, "euler" is none.
      const auto parsed = json::parse(place.substr(bar + 1));
      otherwise = parsed && parsed->is_number() ? *parsed : json::Value(place.substr(bar + 1));
      value = &otherwise;
    }
    const std::string_view rest = text.substr(closes + kPlaceCloses.size());
    if (out.empty() && opens == 0 && rest.empty()) return *value;
    out += text.substr(0, opens);
    out += value->is_string() ? std::string(value->get_string()) : json::write(*value);
    text = rest;
  }
}

Result<> fill_value(json::Value& value, ComfyValues& values) {
  if (value.is_string()) {
    auto filled = fill_text(value.get_string(), values);
    if (!filled) return error_of(filled);
    value = std::move(*filled);
  } else if (value.is_array()) {
    for (json::Value& one : value.get_array())
      if (auto filled = fill_value(one, values); !filled) return filled;
  } else if (value.is_object()) {
    for (auto& one : value.get_object())
      if (auto filled = fill_value(one.value(), values); !filled) return filled;
  }
  return {};
}

Result<json::Object> own_workflow(const json::Object& given, ComfyValues values) {
  if (given.contains("nodes") && given.contains("links"))
    return refuse_workflow("/options/workflow",
                           "this is the workflow as ComfyUI's page keeps it: export it with \"Save (API Format)\"");
  if (given.empty() || given.size() > kComfyNodesMax)
    return refuse_workflow("/options/workflow", fmt::format("a workflow has 1 to {} nodes", kComfyNodesMax));
  json::Object workflow = given;
  for (auto& [id, node] : workflow) {
    json::Object* fields = node.if_object();
    json::Value* inputs = fields ? fields->if_contains("inputs") : nullptr;
    if (inputs == nullptr || !inputs->is_object() || loose::view_at(*fields, "class_type").empty())
      return refuse_workflow(fmt::format("/options/workflow/{}", std::string_view(id)),
                             "a node is an object with \"class_type\" and \"inputs\"");
    if (auto filled = fill_value(*inputs, values); !filled) return error_of(filled);
  }
  if (!values.unused().empty()) {
    const auto& [place, field] = *values.unused().begin();
    return refuse_workflow(fmt::format("/{}", field),
                           fmt::format("the workflow has no place for it: write {{{{{}}}}} where it belongs", place));
  }
  return workflow;
}

json::Array link(std::string_view node, int output) { return json::Array{json::Value(node), output}; }
json::Object node(std::string_view type, json::Object inputs) {
  return {{"class_type", type}, {"inputs", std::move(inputs)}};
}

// What the sampler begins with, as node "5": nothing, or a picture.
void put_latent(json::Object& workflow, const MediaRequest& request, const ComfyFilling& filling) {
  const auto file_of = [&](MediaInput::Role role) {
    for (std::size_t i = 0; i < request.inputs.size(); ++i)
      if (request.inputs[i].role == role)
        return i < filling.uploaded.size() && !filling.uploaded[i].empty() ? filling.uploaded[i]
                                                                           : request.inputs[i].name;
    return std::string();
  };
  const std::string picture = file_of(MediaInput::Role::reference), mask = file_of(MediaInput::Role::mask);
  if (picture.empty()) {
    const auto [width, height] = checkpoint_size(request, filling.model);
    workflow["5"] = node("EmptyLatentImage", {{"width", width}, {"height", height}, {"batch_size", request.count}});
    return;
  }
  workflow["10"] = node("LoadImage", {{"image", picture}});
  std::string_view pixels = "10", latent = "12";
  const MediaInput& given = *request.find(MediaInput::Role::reference);
  const PixelSize wanted = checkpoint_size(request, filling.model);
  const bool has_wish = request.width > 0 || !request.ratio.empty();
  if (has_wish || picture_size(given.bytes).value_or(wanted) != wanted) {
    workflow["11"] = node("ImageScale", {{"image", link(pixels, 0)},
                                         {"upscale_method", "lanczos"},
                                         {"width", wanted.width},
                                         {"height", wanted.height},
                                         {"crop", has_wish ? "center" : "disabled"}});
    pixels = "11";
  }
  workflow["12"] = node("VAEEncode", {{"pixels", link(pixels, 0)}, {"vae", link("1", 2)}});
  if (!mask.empty()) {
    // LoadImage's second output is 1 where a picture is transparent, and so is what is to be changed.
    workflow["13"] = node("LoadImage", {{"image", mask}});
    workflow["14"] = node("SetLatentNoiseMask", {{"samples", link("12", 0)}, {"mask", link("13", 1)}});
    latent = "14";
  }
  workflow["5"] = node("RepeatLatentBatch", {{"samples", link(latent, 0)}, {"amount", request.count}});
}

Result<json::Object> plain_workflow(const MediaRequest& request, const ComfyFilling& filling) {
  if (filling.model == kComfyWorkflowModel)
    return refuse_workflow("/options/workflow", "give the workflow, exported with \"Save (API Format)\"");
  if (request.find(MediaInput::Role::mask) != nullptr && (request.width > 0 || !request.ratio.empty()))
    return refuse_workflow(request.width > 0 ? "/width" : "/ratio", "a picture with a mask keeps its shape");
  constexpr double kStrength = 0.7;  // from a picture, where nobody says
  const bool has_picture = request.find(MediaInput::Role::reference) != nullptr;
  json::Object sampler{{"seed", request.seed.value_or(filling.seed)},
                       {"steps", 25},
                       {"cfg", 7.0},
                       {"sampler_name", "euler"},
                       {"scheduler", "normal"},
                       {"denoise", has_picture ? request.strength.value_or(kStrength) : 1.0}};
  for (const auto& [name, value] : request.options) {
    const std::string_view key = name;
    if (key != "steps" && key != "cfg" && key != "sampler_name" && key != "scheduler")
      return refuse_workflow(fmt::format("/options/{}", key),
                             "without a workflow the options are steps, cfg, sampler_name and scheduler");
    sampler[key] = value;
  }
  sampler["model"] = link("1", 0);
  sampler["positive"] = link("2", 0);
  sampler["negative"] = link("3", 0);
  sampler["latent_image"] = link("5", 0);
  json::Object workflow;
  workflow["1"] = node("CheckpointLoaderSimple", {{"ckpt_name", filling.model}});
  workflow["2"] = node("CLIPTextEncode", {{"text", request.prompt}, {"clip", link("1", 1)}});
  workflow["3"] = node("CLIPTextEncode", {{"text", request.negative}, {"clip", link("1", 1)}});
  put_latent(workflow, request, filling);
  workflow["4"] = node("KSampler", std::move(sampler));
  workflow["6"] = node("VAEDecode", {{"samples", link("4", 0)}, {"vae", link("1", 2)}});
  workflow["7"] = node("SaveImage", {{"images", link("6", 0)}, {"filename_prefix", filling.prefix}});
  return workflow;
}

}  // namespace

Result<json::Object> comfy_workflow(const MediaRequest& request, const ComfyFilling& filling) {
  const json::Value* given = request.options.if_contains("workflow");
  if (given == nullptr) return plain_workflow(request, filling);
  if (!given->is_object()) return refuse_workflow("/options/workflow", "must be an object of nodes");
  return own_workflow(given->get_object(), ComfyValues(request, filling));
}

}  // namespace atelier::model
