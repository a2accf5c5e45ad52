// stable-diffusion.cpp's own server, by its native jobs. It has one model, which it was started with.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/media/checkpoint_size.hpp"
#include "model/media/mask.hpp"
#include "model/media/parts.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model {
namespace {

constexpr std::array kSdCppKnown = {
    KnownMediaModel{"sd-cpp-local", "The model that is loaded", MediaKind::image},
    KnownMediaModel{"sd-cpp-video", "The model of clips that is loaded", MediaKind::video},
};
constexpr int kSdCppFramesPerSecond = 16;
constexpr std::chrono::minutes kSdCppTakes{2};

class SdCpp final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::sdcpp; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kSdCppKnown; }

  // Whatever it is called: the server looks at no name.
  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    for (const KnownMediaModel& known : kSdCppKnown)
      if (known.id == model && known.kind != kind) return std::nullopt;
    if (kind != MediaKind::image && kind != MediaKind::video) return std::nullopt;
    MediaAbility can;
    can.has_negative = can.has_seed = can.has_strength = can.any_ratio = true;
    can.side_min = 64;
    can.side_max = 4'096;
    can.side_step = 8;
    if (kind == MediaKind::image) {
      can.count_max = 8;
      can.references_max = kMediaInputsMax;
      can.has_mask = true;
      can.formats = {"png", "jpeg", "webp"};
    } else {
      can.has_first_frame = can.has_last_frame = true;
      can.duration_min = 0.1;
      can.duration_max = 30;
      can.formats = {"webm", "webp", "avi"};
    }
    return can;
  }
  Result<> check_more(const MediaRequest& request, std::string_view) const override {
    if (request.strength && request.kind == MediaKind::image && request.count_of(MediaInput::Role::reference) > 1)
      return fail(ErrorCode::invalid_argument, "strength is about one picture, and there are several",
                  {.reason = "not_supported_by_model", .where = "/strength"});
    if (request.find(MediaInput::Role::mask) != nullptr && request.count_of(MediaInput::Role::reference) > 1)
      return fail(ErrorCode::invalid_argument, "a mask belongs to one picture, and there are several",
                  {.reason = "not_supported_by_model", .where = "/inputs"});
    return {};
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    const bool is_video = request.kind == MediaKind::video;
    json::Object body{{"prompt", request.prompt}};
    if (!request.negative.empty()) body["negative_prompt"] = request.negative;
    if (request.seed) body["seed"] = *request.seed;
    if (request.strength) body["strength"] = *request.strength;
    if (!request.format.empty()) body["output_format"] = request.format;
    if (request.width > 0 || !request.ratio.empty() || !request.inputs.empty()) {
      const PixelSize size = checkpoint_size(request, target.model);
      body["width"] = size.width;
      body["height"] = size.height;
    }
    if (is_video) {
      put_clip(request, body);
    } else {
      if (request.count > 1) body["batch_count"] = request.count;
      if (auto put = put_pictures(request, body); !put) return error_of(put);
    }
    if (auto put = put_options(body, request.options); !put) return error_of(put);
    WireRequest out = post_json(target, is_video ? "/sdcpp/v1/vid_gen" : "/sdcpp/v1/img_gen", std::move(body));
    out.first_byte_at_least = kSdCppTakes;
    return out;
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
    return get_from(target, "/sdcpp/v1/jobs/" + job.id);
  }
  std::expected<MediaNews, Fault> read_poll(const HttpHead& head, std::string_view body, const MediaJob&, const Target&,
                                            const MediaRequest& request) const override {
    if (head.status == 410) return MediaFailed{gone("stable-diffusion.cpp has thrown the result away")};
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    const std::string_view status = loose::view_at(*answer, "status");
    if (status == "queued") {
      const std::int64_t before = loose::integer_at(*answer, "queue_position");
      return MediaPending{.words = before > 0 ? fmt::format("{} before it in the queue", before) : ""};
    }
    if (status == "generating") return MediaPending{};
    if (status == "completed") {
      auto done = read_done(*answer, request);
      if (!done) return MediaFailed{std::move(done.error())};
      return *std::move(done);
    }
    if (status == "failed" || status == "cancelled") {
      const json::Object* error = loose::object_at(*answer, "error");
      const std::string_view words = error ? loose::view_at(*error, "message") : std::string_view();
      return MediaFailed{{.kind = Fault::Kind::server,
                          .message = cut_words(words.empty() ? fmt::format("the job was {}", status) : words),
                          .code = error ? loose::text_at(*error, "code") : std::string(status)}};
    }
    return std::unexpected(broken_answer(fmt::format("\"{}\" is no state of a job", status)));
  }
  std::optional<WireRequest> cancel(const MediaJob& job, const Target& target) const override {
    return post_json(target, fmt::format("/sdcpp/v1/jobs/{}/cancel", job.id), {});
  }
  std::string_view cancel_terms() const noexcept override { return "stable-diffusion.cpp charges nothing."; }
  std::chrono::milliseconds first_poll() const noexcept override { return std::chrono::milliseconds(500); }
  std::chrono::milliseconds longest_poll() const noexcept override { return std::chrono::milliseconds(5'000); }

  // {"error": "..."}, or {"error": {"code", "message"}}
  Fault read_fault(const HttpHead& head, std::string_view body) const override { return fault_by_status(head, body); }

 private:
  static Fault gone(std::string words) {
    return {.kind = Fault::Kind::broken, .status = 410, .message = std::move(words), .code = "result_expired"};
  }

  // One picture is begun with; of several, all are looked at.
  static Result<> put_pictures(const MediaRequest& request, json::Object& body) {
    json::Array several;
    for (const MediaInput& input : request.inputs) {
      if (input.role == MediaInput::Role::mask) {
        auto mask = white_mask(input);
        if (!mask) return error_of(mask);
        body["mask_image"] = base64(mask->bytes);
      } else if (input.role == MediaInput::Role::reference) {
        several.push_back(json::Value(base64(input.bytes)));
      }
    }
    if (several.size() == 1)
      body["init_image"] = std::move(several.front());
    else if (!several.empty())
      body["ref_images"] = std::move(several);
    return {};
  }

  static void put_clip(const MediaRequest& request, json::Object& body) {
    if (request.duration) {
      // Models of clips make 4n + 1 frames.
      constexpr double kGroup = 4;
      body["fps"] = kSdCppFramesPerSecond;
      body["video_frames"] =
          static_cast<int>(std::round(*request.duration * kSdCppFramesPerSecond / kGroup) * kGroup) + 1;
    }
    for (const MediaInput& input : request.inputs)
      body[input.role == MediaInput::Role::last_frame ? "end_image" : "init_image"] = base64(input.bytes);
  }

  static std::expected<MediaDone, Fault> read_done(const json::Object& answer, const MediaRequest& request) {
    const json::Object* result = loose::object_at(answer, "result");
    if (result == nullptr) return std::unexpected(broken_answer("the job has no result"));
    MediaDone done;
    std::string type = loose::text_at(*result, "mime_type");
    const std::string_view format = loose::view_at(*result, "output_format");
    if (type.empty() && !format.empty())
      type = fmt::format("{}/{}", request.kind == MediaKind::video ? "video" : "image", format);
    const auto add = [&](std::string_view text) {
      auto bytes = decode_base64(text);
      if (!bytes || bytes->empty()) return false;
      done.files.push_back({.bytes = std::move(*bytes), .media_type = type});
      return true;
    };
    if (const json::Array* images = loose::array_at(*result, "images")) {
      for (const json::Value& each : *images) {
        const json::Object* one = each.if_object();
        if (one == nullptr || !add(loose::view_at(*one, "b64_json")))
          return std::unexpected(broken_answer("a picture of the result is no base64"));
      }
    } else if (!add(loose::view_at(*result, "b64_json"))) {
      return std::unexpected(broken_answer("the result has no bytes"));
    }
    if (done.files.empty()) return std::unexpected(broken_answer("the result has no files"));
    done.seed = request.seed;
    return done;
  }
};

}  // namespace

const MediaAdapter& sdcpp_adapter() {
  static const SdCpp adapter;
  return adapter;
}

}  // namespace atelier::model
