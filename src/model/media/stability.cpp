// Stability AI, v2beta: pictures, their edits and enlargements, and sound. Everything is asked for as a form and
// answered at once, but the creative enlargement, which is a job.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/loose_json.hpp"
#include "model/media/mask.hpp"
#include "model/media/parts.hpp"
#include "model/provider/http_parts.hpp"
#include "net/url.hpp"

namespace atelier::model {
namespace {

struct StabilityModel {
  enum class Work : std::uint8_t {
    text,     // pictures from words
    sd3,      // the same of one address for several models, whose name is a field
    edit,     // of a picture, by words
    control,  // a picture that keeps to another one's lines or look
    upscale,
    audio,
  };
  KnownMediaModel known;
  std::string_view path;  // below kStabilityImages; empty: kStabilityAudio
  Work work;
  bool has_prompt = true, has_negative = true, has_seed = true, has_mask = false;
  std::string_view needs_option = {};  // one without which there is nothing to do
};
using StabilityWork = StabilityModel::Work;

constexpr std::string_view kStabilityImages = "/v2beta/stable-image/";
constexpr std::string_view kStabilityAudio = "/v2beta/audio/stable-audio-2/text-to-audio";
constexpr std::array kStabilityModels = {
    StabilityModel{.known = {"stable-image-ultra", "Stable Image Ultra", MediaKind::image},
                   .path = "generate/ultra",
                   .work = StabilityWork::text},
    StabilityModel{.known = {"stable-image-core", "Stable Image Core", MediaKind::image},
                   .path = "generate/core",
                   .work = StabilityWork::text},
    StabilityModel{.known = {"sd3.5-large", "Stable Diffusion 3.5 Large", MediaKind::image},
                   .path = "generate/sd3",
                   .work = StabilityWork::sd3},
    StabilityModel{.known = {"sd3.5-large-turbo", "Stable Diffusion 3.5 Large Turbo", MediaKind::image},
                   .path = "generate/sd3",
                   .work = StabilityWork::sd3,
                   .has_negative = false},
    StabilityModel{.known = {"sd3.5-medium", "Stable Diffusion 3.5 Medium", MediaKind::image},
                   .path = "generate/sd3",
                   .work = StabilityWork::sd3},
    StabilityModel{.known = {"sd3.5-flash", "Stable Diffusion 3.5 Flash", MediaKind::image},
                   .path = "generate/sd3",
                   .work = StabilityWork::sd3},
    StabilityModel{.known = {"stable-image-inpaint", "Stable Image: paint into", MediaKind::image},
                   .path = "edit/inpaint",
                   .work = StabilityWork::edit,
                   .has_mask = true},
    StabilityModel{.known = {"stable-image-erase", "Stable Image: erase", MediaKind::image},
                   .path = "edit/erase",
                   .work = StabilityWork::edit,
                   .has_prompt = false,
                   .has_negative = false,
                   .has_mask = true},
    StabilityModel{.known = {"stable-image-outpaint", "Stable Image: widen", MediaKind::image},
                   .path = "edit/outpaint",
                   .work = StabilityWork::edit,
                   .has_negative = false},
    StabilityModel{.known = {"stable-image-search-and-replace", "Stable Image: replace", MediaKind::image},
                   .path = "edit/search-and-replace",
                   .work = StabilityWork::edit,
                   .needs_option = "search_prompt"},
    StabilityModel{.known = {"stable-image-search-and-recolor", "Stable Image: recolour", MediaKind::image},
                   .path = "edit/search-and-recolor",
                   .work = StabilityWork::edit,
                   .needs_option = "select_prompt"},
    StabilityModel{.known = {"stable-image-remove-background", "Stable Image: remove the background", MediaKind::image},
                   .path = "edit/remove-background",
                   .work = StabilityWork::edit,
                   .has_prompt = false,
                   .has_negative = false,
                   .has_seed = false},
    StabilityModel{.known = {"stable-image-sketch", "Stable Image: from a sketch", MediaKind::image},
                   .path = "control/sketch",
                   .work = StabilityWork::control},
    StabilityModel{.known = {"stable-image-structure", "Stable Image: keep the structure", MediaKind::image},
                   .path = "control/structure",
                   .work = StabilityWork::control},
    StabilityModel{.known = {"stable-image-style", "Stable Image: keep the style", MediaKind::image},
                   .path = "control/style",
                   .work = StabilityWork::control},
    StabilityModel{.known = {"stable-upscale-fast", "Stable Upscale, fast", MediaKind::upscale},
                   .path = "upscale/fast",
                   .work = StabilityWork::upscale,
                   .has_prompt = false,
                   .has_negative = false,
                   .has_seed = false},
    StabilityModel{.known = {"stable-upscale-conservative", "Stable Upscale, conservative", MediaKind::upscale},
                   .path = "upscale/conservative",
                   .work = StabilityWork::upscale},
    StabilityModel{.known = {"stable-upscale-creative", "Stable Upscale, creative", MediaKind::upscale},
                   .path = "upscale/creative",
                   .work = StabilityWork::upscale},
    StabilityModel{.known = {"stable-audio-2.5", "Stable Audio 2.5", MediaKind::music},
                   .path = "",
                   .work = StabilityWork::audio,
                   .has_negative = false},
    StabilityModel{.known = {"stable-audio-2", "Stable Audio 2", MediaKind::music},
                   .path = "",
                   .work = StabilityWork::audio,
                   .has_negative = false},
};

constexpr auto kStabilityKnown = [] {
  std::array<KnownMediaModel, kStabilityModels.size()> known{};
  std::ranges::transform(kStabilityModels, known.begin(), &StabilityModel::known);
  return known;
}();

constexpr std::size_t kStabilityPromptMax = 10'000;
constexpr std::uint64_t kStabilityFormMax = std::uint64_t{10} << 20;  // of a request with its pictures
constexpr std::int64_t kStabilitySeedMax = 4'294'967'294;
// Image to image must be told one; this is far enough for the words to be seen, and near enough for the picture.
constexpr double kStabilityStrength = 0.7;
constexpr std::chrono::minutes kStabilityTakes{5};

const StabilityModel* find_stability_model(std::string_view id) {
  const auto found = std::ranges::find(kStabilityModels, id, [](const StabilityModel& one) { return one.known.id; });
  return found == kStabilityModels.end() ? nullptr : &*found;
}

class Stability final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::stability; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kStabilityKnown; }

