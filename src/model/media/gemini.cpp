// Google's pictures, which Gemini models give within an answer, and Veo's clips, which are jobs. Both with the key in a
// header, so that it is in no address.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "model/loose_json.hpp"
#include "model/media/parts.hpp"
#include "model/provider/gemini_parts.hpp"
#include "model/provider/http_parts.hpp"

namespace atelier::model {
namespace {

using Role = MediaInput::Role;

constexpr std::array kKnown = {
    KnownMediaModel{"gemini-3.1-flash-image", "Gemini 3.1 Flash Image", MediaKind::image},
    KnownMediaModel{"gemini-3-pro-image", "Gemini 3 Pro Image", MediaKind::image},
    KnownMediaModel{"gemini-2.5-flash-image", "Gemini 2.5 Flash Image", MediaKind::image},
    KnownMediaModel{"veo-3.1-generate-preview", "Veo 3.1", MediaKind::video},
    KnownMediaModel{"veo-3.1-fast-generate-preview", "Veo 3.1 Fast", MediaKind::video},
    KnownMediaModel{"veo-3.1-lite-generate-preview", "Veo 3.1 Lite", MediaKind::video},
};

constexpr std::string_view kKeyHeader = "x-goog-api-key";
// A whole request has 20 MB at most, and base64 makes four bytes of three.
constexpr std::uint64_t kInlineBytesMax = 14'000'000;
constexpr std::chrono::minutes kPictureTakes{5};
constexpr std::int32_t kVeoReferencesMax = 3;
constexpr double kVeoWhole = 8;  // seconds: the only length of whatever is more than plain

bool makes_pictures(std::string_view model) {
  return model.starts_with("gemini-") && model.find("image") != std::string_view::npos;
}
bool makes_clips(std::string_view model) { return model.starts_with("veo-"); }

MediaAbility picture_ability(std::string_view model) {
  MediaAbility can;
  can.ratios = {"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"};
  can.references_max = 14;
  can.input_bytes_max = kInlineBytesMax;
  if (model.starts_with("gemini-2.5"))
    can.references_max = 3;
  else if (model.starts_with("gemini-3.1-flash"))
    can.qualities = {"512", "1K", "2K", "4K"};
  else
    can.qualities = {"1K", "2K", "4K"};
  return can;
}

MediaAbility clip_ability(std::string_view model) {
  MediaAbility can;
  can.needs_prompt = false;  // a picture may say it all
  can.has_negative = true;
  can.ratios = {"16:9", "9:16"};
  can.qualities = {"720p", "1080p"};
  if (model.find("lite") == std::string_view::npos) can.qualities.emplace_back("4k");
  can.durations = {4, 6, kVeoWhole};
  can.references_max = kVeoReferencesMax;
  can.has_first_frame = can.has_last_frame = true;
  can.input_bytes_max = kInlineBytesMax;
  return can;
}

std::unexpected<Error> refuse(std::string_view field, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message),
              {.reason = "not_supported_by_model", .where = std::string(field)});
}

json::Object encoded(const MediaInput& input) {
  return {{"bytesBase64Encoded", base64(input.bytes)}, {"mimeType", input.media_type}};
}

// Numbers of google.rpc.Code, in which operations tell how they ended.
Fault::Kind kind_of_rpc(std::int64_t code) noexcept {
  switch (code) {
    case 3:   // INVALID_ARGUMENT
    case 9:   // FAILED_PRECONDITION
    case 11:  // OUT_OF_RANGE
      return Fault::Kind::caller;
    case 4:
      return Fault::Kind::timeout;
    case 7:
      return Fault::Kind::permission;
    case 8:
      return Fault::Kind::rate_limit;
    case 14:
      return Fault::Kind::overloaded;
    case 16:
      return Fault::Kind::authentication;
    default:
      return Fault::Kind::server;
  }
}

// Of an operation: clips that were not made are not charged.
Fault fault_of_operation(const json::Object& error) {
  Fault fault{.kind = kind_of_rpc(loose::integer_at(error, "code")),
              .message = cut_words(loose::view_at(error, "message")),
              .code = loose::text_at(error, "status")};
  if (fault.message.empty()) fault.message = "Google gave the clip up without a reason";
  if (has_any_of(fault.message, {"safety", "prohibited", "usage guidelines", "responsible ai"}))
    fault.kind = Fault::Kind::content;
  return fault;
}

