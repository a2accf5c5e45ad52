// Runway: each kind of work has its address, each answer is a task. Sizes are spelled "1280:720", and every model has
// its own; a ratio is said as the size that comes near it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/media/parts.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model {
namespace {

using namespace std::string_view_literals;
using Role = MediaInput::Role;
using Sizes = std::span<const std::string_view>;

constexpr std::array kGen4Clips = {"1280x720"sv, "720x1280"sv, "1104x832"sv, "960x960"sv, "832x1104"sv, "1584x672"sv};
constexpr std::array kGen45Words = {"1280x720"sv, "720x1280"sv};
constexpr std::array kVeoClips = {"1280x720"sv, "720x1280"sv, "1920x1080"sv, "1080x1920"sv};
constexpr std::array kGen4Pictures = {"1920x1080"sv, "1080x1920"sv, "1024x1024"sv, "1360x768"sv,
                                      "1080x1080"sv, "1168x880"sv,  "1440x1080"sv, "1080x1440"sv,
                                      "1808x768"sv,  "2112x912"sv,  "1280x720"sv,  "720x1280"sv,
                                      "720x720"sv,   "960x720"sv,   "720x960"sv,   "1680x720"sv};

struct Model {
  KnownMediaModel model;
  Sizes sizes;                         // the first is what is made where nothing is said; none: the model chooses
  std::uint32_t prompt_units = 1'000;  // of UTF-16, as Runway counts
  void (*add)(MediaAbility&);
};

constexpr std::array kModels = {
    Model{{"gen4_image", "Gen-4 Image", MediaKind::image},
          kGen4Pictures,
          1'000,
          [](MediaAbility& can) {
            can.has_seed = true;
            can.references_max = 3;
          }},
    Model{{"gen4_image_turbo", "Gen-4 Image Turbo", MediaKind::image},
          kGen4Pictures,
          1'000,
          [](MediaAbility& can) {
            can.has_seed = true;
            can.references_min = 1;
            can.references_max = 3;
          }},
    Model{{"magnific_precision_upscaler_v2", "Magnific Precision Upscaler", MediaKind::upscale},
          {},
          0,
          [](MediaAbility& can) {
            can.needs_prompt = false;
            can.references_min = can.references_max = 1;
          }},
    Model{{"gen4.5", "Gen-4.5", MediaKind::video},
          kGen4Clips,
          1'000,
          [](MediaAbility& can) {
            can.has_seed = can.has_first_frame = true;
            can.durations = {2, 3, 4, 5, 6, 7, 8, 9, 10};
          }},
    Model{{"gen4_turbo", "Gen-4 Turbo", MediaKind::video},
          kGen4Clips,
          1'000,
          [](MediaAbility& can) {
            can.needs_prompt = false;
            can.has_seed = can.has_first_frame = can.needs_first_frame = true;
            can.durations = {5, 10};
          }},
    Model{{"veo3.1", "Veo 3.1", MediaKind::video},
          kVeoClips,
          1'000,
          [](MediaAbility& can) {
            can.has_negative = can.has_first_frame = can.has_last_frame = true;
            can.durations = {4, 6, 8};
          }},
    Model{{"veo3.1_fast", "Veo 3.1 Fast", MediaKind::video},
          kVeoClips,
          1'000,
          [](MediaAbility& can) {
            can.has_negative = can.has_first_frame = can.has_last_frame = true;
            can.durations = {4, 6, 8};
          }},
    Model{{"seedance2", "Seedance 2", MediaKind::video},
          {},
          3'500,
          [](MediaAbility& can) { can.has_first_frame = true; }},
    Model{{"eleven_multilingual_v2", "Eleven Multilingual v2", MediaKind::speech},
          {},
          1'000,
          [](MediaAbility& can) {
            can.has_voices = can.needs_voice = true;
            can.voices = {"Maya"};  // of 49
          }},
    Model{{"eleven_text_to_sound_v2", "Eleven Sound Effects v2", MediaKind::sound},
          {},
          1'000,
          [](MediaAbility& can) {
            can.duration_min = 0.5;
            can.duration_max = 30;
          }},
};
constexpr auto kKnown = [] {
  std::array<KnownMediaModel, kModels.size()> known{};
  for (std::size_t i = 0; i < kModels.size(); ++i) known[i] = kModels[i].model;
  return known;
}();

constexpr std::string_view kVersionHeader = "x-runway-version", kVersion = "2024-11-06";
// Within a request a picture has 5 MB, as text: base64 makes four bytes of three.
constexpr std::uint64_t kInlineBytesMax = 3'700'000;
constexpr std::int64_t kDurationUsual = 5;
constexpr double kRatioSlack = 0.03;  // 1104x832 is called 4:3

const Model* find_model(std::string_view id) noexcept {
  const auto* found = std::ranges::find(kModels, id, [](const Model& one) { return one.model.id; });
  return found == kModels.end() ? nullptr : found;
}

double shape_of(std::string_view size) {
  const std::size_t cross = size.find('x');
  return static_cast<double>(parse_integer(size.substr(0, cross)).value_or(1)) /
         static_cast<double>(parse_integer(size.substr(cross + 1)).value_or(1));
}

// The first size of that shape.
std::string_view size_near(Sizes sizes, std::string_view ratio) {
  const auto wanted = parse_ratio(ratio);
  if (!wanted) return {};
  const double shape = static_cast<double>(wanted->across) / wanted->up;
  for (const std::string_view size : sizes)
    if (std::abs(shape_of(size) / shape - 1) <= kRatioSlack) return size;
  return {};
}

std::size_t utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

std::string spelled(std::string_view size) {
  std::string out(size);
  std::ranges::replace(out, 'x', ':');
  return out;
}

std::unexpected<Error> refuse(std::string_view field, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message),
              {.reason = "not_supported_by_model", .where = std::string(field)});
}

