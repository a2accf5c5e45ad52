#include "model/media/adapter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "model/provider/http_parts.hpp"

namespace atelier::model {

std::string_view to_string(MediaWire wire) noexcept {
  constexpr std::array<std::string_view, 18> kNames = {
      "by_protocol", "none", "openai",  "gemini", "replicate", "stability",  "runway", "luma",   "fal",
      "elevenlabs",  "bfl",  "comfyui", "a1111",  "sdcpp",     "whispercpp", "piper",  "kokoro", "local"};
  return kNames[static_cast<std::size_t>(wire)];
}

MediaWire media_wire_of(Protocol protocol, const Quirks& quirks) noexcept {
  if (quirks.media != MediaWire::by_protocol) return quirks.media;
  switch (protocol) {
    case Protocol::openai_chat:
    case Protocol::openai_responses:
      return MediaWire::openai;
    case Protocol::gemini:
      return MediaWire::gemini;
    case Protocol::anthropic:
    case Protocol::ollama:
      return MediaWire::none;
  }
  return MediaWire::none;
}

json::Value to_json(const MediaJob& job) {
  json::Object out{{"id", job.id}};
  if (!job.more.empty()) out["more"] = job.more;
  return out;
}

Result<MediaJob> media_job_from_json(const json::Value& value) {
  json::ObjectReader reader(value);
  MediaJob job;
  job.id = reader.required_string("id", {.bytes_min = 1, .bytes_max = 4'096});
  if (const json::Value* more = reader.optional_value("more"); more != nullptr && more->is_object())
    job.more = more->get_object();
  if (auto done = reader.finish(); !done) return error_of(done);
  return job;
}

Result<std::vector<MediaVoice>> MediaAdapter::read_voices(std::string_view) const { return std::vector<MediaVoice>(); }

Result<std::vector<ListedModel>> MediaAdapter::read_models(std::string_view body) const {
  (void)body;
  return std::vector<ListedModel>();
}

std::expected<std::string, Fault> MediaAdapter::read_upload(const HttpHead& head, std::string_view body) const {
  return std::unexpected(read_fault(head, body));
}

Result<WireRequest> MediaAdapter::poll(const MediaJob& job, const Target& target) const {
  (void)target;
  return fail(ErrorCode::internal,
              fmt::format("{} answers at once: \"{}\" cannot be asked for", to_string(wire()), job.id));
}

std::expected<MediaNews, Fault> MediaAdapter::read_poll(const HttpHead& head, std::string_view body,
                                                        const MediaJob& job, const Target& target,
                                                        const MediaRequest& request) const {
  (void)job, (void)target, (void)request;
  return std::unexpected(read_fault(head, body));
}

std::expected<MediaEvent, Fault> MediaAdapter::read_event(std::string_view type, std::string_view data,
                                                          const MediaRequest& request) const {
  (void)type, (void)data, (void)request;
  return std::unexpected(broken_answer("the answer comes as events, which nobody asked for"));
}

bool is_event_answer(const HttpHead& head) {
  return head.status >= 200 && head.status < 300 &&
         head.find("content-type").value_or("").starts_with("text/event-stream");
}

std::int32_t partials_of(const MediaRequest& request, std::int32_t partials_max) noexcept {
  return request.partials.value_or(request.count == 1 ? partials_max : 0);
}

bool is_media_file(const HttpHead& head) {
  const std::string_view type = head.find("content-type").value_or("");
  return head.status >= 200 && head.status < 300 &&
         (type.starts_with("image/") || type.starts_with("audio/") || type.starts_with("video/") ||
          type.starts_with("application/octet-stream") || type.starts_with("binary/octet-stream"));
}

Usage media_usage_at_most(const MediaRequest& request, const MediaAbility& ability) {
  Usage most;
  const auto seconds = [&](double otherwise) {
    double longest = ability.duration_max;
    for (const double one : ability.durations) longest = std::max(longest, one);
    if (longest <= 0) longest = otherwise;
    return static_cast<std::int64_t>(std::ceil(request.duration.value_or(std::min(longest, otherwise))));
  };
  switch (request.kind) {
    case MediaKind::image:
    case MediaKind::upscale: {
      // Models that are paid by the token: the dearest common size.
      constexpr std::int64_t kTokensPerImage = 6'240, kTokensPerPartial = 100;
      most.images = request.count;
      most.output_image =
          request.count * (kTokensPerImage + kTokensPerPartial * partials_of(request, ability.partials_max));
      most.input = static_cast<std::int64_t>(request.prompt.size() / 3) + 1;
      break;
    }
    case MediaKind::speech:
      most.characters = static_cast<std::int64_t>(request.prompt.size());
      break;
    case MediaKind::sound:
      most.audio_seconds = request.count * seconds(30);
      break;
    case MediaKind::music:
      most.audio_seconds = request.count * seconds(180);
      break;
    case MediaKind::transcription: {
      // A compressed recording at its lowest common rate, 32 kbit/s.
      constexpr std::int64_t kBytesPerSecond = 4'000;
      if (const MediaInput* heard = request.find(MediaInput::Role::recording))
        most.audio_seconds = static_cast<std::int64_t>(heard->size_bytes) / kBytesPerSecond + 1;
      break;
    }
    case MediaKind::video:
      most.video_seconds = request.count * seconds(10);
      break;
  }
  most.is_estimated = true;
  return most;
}

Usage media_usage_of(const MediaRequest& request, const MediaDone& done) {
  // What is told is told in the provider's own measure, which may be none that has a price: characters of a sound.
  const bool is_sound = request.kind == MediaKind::sound || request.kind == MediaKind::music;
  if (!done.usage.is_nothing() && (!is_sound || done.usage.characters == 0)) return done.usage;
  Usage used = done.usage;
  const auto files = static_cast<std::int64_t>(done.files.size());
  switch (request.kind) {
    case MediaKind::image:
    case MediaKind::upscale:
      used.images = files;
      break;
    case MediaKind::speech:
      used.characters = static_cast<std::int64_t>(request.prompt.size());
      break;
    case MediaKind::sound:
    case MediaKind::music:
      used.audio_seconds = static_cast<std::int64_t>(std::ceil(request.duration.value_or(0))) * files;
      break;
    case MediaKind::transcription:
      if (const auto* seconds = done.text.if_contains("duration"); seconds != nullptr && seconds->is_number())
        used.audio_seconds = static_cast<std::int64_t>(std::ceil(std::clamp(seconds->to_number<double>(), 0.0, 1e6)));
      break;
    case MediaKind::video:
      used.video_seconds = static_cast<std::int64_t>(std::ceil(request.duration.value_or(0))) * files;
      break;
  }
  used.is_estimated = true;
  return used;
}

const MediaAdapter* media_adapter_for(MediaWire wire) noexcept {
  switch (wire) {
    case MediaWire::openai:
      return &openai_media_adapter();
    case MediaWire::gemini:
      return &gemini_media_adapter();
    case MediaWire::replicate:
      return &replicate_adapter();
    case MediaWire::fal:
      return &fal_adapter();
    case MediaWire::luma:
      return &luma_adapter();
    case MediaWire::runway:
      return &runway_adapter();
    case MediaWire::bfl:
      return &bfl_adapter();
    case MediaWire::stability:
      return &stability_adapter();
    case MediaWire::elevenlabs:
      return &elevenlabs_adapter();
    case MediaWire::comfyui:
      return &comfyui_adapter();
    case MediaWire::a1111:
      return &a1111_adapter();
    case MediaWire::sdcpp:
      return &sdcpp_adapter();
    case MediaWire::whispercpp:
      return &whispercpp_adapter();
    case MediaWire::piper:
      return &piper_adapter();
    case MediaWire::kokoro:
      return &kokoro_adapter();
    default:
      return nullptr;
  }
}

}  // namespace atelier::model
