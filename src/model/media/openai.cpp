// OpenAI's pictures, speech and transcription, and all who speak them: other providers, speaches, LocalAI, Kokoro's
// plain form. Everything is answered at once.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "model/loose_json.hpp"
#include "model/media/parts.hpp"
#include "model/provider/endpoint.hpp"
#include "model/provider/http_parts.hpp"
#include "model/provider/openai_fault.hpp"

namespace atelier::model {
namespace {

using Role = MediaInput::Role;

constexpr std::array kKnown = {
    KnownMediaModel{"gpt-image-2", "GPT Image 2", MediaKind::image},
    KnownMediaModel{"gpt-image-1.5", "GPT Image 1.5", MediaKind::image},
    KnownMediaModel{"gpt-image-1", "GPT Image 1", MediaKind::image},
    KnownMediaModel{"gpt-image-1-mini", "GPT Image 1 Mini", MediaKind::image},
    KnownMediaModel{"gpt-4o-mini-tts", "GPT-4o mini TTS", MediaKind::speech},
    KnownMediaModel{"tts-1", "TTS 1", MediaKind::speech},
    KnownMediaModel{"tts-1-hd", "TTS 1 HD", MediaKind::speech},
    KnownMediaModel{"whisper-1", "Whisper", MediaKind::transcription},
    KnownMediaModel{"gpt-4o-transcribe", "GPT-4o Transcribe", MediaKind::transcription},
    KnownMediaModel{"gpt-4o-mini-transcribe", "GPT-4o mini Transcribe", MediaKind::transcription},
};

constexpr std::uint64_t kPictureBytesMax = std::uint64_t{50} << 20;
constexpr std::uint64_t kRecordingBytesMax = std::uint64_t{25} << 20;
constexpr std::chrono::minutes kPictureTakes{10};
constexpr std::int32_t kPartialsMax = 3;

// Refusals come as JSON, and whole answers where a server knows no streams.
constexpr std::string_view kStreamAccepted = "text/event-stream, application/json";

bool is_own(std::string_view model) { return model.starts_with("gpt-image"); }
bool knows_words_times(std::string_view model) { return model.find("transcribe") == std::string_view::npos; }

// Many servers speak this form, with models of any name: what a name says of what it makes.
std::optional<MediaKind> kind_named(std::string_view model) {
  if (has_any_of(model, {"whisper", "transcribe", "-stt", "stt-", "parakeet", "asr"})) return MediaKind::transcription;
  if (has_any_of(model, {"tts", "kokoro", "piper", "speech", "orpheus", "bark", "xtts"})) return MediaKind::speech;
  if (has_any_of(model, {"image", "flux", "diffusion", "sdxl", "sd3", "dall-e", "seedream", "sd-cpp", "playground",
                         "hidream", "kolors", "recraft", "ideogram"}))
    return MediaKind::image;
  return std::nullopt;
}

MediaAbility picture_ability(std::string_view model) {
  MediaAbility can;
  can.count_max = 10;
  can.references_max = 16;
  can.has_mask = true;
  can.input_bytes_max = kPictureBytesMax;
  can.formats = {"png", "jpeg", "webp"};
  if (is_own(model)) {
    can.partials_max = kPartialsMax;
    can.qualities = {"low", "medium", "high", "auto"};
    can.sizes = {"1024x1024", "1536x1024", "1024x1536"};
    if (model.starts_with("gpt-image-2")) {
      can.side_min = 256;
      can.side_max = 3'840;
      can.side_step = 16;
    }
    return can;
  }
  can.has_seed = can.has_negative = true;  // as many of them understand them; the others leave them out
  can.side_min = 64;
  can.side_max = 4'096;
  can.side_step = 8;
  return can;
}

MediaAbility speech_ability(std::string_view model) {
  MediaAbility can;
  const bool is_openai = model.starts_with("tts-1") || model.starts_with("gpt-");
  can.prompt_bytes_max = is_openai ? 4'096 : kPromptBytesMax;
  can.has_voices = can.needs_voice = can.has_speed = true;
  if (is_openai)
    can.voices = {"alloy", "ash",   "ballad", "coral", "echo", "sage", "shimmer",
                  "verse", "marin", "cedar",  "fable", "onyx", "nova"};
  can.formats = {"mp3", "opus", "aac", "flac", "wav"};
  return can;
}

MediaAbility transcription_ability() {
  MediaAbility can;
  can.needs_prompt = false;
  can.has_language = true;
  can.input_bytes_max = kRecordingBytesMax;
  return can;
}

// [{"word"|"text", "start", "end"}] as ours.
json::Array times_of(const json::Array& told, std::string_view name) {
  json::Array times;
  for (const json::Value& one : told) {
    if (!one.is_object()) continue;
    const json::Object& item = one.get_object();
    const auto* start = item.if_contains("start");
    const auto* end = item.if_contains("end");
    if (start == nullptr || end == nullptr || !start->is_number() || !end->is_number()) continue;
    json::Object time{{"text", std::string(trim(loose::view_at(item, name)))}, {"start", *start}, {"end", *end}};
    if (const auto speaker = loose::view_at(item, "speaker"); !speaker.empty()) time["speaker"] = speaker;
    times.push_back(std::move(time));
  }
  return times;
}

class OpenAiMedia final : public MediaAdapter {
 public:
  MediaWire wire() const noexcept override { return MediaWire::openai; }
  std::span<const KnownMediaModel> known_models() const noexcept override { return kKnown; }