  std::optional<MediaAbility> ability(std::string_view id, MediaKind kind) const override {
    const StabilityModel* model = find_stability_model(id);
    if (model == nullptr) return std::nullopt;
    // What makes music makes the sound of rain as well.
    const bool is_sound = model->work == StabilityWork::audio && kind == MediaKind::sound;
    if (model->known.kind != kind && !is_sound) return std::nullopt;
    MediaAbility can;
    can.prompt_bytes_max = model->has_prompt ? kStabilityPromptMax : 0;
    can.needs_prompt = model->has_prompt && id != "stable-image-outpaint";
    can.has_negative = model->has_negative;
    can.has_seed = model->has_seed;
    can.has_mask = model->has_mask;
    can.input_bytes_max = kStabilityFormMax;
    can.formats = {"png", "jpeg", "webp"};
    const bool has_ratio =
        model->work == StabilityWork::text || model->work == StabilityWork::sd3 || id == "stable-image-style";
    if (has_ratio) can.ratios = {"1:1", "16:9", "9:16", "3:2", "2:3", "4:5", "5:4", "21:9", "9:21"};
    switch (model->work) {
      case StabilityWork::text:
        can.references_max = id == "stable-image-ultra" ? 1 : 0;
        break;
      case StabilityWork::sd3:
        can.references_max = 1;
        can.formats = {"png", "jpeg"};
        break;
      case StabilityWork::control:
      case StabilityWork::edit:
      case StabilityWork::upscale:
        can.references_min = can.references_max = 1;
        break;
      case StabilityWork::audio:
        can.duration_min = 1;
        can.duration_max = 190;
        can.formats = {"mp3", "wav"};
        break;
    }
    can.has_strength = model->work == StabilityWork::control || (has_ratio && can.references_max > 0);
    if (id == "stable-image-remove-background") can.formats = {"png", "webp"};
    return can;
  }