class GeminiMedia final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::gemini; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kKnown; }

  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    if (kind == MediaKind::image && makes_pictures(model)) return picture_ability(model);
    if (kind == MediaKind::video && makes_clips(model)) return clip_ability(model);
    return std::nullopt;
  }

  Result<> check_more(const MediaRequest& request, std::string_view model) const override {
    std::uint64_t all = 0;
    for (const MediaInput& input : request.inputs) all += input.size_bytes;
    if (all > kInlineBytesMax)
      return refuse("/inputs", fmt::format("{} takes pictures of at most {} bytes together; these have {}", model,
                                           kInlineBytesMax, all));
    if (request.kind != MediaKind::video) return {};
    const bool has_first = request.find(Role::first_frame) != nullptr;
    const bool has_references = request.count_of(Role::reference) > 0;
    if (request.find(Role::last_frame) != nullptr && !has_first)
      return refuse("/inputs", fmt::format("{} takes a last picture only beside a first one", model));
    if (has_references && has_first)
      return refuse("/inputs", fmt::format("{} takes pictures to go by, or a first one, and not both", model));
    if (request.prompt.empty() && !has_first) return refuse("/prompt", "say what is to be seen");
    if (request.duration.value_or(kVeoWhole) == kVeoWhole) return {};
    if (has_references)
      return refuse("/duration", fmt::format("{} makes 8 seconds where it has pictures to go by", model));
    if (request.quality == "1080p" || request.quality == "4k")
      return refuse("/duration", fmt::format("{} makes 8 seconds in {}", model, request.quality));
    return {};
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    return request.kind == MediaKind::video ? film(request, target) : draw(request, target);
  }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (const json::Object* error = loose::object_at(*answer, "error"))
      return std::unexpected(gemini::fault_of(*error));
    if (request.kind != MediaKind::video) {
      auto done = read_pictures(*answer);
      if (!done) return std::unexpected(std::move(done.error()));
      return *std::move(done);
    }
    MediaJob job{.id = loose::text_at(*answer, "name")};
    // It becomes part of the address that is asked.
    if (!is_plain_path(job.id)) return std::unexpected(broken_answer("the answer names no operation"));
    return job;
  }

  Result<WireRequest> poll(const MediaJob& job, const Target& target) const override {
    if (!is_plain_path(job.id)) return fail(ErrorCode::internal, "a stored operation has no name");
    return authorized(get_from(target, "/" + job.id, ""), target);
  }

  std::expected<MediaNews, Fault> read_poll(const HttpHead& head, std::string_view body, const MediaJob&,
                                            const Target& target, const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (const json::Object* error = loose::object_at(*answer, "error")) return MediaFailed{fault_of_operation(*error)};
    if (!loose::is_true_at(*answer, "done")) return MediaPending{};
    const json::Object* response = loose::object_at(*answer, "response");
    const json::Object* made = response ? loose::object_at(*response, "generateVideoResponse") : nullptr;
    if (!made) return MediaFailed{broken_result("the finished operation has no clip")};
    MediaDone done;
    if (const json::Array* samples = loose::array_at(*made, "generatedSamples")) add_clips(*samples, target, done);
    done.usage = usage_of_clips(request, done, kVeoWhole);
    if (!done.files.empty()) return done;
    if (loose::integer_at(*made, "raiMediaFilteredCount") > 0) return MediaFailed{filtered(*made)};
    return MediaFailed{broken_result("the finished operation has no clip")};
  }

  std::string_view cancel_terms() const noexcept override {
    return "Google cannot be told: the clip is made to its end, and charged.";
  }
  std::chrono::milliseconds first_poll() const noexcept override { return std::chrono::seconds(5); }
  std::chrono::milliseconds longest_poll() const noexcept override { return std::chrono::seconds(15); }

  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    return gemini::read_fault(head, body);
  }

 private:
  static WireRequest authorized(WireRequest request, const Target& target) {
    put_key(request, target, kKeyHeader);
    return request;
  }

  static Result<WireRequest> draw(const MediaRequest& request, const Target& target) {
    json::Array parts;
    for (const MediaInput& input : request.inputs)
      parts.push_back(
          json::Object{{"inlineData", json::Object{{"mimeType", input.media_type}, {"data", base64(input.bytes)}}}});
    parts.push_back(json::Object{{"text", request.prompt}});
    json::Object picture;
    if (!request.ratio.empty()) picture["aspectRatio"] = request.ratio;
    if (!request.quality.empty()) picture["imageSize"] = request.quality;
    json::Object config{{"responseModalities", json::Array{"TEXT", "IMAGE"}}};
    if (!picture.empty()) config["imageConfig"] = std::move(picture);
    json::Object content{{"role", "user"}};
    content["parts"] = std::move(parts);
    json::Object body;
    body["contents"] = json::Array{json::Value(std::move(content))};
    body["generationConfig"] = std::move(config);
    if (auto put = put_options(body, request.options); !put) return error_of(put);
    if (!is_plain_path(target.model)) return refuse("model", "a model's name has no such characters");
    WireRequest out = authorized(
        post_json(target, fmt::format("/models/{}:generateContent", target.model), std::move(body), ""), target);
    out.first_byte_at_least = kPictureTakes;
    return out;
  }

  static Result<WireRequest> film(const MediaRequest& request, const Target& target) {
    json::Object instance, parameters{{"sampleCount", 1}};
    if (!request.prompt.empty()) instance["prompt"] = request.prompt;
    json::Array references;
    for (const MediaInput& input : request.inputs) {
      if (input.role == Role::first_frame) instance["image"] = encoded(input);
      if (input.role == Role::last_frame) instance["lastFrame"] = encoded(input);
      if (input.role == Role::reference)
        references.push_back(json::Object{{"image", encoded(input)}, {"referenceType", "asset"}});
    }
    if (!references.empty()) instance["referenceImages"] = std::move(references);
    if (request.duration)
      parameters["durationSeconds"] = static_cast<std::int64_t>(*request.duration);  // a text is refused
    if (!request.ratio.empty()) parameters["aspectRatio"] = request.ratio;
    if (!request.quality.empty()) parameters["resolution"] = request.quality;
    if (!request.negative.empty()) parameters["negativePrompt"] = request.negative;
    if (auto put = put_options(parameters, request.options); !put) return error_of(put);
    if (!is_plain_path(target.model)) return refuse("model", "a model's name has no such characters");
    json::Object body;
    body["instances"] = json::Array{json::Value(std::move(instance))};
    body["parameters"] = std::move(parameters);
    return authorized(
        post_json(target, fmt::format("/models/{}:predictLongRunning", target.model), std::move(body), ""), target);
  }

  // Pictures among thoughts are drafts, and none of what was asked for.
  static std::expected<MediaDone, Fault> read_pictures(const json::Object& answer) {
    MediaDone done;
    std::string said, reason;
    const json::Array* candidates = loose::array_at(answer, "candidates");
    const json::Object* first = candidates && !candidates->empty() ? candidates->front().if_object() : nullptr;
    const json::Object* content = first ? loose::object_at(*first, "content") : nullptr;
    const json::Array* parts = content ? loose::array_at(*content, "parts") : nullptr;
    if (first) reason = loose::text_at(*first, "finishReason");
    for (std::size_t i = 0; parts && i < parts->size(); ++i) {
      const json::Object* part = (*parts)[i].if_object();
      if (!part || loose::is_true_at(*part, "thought")) continue;
      said += loose::view_at(*part, "text");
      const json::Object* data = loose::object_at(*part, "inlineData");
      if (!data) continue;
      auto bytes = decode_base64(loose::view_at(*data, "data"));
      if (!bytes || bytes->empty()) return std::unexpected(broken_answer("a picture of the answer is no base64"));
      done.files.push_back({.bytes = std::move(*bytes), .media_type = loose::text_at(*data, "mimeType")});
    }
    if (done.files.empty()) return std::unexpected(no_picture(answer, std::move(reason), said));
    if (const json::Object* used = loose::object_at(answer, "usageMetadata")) done.usage = gemini::usage_of(*used);
    if (done.usage.is_nothing()) return done;
    done.usage.images = static_cast<std::int64_t>(done.files.size());
    return done;
  }

  // Why an answer of status 200 has no picture.
  static Fault no_picture(const json::Object& answer, std::string reason, std::string_view said) {
    if (const json::Object* feedback = loose::object_at(answer, "promptFeedback"))
      if (const std::string_view blocked = loose::view_at(*feedback, "blockReason"); !blocked.empty()) {
        const std::string words = loose::text_at(*feedback, "blockReasonMessage");
        return {.kind = Fault::Kind::content,
                .status = 200,
                .message = words.empty() ? fmt::format("the prompt was refused ({})", blocked) : cut_words(words),
                .code = std::string(blocked)};
      }
    if (reason.empty() && said.empty()) return broken_answer("the answer has no pictures");
    const bool is_refusal = has_any_of(reason, {"safety", "prohibited", "recitation", "blocklist", "spii"});
    Fault fault{.kind = Fault::Kind::content, .status = 200, .code = reason.empty() ? "NO_IMAGE" : std::move(reason)};
    fault.message = !said.empty() ? cut_words(said)
                    : is_refusal  ? fmt::format("the picture was withheld ({})", fault.code)
                                  : fmt::format("the model made no picture ({})", fault.code);
    fault.may_be_paid = !is_refusal;  // its words are charged
    return fault;
  }

  static void add_clips(const json::Array& samples, const Target& target, MediaDone& done) {
    for (const json::Value& one : samples) {
      const json::Object* sample = one.if_object();
      const json::Object* video = sample ? loose::object_at(*sample, "video") : nullptr;
      if (!video) continue;
      MediaFile file;
      if (const std::string_view inside = loose::view_at(*video, "encodedVideo"); !inside.empty()) {
        if (auto bytes = decode_base64(inside)) file.bytes = std::move(*bytes);
      } else {
        file.url = loose::text_at(*video, "uri");
      }
      if (file.bytes.empty() && file.url.empty()) continue;
      file.media_type = "video/mp4";
      if (!file.url.empty() && is_same_origin(file.url, target.base_url) && !target.credential.key.empty())
        file.headers.emplace_back(kKeyHeader, target.credential.key);
      done.files.push_back(std::move(file));
    }
  }

  static Fault filtered(const json::Object& made) {
    std::string words;
    if (const json::Array* reasons = loose::array_at(made, "raiMediaFilteredReasons"))
      for (const json::Value& one : *reasons) {
        if (!words.empty()) words += ' ';
        words += loose::view_of(one);
      }
    return {.kind = Fault::Kind::content,
            .message = words.empty() ? "Google withheld the clip for what it shows" : cut_words(words),
            .code = "filtered"};
  }
};

}  // namespace

const MediaAdapter& gemini_media_adapter() {
  static const GeminiMedia adapter;
  return adapter;
}

}  // namespace atelier::model