  std::optional<MediaAbility> ability(std::string_view model, MediaKind kind) const override {
    if (kind_named(model) != kind) return std::nullopt;
    switch (kind) {
      case MediaKind::image:
        return picture_ability(model);
      case MediaKind::speech:
        return speech_ability(model);
      case MediaKind::transcription:
        return transcription_ability();
      default:
        return std::nullopt;
    }
  }

  Result<WireRequest> submit(const MediaRequest& request, const Target& target, const MediaTicket&,
                             std::span<const std::string>) const override {
    switch (request.kind) {
      case MediaKind::image:
        return request.inputs.empty() ? draw(request, target) : edit(request, target);
      case MediaKind::speech:
        return speak(request, target);
      default:
        return transcribe(request, target);
    }
  }

  std::expected<MediaSubmitted, Fault> read_submit(const HttpHead& head, std::string_view body,
                                                   const MediaRequest& request) const override {
    auto answer = read_json_answer(*this, head, body);
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (auto fault = openai::find_fault(json::Value(*answer), head.status)) return std::unexpected(std::move(*fault));
    auto done = request.kind == MediaKind::transcription ? read_words(*answer) : read_pictures(*answer);
    if (!done) return std::unexpected(std::move(done.error()));
    const Endpoint asked =
        request.kind == MediaKind::transcription ? Endpoint::transcriptions : Endpoint::image_generations;
    if (auto used = read_endpoint_answer(asked, head, body, Protocol::openai_chat, {})) done->usage = *used;
    return *std::move(done);
  }

  std::expected<MediaEvent, Fault> read_event(std::string_view type, std::string_view data,
                                              const MediaRequest& request) const override {
    const auto parsed = json::parse(data);
    if (!parsed || !parsed->is_object()) return MediaEvent();  // "[DONE]", or what cannot be read
    const EndpointEvent told = read_endpoint_event(
        request.inputs.empty() ? Endpoint::image_generations : Endpoint::image_edits, type, data, {});
    if (told.fault) return std::unexpected(*told.fault);
    const json::Object& event = parsed->get_object();
    const std::string_view name = loose::view_at(event, "type");
    if (name.ends_with(".partial_image")) {
      auto bytes = decode_base64(loose::view_at(event, "b64_json"));
      return bytes && !bytes->empty() ? MediaEvent(MediaPartial{.bytes = std::move(*bytes)}) : MediaEvent();
    }
    if (!name.ends_with(".completed")) return MediaEvent();
    auto file = read_picture(event, loose::view_at(event, "output_format"));
    if (!file) return std::unexpected(std::move(file.error()));
    MediaDone done;
    done.files.push_back(std::move(*file));
    done.usage = told.usage.value_or(Usage());
    done.usage.images = 1;
    return done;
  }

  Fault read_fault(const HttpHead& head, std::string_view body) const override {
    return openai::read_fault(head, body);
  }

 private:
  static Result<WireRequest> draw(const MediaRequest& request, const Target& target) {
    json::Object body{{"model", target.model}, {"prompt", request.prompt}, {"n", request.count}};
    if (const std::string size = size_text(request); !size.empty()) body["size"] = size;
    if (!request.quality.empty()) body["quality"] = request.quality;
    if (!request.format.empty()) body["output_format"] = request.format;
    const std::int32_t partials = is_own(target.model) ? partials_of(request, kPartialsMax) : 0;
    if (partials > 0) {
      body["stream"] = true;
      body["partial_images"] = partials;
    }
    if (!is_own(target.model)) {
      body["response_format"] = "b64_json";  // else a link, which some of them forget within the hour
      if (request.seed) body["seed"] = *request.seed;
      if (!request.negative.empty()) body["negative_prompt"] = request.negative;
    }
    if (auto put = put_options(body, request.options); !put) return error_of(put);
    WireRequest out = post_json(target, "/images/generations", std::move(body));
    out.first_byte_at_least = kPictureTakes;
    if (partials > 0) set_header(out, "accept", kStreamAccepted);
    return out;
  }