  Result<> check_more(const MediaRequest& request, std::string_view id) const override {
    const StabilityModel* model = find_stability_model(id);
    if (model == nullptr) return {};
    if (request.seed && *request.seed > kStabilitySeedMax)
      return refuse("/seed", fmt::format("{} takes seeds up to {}", id, kStabilitySeedMax));
    if (model->work == StabilityWork::sd3 && !request.inputs.empty() && !request.ratio.empty())
      return refuse("/ratio", fmt::format("{} keeps the shape of the picture it begins with", id));
    if (!model->needs_option.empty() && loose::view_at(request.options, model->needs_option).empty())
      return refuse(fmt::format("/options/{}", model->needs_option),
                    fmt::format("{} must be told in \"{}\" what to look for in the picture", id, model->needs_option));
    if (id == "stable-image-outpaint") {
      const auto is_wider = [&](std::string_view side) { return loose::integer_at(request.options, side) > 0; };
      if (!is_wider("left") && !is_wider("right") && !is_wider("up") && !is_wider("down"))
        return refuse("/options/left", "say by how many pixels the picture is to grow: left, right, up or down");
    }
    std::uint64_t size_bytes = 0;
    for (const MediaInput& input : request.inputs) size_bytes += input.size_bytes;
    if (size_bytes > kStabilityFormMax)
      return refuse("/inputs", fmt::format("Stability takes {} bytes of pictures in one request", kStabilityFormMax));
    return {};
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    const StabilityModel* model = find_stability_model(target.model);
    if (model == nullptr)
      return fail(ErrorCode::invalid_argument, fmt::format("Stability has no model \"{}\"", target.model));
    FormWriter form;
    if (!request.prompt.empty()) form.field("prompt", request.prompt);
    if (!request.negative.empty()) form.field("negative_prompt", request.negative);
    if (request.seed) form.field("seed", std::to_string(*request.seed));
    if (!request.format.empty()) form.field("output_format", request.format);
    if (!request.ratio.empty()) form.field("aspect_ratio", request.ratio);
    if (model->work == StabilityWork::sd3 || model->work == StabilityWork::audio) form.field("model", target.model);
    if (request.duration) form.field("duration", fmt::format("{:g}", *request.duration));
    put_strength(form, *model, request);
    if (auto put = put_options(form, request.options,
                               {"prompt", "negative_prompt", "seed", "output_format", "aspect_ratio", "model",
                                "duration", "strength", "mode", "control_strength", "fidelity", "image", "mask"});
        !put)
      return error_of(put);
    for (const MediaInput& input : request.inputs) {
      if (input.role != MediaInput::Role::mask) {
        form.file("image", input);
        continue;
      }
      auto mask = white_mask(input);
      if (!mask) return error_of(mask);
      form.file("mask", *mask);
    }
    WireRequest out = form.post(target, model->path.empty() ? std::string(kStabilityAudio)
                                                            : fmt::format("{}{}", kStabilityImages, model->path));
    // A picture within JSON, since a filtered one is told by no status; sound as it is, so that it need not be held.
    set_header(out, "accept", model->work == StabilityWork::audio ? "audio/*" : "application/json");
    out.first_byte_at_least = kStabilityTakes;
    return out;
  }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (std::string id = loose::text_at(*answer, "id"); !id.empty() && !has_result(*answer)) {
      if (!is_plain_path(id)) return std::unexpected(broken_answer("the job's id is none"));
      return MediaJob{.id = std::move(id)};
    }
    auto done = read_done(*answer, request);
    if (!done) return std::unexpected(std::move(done.error()));
    return *std::move(done);
  }
  void read_file_head(const HttpHead& head, MediaDone& done) const override {
    if (const auto seed = head.find("seed")) done.seed = seed_of(json::Value(*seed));
  }

  Result<WireRequest> poll(const MediaJob& job, const Target& target) const override {
    WireRequest out = get_from(target, "/v2beta/results/" + net::percent_encode(job.id));
    set_header(out, "accept", "application/json");
    return out;
  }
  std::expected<MediaNews, Fault> read_poll(const HttpHead& head, std::string_view body, const MediaJob&, const Target&,
                                            const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) {
      Fault fault = std::move(answer.error());
      if (head.status == 404) {
        fault.message = "Stability does not know the result: it keeps one for 24 hours";
        fault.code = "result_expired";
        fault.may_be_paid = true;
      }
      // The work was refused, not the question.
      if (fault.kind == Fault::Kind::content) return MediaFailed{std::move(fault)};
      return std::unexpected(std::move(fault));
    }
    if (!has_result(*answer)) {
      if (head.status == 202 || loose::view_at(*answer, "status") == "in-progress") return MediaPending{};
      return std::unexpected(broken_answer("the answer is neither a result nor in progress"));
    }
    auto done = read_done(*answer, request);
    if (!done) return MediaFailed{std::move(done.error())};
    return *std::move(done);
  }
  // Asked more often than every ten seconds, it answers 429 for a minute.
  std::chrono::milliseconds first_poll() const noexcept override { return std::chrono::seconds(10); }
  std::chrono::milliseconds longest_poll() const noexcept override { return std::chrono::seconds(20); }

  // {"id", "name": "bad_request", "errors": ["seed: must be less"]}
  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    Fault fault = fault_by_status(head, body);
    if (const auto answer = has_json(head, body) ? loose::parse_object(body) : std::nullopt) {
      fault.code = loose::text_at(*answer, "name");
      std::string words;
      if (const json::Array* errors = loose::array_at(*answer, "errors"))
        for (const json::Value& one : *errors)
          words += fmt::format("{}{}", words.empty() ? "" : "; ", loose::view_of(one));
      if (!words.empty()) fault.message = cut_words(words);
    }
    if (fault.code == "content_moderation" || fault.code == "content_moderation_failed")
      fault.kind = Fault::Kind::content;
    if (fault.code == "payment_required") fault.kind = Fault::Kind::billing;
    if (head.status == 413) fault.kind = Fault::Kind::caller;
    return fault;
  }

 private:
  static std::unexpected<Error> refuse(std::string where, std::string words) {
    return fail(ErrorCode::invalid_argument, std::move(words),
                {.reason = "not_supported_by_model", .where = std::move(where)});
  }

  static void put_strength(FormWriter& form, const StabilityModel& model, const MediaRequest& request) {
    if (model.work == StabilityWork::control) {
      // How much of the picture is kept, which is ours the other way round.
      if (request.strength)
        form.field(model.known.id == "stable-image-style" ? "fidelity" : "control_strength",
                   fmt::format("{:g}", 1 - *request.strength));
      return;
    }
    const bool is_from_picture = model.work == StabilityWork::sd3 || model.work == StabilityWork::text;
    if (!is_from_picture || request.inputs.empty()) return;
    form.field("strength", fmt::format("{:g}", request.strength.value_or(kStabilityStrength)));
    if (model.work == StabilityWork::sd3) form.field("mode", "image-to-image");
  }

  static constexpr std::array<std::string_view, 3> kResultNames = {"image", "audio", "result"};
  static bool has_result(const json::Object& answer) {
    return std::ranges::any_of(kResultNames, [&](std::string_view name) { return answer.contains(name); });
  }
  static std::optional<std::int64_t> seed_of(const json::Value& value) {
    json::Object one{{"seed", value}};
    const std::int64_t seed = loose::integer_at(one, "seed");
    return seed > 0 ? std::optional(seed) : std::nullopt;
  }
  static std::expected<MediaDone, Fault> read_done(const json::Object& answer, const MediaRequest& request) {
    const std::string_view finish = loose::view_at(answer, "finish_reason");
    if (finish == "CONTENT_FILTERED")
      return std::unexpected(Fault{.kind = Fault::Kind::content,
                                   .message = "Stability's filter blurred the picture that was made",
                                   .code = "content_filtered"});
    for (const std::string_view name : kResultNames) {
      const std::string_view text = loose::view_at(answer, name);
      if (text.empty()) continue;
      auto bytes = decode_base64(text);
      if (!bytes || bytes->empty()) return std::unexpected(broken_answer("the result is no base64"));
      MediaDone done;
      const bool is_picture = request.kind == MediaKind::image || request.kind == MediaKind::upscale;
      std::string type =
          request.format.empty() ? "" : fmt::format("{}/{}", is_picture ? "image" : "audio", request.format);
      done.files.push_back({.bytes = std::move(*bytes), .media_type = std::move(type)});
      if (const json::Value* seed = answer.if_contains("seed")) done.seed = seed_of(*seed);
      return done;
    }
    return std::unexpected(broken_answer("the answer has no result"));
  }
};

}  // namespace

const MediaAdapter& stability_adapter() {
  static const Stability adapter;
  return adapter;
}

}  // namespace atelier::model
