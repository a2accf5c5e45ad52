// AUTOMATIC1111's web page for Stable Diffusion and its descendants (Forge, SD.Next), started with --api: a request
// stays open until its pictures are made.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/media/checkpoint_size.hpp"
#include "model/media/parts.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model {
namespace {

// The checkpoint, or the upscaler, that the server has loaded or chooses.
constexpr std::string_view kA1111Default = "default";
constexpr std::array kA1111Known = {
    KnownMediaModel{kA1111Default, "The checkpoint that is loaded", MediaKind::image},
    KnownMediaModel{"R-ESRGAN 4x+", "R-ESRGAN 4x+", MediaKind::upscale},
    KnownMediaModel{"R-ESRGAN 4x+ Anime6B", "R-ESRGAN 4x+ Anime6B", MediaKind::upscale},
    KnownMediaModel{"Lanczos", "Lanczos", MediaKind::upscale},
};
constexpr std::chrono::minutes kA1111Takes{30};
constexpr double kA1111Strength = 0.7;

bool is_upscaler(std::string_view model) {
  return has_any_of(model,
                    {"esrgan", "lanczos", "nearest", "ldsr", "swinir", "scunet", "upscal", "4x-", "4x_", "ultrasharp"});
}

class A1111 final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::a1111; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kA1111Known; }

  // [{"title": "dream.safetensors [abc]", "model_name": "dream"}]
  std::optional<WireRequest> list_models(const Target& target) const override {
    return get_from(with_basic_key(target), "/sdapi/v1/sd-models", "Basic");
  }
  Result<std::vector<ListedModel>> read_models(std::string_view body) const override {
    auto list = json::parse(body);
    if (!list || !list->is_array()) return fail(ErrorCode::unavailable, "the web UI's list of checkpoints is none");
    std::vector<ListedModel> models;
    for (const json::Value& each : list->get_array()) {
      const json::Object* one = each.if_object();
      std::string id = one ? loose::text_at(*one, "model_name") : std::string();
      if (!id.empty()) models.push_back({.id = std::move(id), .title = loose::text_at(*one, "title")});
    }
    return models;
  }

  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    MediaAbility can;
    if (kind == MediaKind::upscale) {
      if (!is_upscaler(model)) return std::nullopt;
      can.needs_prompt = false;
      can.prompt_bytes_max = 0;
      can.references_min = can.references_max = 1;
      // The larger picture's; without it, four times the size.
      can.side_min = 16;
      can.side_max = 8'192;
      can.formats = {"png"};
      return can;
    }
    if (kind != MediaKind::image || is_upscaler(model)) return std::nullopt;
    can.has_negative = can.has_seed = can.has_strength = can.has_mask = can.any_ratio = true;
    can.count_max = 10;
    can.references_max = 1;
    can.side_min = 64;
    can.side_max = 4'096;
    can.side_step = 8;
    can.formats = {"png"};
    return can;
  }
  Result<> check_more(const MediaRequest& request, std::string_view) const override {
    constexpr std::int64_t kSeedMax = 4'294'967'295;
    if (request.seed && *request.seed > kSeedMax)
      return fail(ErrorCode::invalid_argument, fmt::format("seeds go up to {}", kSeedMax),
                  {.reason = "not_supported_by_model", .where = "/seed"});
    return {};
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    const bool is_upscale = request.kind == MediaKind::upscale;
    json::Object body = is_upscale ? enlarge(request, target.model) : draw(request, target.model);
    json::Object options = request.options;
    if (!is_upscale) {
      auto settings = settings_of(options, target.model);
      if (!settings) return error_of(settings);
      if (!settings->empty()) {
        body["override_settings"] = std::move(*settings);
        // The next picture mostly wants the same; to go back would load a checkpoint once more.
        body["override_settings_restore_afterwards"] = false;
        options.erase("override_settings");
      }
    }
    if (auto put = put_options(body, options); !put) return error_of(put);
    const std::string_view path = is_upscale               ? "/sdapi/v1/extra-single-image"
                                  : request.inputs.empty() ? "/sdapi/v1/txt2img"
                                                           : "/sdapi/v1/img2img";
    WireRequest out = post_json(with_basic_key(target), path, std::move(body), "Basic");
    out.first_byte_at_least = kA1111Takes;
    return out;
  }
  // Nobody is charged for a picture that is made again.
  bool is_idempotent() const noexcept override { return true; }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    MediaDone done;
    const json::Object info = loose::parse_object(loose::view_at(*answer, "info")).value_or(json::Object());
    if (const std::string_view one = loose::view_at(*answer, "image"); !one.empty()) {
      if (!add_picture(one, done)) return std::unexpected(broken_answer("the picture is no base64"));
    } else if (const json::Array* images = loose::array_at(*answer, "images")) {
      // A grid of all comes first where the server is set to make one; what extensions add comes last.
      const auto first =
          static_cast<std::size_t>(std::max<std::int64_t>(0, loose::integer_at(info, "index_of_first_image")));
      const std::size_t end = std::min(images->size(), first + static_cast<std::size_t>(request.count));
      for (std::size_t i = first; i < end; ++i)
        if (!add_picture(loose::view_of((*images)[i]), done))
          return std::unexpected(broken_answer("a picture is no base64"));
    }
    if (done.files.empty()) return std::unexpected(broken_answer("the answer has no pictures"));
    if (const json::Value* seed = info.if_contains("seed"); seed != nullptr && seed->is_int64())
      done.seed = seed->get_int64();
    return done;
  }

  // {"error": "OutOfMemoryError", "detail": "", "body": "", "errors": "CUDA out of memory"}, or FastAPI's own
  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    Fault fault = fault_by_status(head, body);
    const auto answer = has_json(head, body) ? loose::parse_object(body) : std::nullopt;
    if (!answer) {
      if (head.status == 404) fault.message = "the server has no such address: is it started with --api?";
      return fault;
    }
    fault.code = loose::text_at(*answer, "error");
    const std::string_view words = loose::view_at(*answer, "errors");
    if (!words.empty()) fault.message = cut_words(fmt::format("{}: {}", fault.code, words));
    if (has_any_of(fault.message, {"out of memory"})) fault.kind = Fault::Kind::overloaded;
    // A sampler or a checkpoint that is not there, in FastAPI's words; its plain "Not Found" is an address.
    if (head.status == 404 && fault.message == "Not Found")
      fault.message = "the server has no such address: is it started with --api?";
    return fault;
  }

 private:
  // --api-auth takes a name and a password, "name:password".
  static Target with_basic_key(Target target) {
    if (!target.credential.key.empty()) target.credential.key = base64(target.credential.key);
    return target;
  }

  static json::Object draw(const MediaRequest& request, std::string_view model) {
    const PixelSize size = checkpoint_size(request, model);
    json::Object body{{"prompt", request.prompt}, {"width", size.width}, {"height", size.height},
                      {"n_iter", request.count},  // one by one: a batch at once may not fit into the memory
                      {"batch_size", 1},          {"send_images", true}, {"save_images", false}};
    if (!request.negative.empty()) body["negative_prompt"] = request.negative;
    if (request.seed) body["seed"] = *request.seed;
    if (request.inputs.empty()) return body;
    body["init_images"] = json::Array{json::Value(base64(request.find(MediaInput::Role::reference)->bytes))};
    body["denoising_strength"] = request.strength.value_or(kA1111Strength);
    body["resize_mode"] = 1;  // cut to the shape, not stretched
    if (const MediaInput* mask = request.find(MediaInput::Role::mask)) {
      body["mask"] = base64(mask->bytes);
      // Of a mask with transparency it takes the alpha as "to be changed", which is ours the other way round.
      body["inpainting_mask_invert"] = 1;
      body["inpainting_fill"] = 1;  // begins with what is there
    }
    return body;
  }

  static json::Object enlarge(const MediaRequest& request, std::string_view model) {
    json::Object body{{"image", base64(request.find(MediaInput::Role::reference)->bytes)}, {"upscaler_1", model}};
    if (request.width > 0) {
      body["resize_mode"] = 1;
      body["upscaling_resize_w"] = request.width;
      body["upscaling_resize_h"] = request.height;
    } else {
      body["resize_mode"] = 0;
      body["upscaling_resize"] = 4;
    }
    return body;
  }

  static Result<json::Object> settings_of(const json::Object& options, std::string_view model) {
    json::Object settings;
    if (const json::Object* given = loose::object_at(options, "override_settings")) settings = *given;
    if (model == kA1111Default) return settings;
    if (settings.contains("sd_model_checkpoint"))
      return fail(ErrorCode::invalid_argument, "the checkpoint is the model that is asked for",
                  {.reason = "option_taken", .where = "/options/override_settings/sd_model_checkpoint"});
    settings["sd_model_checkpoint"] = model;
    return settings;
  }

  static bool add_picture(std::string_view text, MediaDone& done) {
    if (auto file = file_at(text); file && file->url.empty()) {
      done.files.push_back(std::move(*file));
      return true;
    }
    auto bytes = decode_base64(text);
    if (!bytes || bytes->empty()) return false;
    done.files.push_back({.bytes = std::move(*bytes), .media_type = "image/png"});
    return true;
  }
};

}  // namespace

const MediaAdapter& a1111_adapter() {
  static const A1111 adapter;
  return adapter;
}

}  // namespace atelier::model