  static Result<WireRequest> edit(const MediaRequest& request, const Target& target) {
    FormWriter form;
    form.field("model", target.model);
    form.field("prompt", request.prompt);
    form.field("n", std::to_string(request.count));
    if (const std::string size = size_text(request); !size.empty()) form.field("size", size);
    if (!request.quality.empty()) form.field("quality", request.quality);
    if (!request.format.empty()) form.field("output_format", request.format);
    const std::int32_t partials = is_own(target.model) ? partials_of(request, kPartialsMax) : 0;
    if (partials > 0) {
      form.field("stream", "true");
      form.field("partial_images", std::to_string(partials));
    }
    if (auto put = put_options(form, request.options,
                               {"model", "prompt", "n", "size", "quality", "output_format", "stream", "partial_images",
                                "image", "image[]", "mask"});
        !put)
      return error_of(put);
    const bool is_list = request.count_of(Role::reference) > 1;
    for (const MediaInput& input : request.inputs)
      form.file(input.role == Role::mask ? "mask" : is_list ? "image[]" : "image", input);
    WireRequest out = form.post(target, "/images/edits");
    out.first_byte_at_least = kPictureTakes;
    if (partials > 0) set_header(out, "accept", kStreamAccepted);
    return out;
  }

  static Result<WireRequest> speak(const MediaRequest& request, const Target& target) {
    json::Object body{{"model", target.model}, {"input", request.prompt}, {"voice", request.voice}};
    body["response_format"] = request.format.empty() ? "mp3" : request.format;
    if (request.speed) body["speed"] = *request.speed;
    if (auto put = put_options(body, request.options); !put) return error_of(put);
    return post_json(target, "/audio/speech", std::move(body));
  }

  static Result<WireRequest> transcribe(const MediaRequest& request, const Target& target) {
    FormWriter form;
    form.field("model", target.model);
    if (!request.prompt.empty()) form.field("prompt", request.prompt);
    if (!request.language.empty())
      form.field("language", std::string_view(request.language).substr(0, request.language.find('-')));
    if (knows_words_times(target.model)) {
      form.field("response_format", "verbose_json");
      form.field("timestamp_granularities[]", "word");
      form.field("timestamp_granularities[]", "segment");
    } else {
      form.field("response_format", "json");
    }
    if (auto put = put_options(form, request.options,
                               {"model", "prompt", "language", "response_format", "timestamp_granularities[]", "file"});
        !put)
      return error_of(put);
    form.file("file", *request.find(Role::recording));
    WireRequest out = form.post(target, "/audio/transcriptions");
    out.first_byte_at_least = kPictureTakes;
    return out;
  }

  static std::expected<MediaFile, Fault> read_picture(const json::Object& item, std::string_view format) {
    MediaFile file;
    file.url = loose::text_at(item, "url");
    if (const std::string_view text = loose::view_at(item, "b64_json"); !text.empty()) {
      auto bytes = decode_base64(text);
      if (!bytes) return std::unexpected(broken_answer("a picture of the answer is no base64"));
      file.bytes = std::move(*bytes);
      file.url.clear();
    }
    if (file.bytes.empty() && file.url.empty())
      return std::unexpected(broken_answer("a picture of the answer is empty"));
    if (!format.empty()) file.media_type = fmt::format("image/{}", format);
    return file;
  }

  static std::expected<MediaDone, Fault> read_pictures(const json::Object& answer) {
    const json::Array* data = loose::array_at(answer, "data");
    if (data == nullptr) return std::unexpected(broken_answer("the answer has no pictures"));
    MediaDone done;
    const std::string_view format = loose::view_at(answer, "output_format");
    for (const json::Value& one : *data) {
      if (!one.is_object()) continue;
      const json::Object& item = one.get_object();
      auto file = read_picture(item, format);
      if (!file) return std::unexpected(std::move(file.error()));
      if (const std::string_view words = loose::view_at(item, "revised_prompt");
          !words.empty() && done.revised_prompt.empty())
        done.revised_prompt = std::string(words);
      done.files.push_back(std::move(*file));
    }
    if (done.files.empty()) return std::unexpected(broken_answer("the answer has no pictures"));
    return done;
  }

  static std::expected<MediaDone, Fault> read_words(const json::Object& answer) {
    const auto* text = answer.if_contains("text");
    if (text == nullptr || !text->is_string()) return std::unexpected(broken_answer("the answer has no text"));
    MediaDone done;
    done.text["text"] = std::string(trim(text->get_string()));
    if (const std::string_view language = loose::view_at(answer, "language"); !language.empty())
      done.text["language"] = language;
    if (const auto* seconds = answer.if_contains("duration"); seconds != nullptr && seconds->is_number())
      done.text["duration"] = *seconds;
    if (const json::Array* words = loose::array_at(answer, "words")) done.text["words"] = times_of(*words, "word");
    if (const json::Array* parts = loose::array_at(answer, "segments"))
      done.text["segments"] = times_of(*parts, "text");
    return done;
  }
};

}  // namespace

const MediaAdapter& openai_media_adapter() {
  static const OpenAiMedia adapter;
  return adapter;
}

}  // namespace atelier::model