class Runway final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::runway; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kKnown; }

  // It has no list: whose the key is tells whether it is good.
  std::optional<WireRequest> list_models(const Target& target) const override {
    return versioned(get_from(target, "/organization"));
  }
  Result<std::vector<ListedModel>> read_models(std::string_view) const override { return std::vector<ListedModel>(); }

  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    const Model* known = find_model(model);
    if (!known || known->model.kind != kind) return std::nullopt;
    MediaAbility can;
    can.prompt_bytes_max = std::size_t{known->prompt_units} * 4;  // check_more() counts as Runway does
    can.input_bytes_max = kInlineBytesMax;
    known->add(can);
    for (const std::string_view size : known->sizes) can.sizes.emplace_back(size);
    for (const std::string_view ratio : {"16:9", "9:16", "1:1", "4:3", "3:4", "21:9"})
      if (!size_near(known->sizes, ratio).empty()) can.ratios.emplace_back(ratio);
    return can;
  }

  Result<> check_more(const MediaRequest& request, std::string_view model) const override {
    const Model* known = find_model(model);
    if (!known) return {};
    if (const std::size_t units = utf16_units(request.prompt); units > known->prompt_units)
      return refuse("/prompt", fmt::format("{} takes at most {} characters of text; this has {}", model,
                                           known->prompt_units, units));
    const bool has_first = request.find(Role::first_frame) != nullptr;
    if (request.find(Role::last_frame) != nullptr && !has_first)
      return refuse("/inputs", fmt::format("{} takes a last picture only beside a first one", model));
    // From words alone it has two shapes.
    if (model == "gen4.5" && !has_first) {
      const std::string size = size_of(request, *known);
      if (std::ranges::find(kGen45Words, size) == kGen45Words.end())
        return refuse(request.width > 0 ? "/width" : "/ratio",
                      fmt::format("{} makes 16:9 and 9:16 where it has no picture", model));
    }
    return {};
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    const Model* known = find_model(target.model);
    if (!known) return refuse("model", fmt::format("\"{}\" is no model of Runway that is known", target.model));
    json::Object body{{"model", target.model}};
    if (const std::string size = size_of(request, *known); !size.empty()) body["ratio"] = spelled(size);
    if (request.seed) body["seed"] = *request.seed;
    if (!request.negative.empty()) body["negativePrompt"] = request.negative;
    if (request.duration) body["duration"] = number_of(*request.duration);
    std::string_view path;
    switch (request.kind) {
      case MediaKind::image:
        path = "/text_to_image";
        put_references(request, body);
        break;
      case MediaKind::upscale:
        path = "/image_upscale";
        body["imageUri"] = data_url(request.inputs.front());
        break;
      case MediaKind::speech:
        path = "/text_to_speech";
        body["voice"] = json::Object{{"type", "runway-preset"}, {"presetId", request.voice}};
        break;
      case MediaKind::sound:
        path = "/sound_effect";
        break;
      default:
        path = request.find(Role::first_frame) ? "/image_to_video" : "/text_to_video";
        if (target.model == "gen4.5" && !request.duration) body["duration"] = kDurationUsual;  // it must be said
        put_frames(request, body);
        break;
    }
    if (!request.prompt.empty()) body["promptText"] = request.prompt;
    if (auto put = put_options(body, request.options); !put) return error_of(put);
    return versioned(post_json(target, path, std::move(body)));
  }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest&) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    MediaJob job{.id = loose::text_at(*answer, "id")};
    if (!is_plain_path(job.id)) return std::unexpected(broken_answer("the answer has no id"));
    return job;
  }

  Result<WireRequest> poll(const MediaJob& job, const Target& target) const override {
    return versioned(get_from(target, "/tasks/" + job.id));
  }

  std::expected<MediaNews, Fault> read_poll(const HttpHead& head, std::string_view body, const MediaJob&, const Target&,
                                            const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    const std::string_view status = loose::view_at(*answer, "status");
    if (status == "PENDING") return MediaPending{.words = "in the queue"};
    if (status == "THROTTLED") return MediaPending{.words = "waits until other work of this account is done"};
    if (status == "RUNNING") {
      MediaPending pending;
      if (const json::Value* progress = answer->if_contains("progress"); progress && progress->is_number())
        pending.fraction = std::clamp(progress->to_number<double>(), 0.0, 1.0);
      return pending;
    }
    if (status == "FAILED") return MediaFailed{failure(*answer)};
    if (status == "CANCELLED")
      return MediaFailed{{.kind = Fault::Kind::server,
                          .message = "the task was cancelled at Runway",
                          .code = "CANCELLED",
                          .may_be_paid = true}};
    if (status != "SUCCEEDED")
      return std::unexpected(broken_answer(fmt::format("\"{}\" is no state of a task", status)));
    MediaDone done;
    if (const json::Array* output = loose::array_at(*answer, "output"))
      for (const json::Value& one : *output)
        if (auto file = file_at(loose::view_of(one))) done.files.push_back(std::move(*file));
    if (done.files.empty()) return MediaFailed{broken_result("the task has no files")};
    if (request.kind == MediaKind::video) done.usage = usage_of_clips(request, done, kDurationUsual);
    return done;
  }

  std::optional<WireRequest> cancel(const MediaJob& job, const Target& target) const override {
    WireRequest request = versioned(get_from(target, "/tasks/" + job.id));
    request.method = WireRequest::Method::del;
    return request;
  }
  std::string_view cancel_terms() const noexcept override {
    return "Runway gives nothing back for what had begun, and forgets the task.";
  }
  // It has no news more often than every five seconds.
  std::chrono::milliseconds first_poll() const noexcept override { return std::chrono::seconds(5); }

  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    Fault fault = fault_by_status(head, body);
    const auto answer = has_json(head, body) ? loose::parse_object(body) : std::nullopt;
    if (const json::Array* issues = answer ? loose::array_at(*answer, "issues") : nullptr)
      for (const json::Value& one : *issues)
        if (const json::Object* issue = one.if_object())
          fault.message = cut_words(fmt::format("{}; {}", fault.message, loose::view_at(*issue, "message")));
    if (has_any_of(fault.message, {"enough credits"})) fault.kind = Fault::Kind::billing;
    if (has_any_of(fault.message, {"daily limit"})) fault.kind = Fault::Kind::billing;
    if (head.status == 405 || head.status == 413) fault.kind = Fault::Kind::caller;
    fault.is_model_independent = fault.kind == Fault::Kind::authentication || fault.kind == Fault::Kind::billing;
    return fault;
  }

 private:
  static WireRequest versioned(WireRequest request) {
    set_header(request, kVersionHeader, kVersion);
    return request;
  }

  // "1280x720"; empty where the model chooses.
  static std::string size_of(const MediaRequest& request, const Model& known) {
    if (request.width > 0) return size_text(request);
    if (!request.ratio.empty()) return std::string(size_near(known.sizes, request.ratio));
    return known.sizes.empty() ? std::string() : std::string(known.sizes.front());  // it must be said
  }

  static void put_references(const MediaRequest& request, json::Object& body) {
    json::Array references;
    for (const MediaInput& input : request.inputs)
      if (input.role == Role::reference) references.push_back(json::Object{{"uri", data_url(input)}});
    if (!references.empty()) body["referenceImages"] = std::move(references);
  }

  static void put_frames(const MediaRequest& request, json::Object& body) {
    const MediaInput* first = request.find(Role::first_frame);
    const MediaInput* last = request.find(Role::last_frame);
    if (!first) return;
    if (!last) {
      body["promptImage"] = data_url(*first);
      return;
    }
    body["promptImage"] = json::Array{json::Object{{"uri", data_url(*first)}, {"position", "first"}},
                                      json::Object{{"uri", data_url(*last)}, {"position", "last"}}};
  }

  static Fault failure(const json::Object& answer) {
    const std::string_view code = loose::view_at(answer, "failureCode");
    Fault fault{.kind = Fault::Kind::server,
                .message = cut_words(loose::view_at(answer, "failure")),
                .code = std::string(code)};
    if (fault.message.empty()) fault.message = "the task failed without a reason";
    if (code.find("SAFETY") != std::string_view::npos) {
      fault.kind = Fault::Kind::content;
      fault.may_be_paid = code.starts_with("SAFETY.OUTPUT");  // it was made before it was looked at
    } else if (code.starts_with("ASSET.")) {
      fault.kind = Fault::Kind::caller;
    } else if (code == "THIRD_PARTY.UNAVAILABLE") {
      fault.kind = Fault::Kind::overloaded;
    }
    return fault;
  }
};

}  // namespace

const MediaAdapter& runway_adapter() {
  static const Runway adapter;
  return adapter;
}

}  // namespace atelier::model
