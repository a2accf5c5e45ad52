// Luma's Agents API: pictures, edited pictures and clips are generations, jobs of one form. It tells nobody when they
// are done, and gives links that live for an hour; each question gets fresh ones.
#include <fmt/format.h>

#include <array>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/media/parts.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model {
namespace {

using Role = MediaInput::Role;

constexpr std::array kKnown = {
    KnownMediaModel{"uni-1", "Uni 1", MediaKind::image},
    KnownMediaModel{"uni-1-max", "Uni 1 Max", MediaKind::image},
    KnownMediaModel{"ray-3.2", "Ray 3.2", MediaKind::video},
};
constexpr std::uint64_t kInlineBytesMax = std::uint64_t{10} << 20;
constexpr double kSecondsUsual = 5;
constexpr std::int32_t kReferencesMax = 9;  // the one that is changed, and eight to go by

bool makes_pictures(std::string_view model) { return model.starts_with("uni-"); }
bool makes_clips(std::string_view model) { return model.starts_with("ray-"); }

MediaAbility picture_ability() {
  MediaAbility can;
  can.ratios = {"3:1", "2:1", "21:9", "16:9", "4:3", "3:2", "1:1", "3:4", "2:3", "9:16", "1:2", "1:3"};
  can.references_max = kReferencesMax;
  can.formats = {"png", "jpeg"};
  can.input_bytes_max = kInlineBytesMax;
  return can;
}

MediaAbility clip_ability() {
  MediaAbility can;
  can.ratios = {"21:9", "16:9", "4:3", "1:1", "3:4", "9:16"};
  can.durations = {5, 10};
  can.qualities = {"540p", "720p", "1080p"};
  can.has_first_frame = can.has_last_frame = true;
  can.input_bytes_max = kInlineBytesMax;
  return can;
}

json::Object reference_to(const MediaInput& input) {
  return {{"data", base64(input.bytes)}, {"media_type", input.media_type}};
}

struct Known {
  std::string_view code;
  Fault::Kind kind;
  bool may_be_paid;
};
constexpr Known kFailures[] = {
    {"content_moderated", Fault::Kind::content, false}, {"generation_failed", Fault::Kind::server, false},
    {"budget_exhausted", Fault::Kind::billing, false},  {"output_not_found", Fault::Kind::broken, true},
    {"image_too_large", Fault::Kind::caller, false},    {"unsupported_format", Fault::Kind::caller, false},
    {"corrupt_input", Fault::Kind::caller, false},      {"invalid_request", Fault::Kind::caller, false},
    {"rate_limited", Fault::Kind::rate_limit, false},
};

class Luma final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::luma; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kKnown; }

  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    if (kind == MediaKind::image && makes_pictures(model)) return picture_ability();
    if (kind == MediaKind::video && makes_clips(model)) return clip_ability();
    return std::nullopt;
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    json::Object body{{"prompt", request.prompt}, {"model", target.model}};
    if (!request.ratio.empty()) body["aspect_ratio"] = request.ratio;
    if (request.kind == MediaKind::video)
      put_clip(request, body);
    else
      put_picture(request, body);
    if (auto put = put_options(body, request.options); !put) return error_of(put);
    return post_json(target, "/generations", std::move(body));
  }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest&) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    MediaJob job{.id = loose::text_at(*answer, "id")};
    if (!is_plain_path(job.id)) return std::unexpected(broken_answer("the answer has no id"));
    // Refused on the spot: nothing was taken.
    if (loose::view_at(*answer, "state") == "failed") return std::unexpected(failure(*answer));
    return job;
  }

  Result<WireRequest> poll(const MediaJob& job, const Target& target) const override {
    return get_from(target, "/generations/" + job.id);
  }

  std::expected<MediaNews, Fault> read_poll(const HttpHead& head, std::string_view body, const MediaJob&, const Target&,
                                            const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    const std::string_view state = loose::view_at(*answer, "state");
    if (state == "queued") return MediaPending{.words = "in the queue"};
    if (state == "processing") return MediaPending{};
    if (state == "failed") return MediaFailed{failure(*answer)};
    if (state != "completed")
      return std::unexpected(broken_answer(fmt::format("\"{}\" is no state of a generation", state)));
    MediaDone done;
    if (const json::Array* output = loose::array_at(*answer, "output"))
      for (const json::Value& one : *output)
        if (const json::Object* item = one.if_object())
          if (auto file = file_at(loose::view_at(*item, "url"))) done.files.push_back(std::move(*file));
    if (done.files.empty()) return MediaFailed{broken_result("the generation has no files")};
    if (request.kind == MediaKind::video) done.usage = usage_of_clips(request, done, kSecondsUsual);
    return done;
  }

  std::string_view cancel_terms() const noexcept override {
    return "Luma cannot be told: the work is done to its end, and charged.";
  }
  std::chrono::milliseconds first_poll() const noexcept override { return std::chrono::seconds(2); }

  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    Fault fault = fault_by_status(head, body);
    if (head.status == 422 || head.status == 413) fault.kind = Fault::Kind::caller;
    if (has_any_of(fault.message, {"moderat", "content policy"})) fault.kind = Fault::Kind::content;
    if (has_any_of(fault.message, {"insufficient credits", "budget", "no credits"})) fault.kind = Fault::Kind::billing;
    fault.is_model_independent = fault.kind == Fault::Kind::authentication || fault.kind == Fault::Kind::billing;
    return fault;
  }

 private:
  // The first picture is changed, the others are gone by.
  static void put_picture(const MediaRequest& request, json::Object& body) {
    body["type"] = request.inputs.empty() ? "image" : "image_edit";
    if (!request.format.empty()) body["output_format"] = request.format;
    json::Array others;
    for (const MediaInput& input : request.inputs) {
      if (input.role != Role::reference) continue;
      if (!body.contains("source"))
        body["source"] = reference_to(input);
      else
        others.push_back(reference_to(input));
    }
    if (!others.empty()) body["image_ref"] = std::move(others);
  }

  static void put_clip(const MediaRequest& request, json::Object& body) {
    body["type"] = "video";
    json::Object clip;
    if (request.duration) clip["duration"] = json::write(number_of(*request.duration)) + "s";
    if (!request.quality.empty()) clip["resolution"] = request.quality;
    for (const MediaInput& input : request.inputs) {
      if (input.role == Role::first_frame) clip["start_frame"] = reference_to(input);
      if (input.role == Role::last_frame) clip["end_frame"] = reference_to(input);
    }
    if (!clip.empty()) body["video"] = std::move(clip);
  }

  static Fault failure(const json::Object& answer) {
    const std::string_view code = loose::view_at(answer, "failure_code");
    Fault fault{.kind = Fault::Kind::server,
                .message = cut_words(loose::view_at(answer, "failure_reason")),
                .code = std::string(code)};
    for (const Known& known : kFailures)
      if (known.code == code) {
        fault.kind = known.kind;
        fault.may_be_paid = known.may_be_paid;
      }
    if (code == "output_not_found") fault.code = "result_expired";
    if (fault.message.empty())
      fault.message = code.empty() ? "the generation failed without a reason" : fmt::format("it failed: {}", code);
    return fault;
  }
};

}  // namespace

const MediaAdapter& luma_adapter() {
  static const Luma adapter;
  return adapter;
}

}  // namespace atelier::model
